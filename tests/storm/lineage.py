"""The history of a store that moved from server to server: which part of whose append-only files it is.

A replica that synchronises begins a new pair of files: the base is what it was given, the increment all that followed,
of its primary and of its own. So each pair grew out of another server's, from the place where that stood at the base;
what the other wrote past that place was lost with it. Needs append-only files without an RDB preamble, all kept
(archive)."""

import os
import re
import time

from audit import commands


class Archive:
    """Keeps the files of servers, which delete what they have rewritten, by a second name."""

    def __init__(self, directory):
        self.directory = directory
        self.pairs = []                 # in the order in which they were seen
        self.known = {}                 # inode: its name here

    def look(self, server, path):
        """Takes what is new in a server's directory; to be called often."""
        for name in sorted(os.listdir(path)) if os.path.isdir(path) else ():
            found = re.fullmatch(r"appendonly\.aof\.(\d+)\.(base|incr)\.aof", name)
            if found is None:
                continue
            source = os.path.join(path, name)
            try:
                inode = os.stat(source).st_ino
                if inode in self.known:
                    continue
                copy = os.path.join(self.directory, f"{server}-{name}")
                os.link(source, copy)
            except FileNotFoundError:
                continue                # the server has just let go of it
            self.known[inode] = copy
            self.pair(server, int(found.group(1)))[found.group(2)] = self.known[inode]

    def pair(self, server, number):
        for pair in self.pairs:
            if (pair["server"], pair["number"]) == (server, number):
                return pair
        self.pairs.append({"server": server, "number": number, "seen": time.monotonic()})
        return self.pairs[-1]


def written(command):
    """What identifies a write of a keyword's hash; None for other commands."""
    if command[0].upper() not in (b"HSET", b"HMSET"):
        return None
    fields = dict(zip(command[2::2], command[3::2]))
    return (command[1], fields[b"seq"], fields[b"time"]) if b"seq" in fields and b"time" in fields else None


def read(path):
    return list(commands(path)) if path and os.path.exists(path) else []


class Lineage:
    """'history' is what the server of the last pair has behind it; 'lost' what others wrote in vain."""

    def __init__(self, pairs, server):
        self.pairs = [{**pair, "base": read(pair.get("base")), "incr": read(pair.get("incr"))} for pair in pairs]
        self.history = self.behind(max(n for n, pair in enumerate(self.pairs) if pair["server"] == server))
        kept = {written(command) for command in self.history}
        self.lost = [c for pair in self.pairs for c in pair["incr"] if written(c) is not None and written(c) not in kept]

    def behind(self, n):
        """All that led to the end of pair n."""
        pair = self.pairs[n]
        parents = [m for m in range(n) if self.pairs[m]["server"] != pair["server"]]
        if not pair["base"] or not parents:
            return pair["incr"]
        return self.behind_until(parents[-1], {written(c) for c in pair["base"]} - {None}) + pair["incr"]

    def behind_until(self, n, stood):
        """All that led to the last of the writes in 'stood', which pair n holds or grew out of."""
        history = self.behind(n)
        last = max((m for m, command in enumerate(history) if written(command) in stood), default=-1)
        # What a transaction wrote is there as a whole.
        opened = [c[0].upper() for c in history[:last + 1] if c[0].upper() in (b"MULTI", b"EXEC")]
        while opened and opened[-1] == b"MULTI" and last + 1 < len(history) and history[last][0].upper() != b"EXEC":
            last += 1
        return history[:last + 1]
