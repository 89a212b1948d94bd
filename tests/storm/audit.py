"""What a Redis server really did: its append-only file, read as the history of the store.

Knows the file's format and that values are hashes; leaves what it means to checker.py. The file is complete
up to the last reply given only with appendfsync always and without rewrites."""

import os
import re

VALUE_KEY = re.compile(rb"credis:\{(\w+)\}:([^:]+)$")


class Write:
    """One HSET of a keyword's hash."""

    __slots__ = ("at", "keyword", "token", "length", "seq", "time_us", "set", "before", "place")

    def __init__(self, at, keyword, token, length, seq, time_us, number):
        self.at = at                # place in the history of everything
        self.keyword = keyword
        self.token = token          # request's number, or the value itself: see token()
        self.length = length
        self.seq = seq
        self.time_us = time_us
        self.set = number           # of the MULTI it was in; 0: none
        self.before = None          # the write that it replaced; None: nothing was there
        self.place = 0              # in its keyword's history

    def __repr__(self):
        return f"[{self.at}] {self.keyword} seq {self.seq} = {self.token}"


class Loss:
    """The hash of a keyword went away: FLUSHALL, DEL."""

    __slots__ = ("at", "keyword", "flush", "before")

    def __init__(self, at, keyword, flush, before):
        self.at = at
        self.keyword = keyword
        self.flush = flush          # which FLUSHALL, from 0; -1: it was a DEL
        self.before = before


def token(value):
    """The number in "s<number>.xxx", the bare number, or the text; "garbled" like the client says it."""
    text = value.decode("utf-8", "replace")
    if not re.match(r"s\d", text):
        return text
    parts = re.fullmatch(r"s(\d+)\.x*", text)
    return parts.group(1) if parts else "garbled"


def commands(path):
    """The commands of one file as lists of bytes; ends quietly at a torn tail."""
    with open(path, "rb") as file:
        while line := file.readline():
            if line.startswith(b"#"):
                continue
            words = []
            for _ in range(int(line[1:])):
                size = file.readline()
                if not size.endswith(b"\r\n"):
                    return
                word = file.read(int(size[1:]) + 2)
                if not word.endswith(b"\r\n"):
                    return
                words.append(word[:-2])
            yield words


def files(directory):
    """The incremental files in the order of the manifest."""
    with open(os.path.join(directory, "appendonly.aof.manifest"), encoding="ascii") as manifest:
        entries = [line.split() for line in manifest if line.strip()]
    return [os.path.join(directory, entry[1]) for entry in entries if entry[5] == "i"]


class Audit:
    """The history of a service's values: 'history' of each keyword, in order, Writes and Losses."""

    def __init__(self, words, service="storm"):
        self.service = service.encode()
        self.history = {}
        self.owner_id = ""          # of the dispatcher who took the lease last
        self.owners = []            # (at, dispatcher's id) of each who began to write
        self.flushes = []           # at
        self.present = {}           # keyword: the Write that stands
        self.at = 0
        self.set = 0
        self.in_set = False
        for command in words:
            self.at += 1
            self.take(command)

    @classmethod
    def of(cls, directory, service="storm"):
        return cls((c for path in files(directory) for c in commands(path)), service)

    def take(self, command):
        verb = command[0].upper()
        if verb == b"MULTI":
            self.set, self.in_set = self.set + 1, True
        elif verb == b"EXEC":
            self.in_set = False
        elif verb == b"FLUSHALL":
            for keyword in list(self.present):
                self.lose(keyword, len(self.flushes))
            self.flushes.append(self.at)
        elif verb == b"HSET":
            self.take_hset(command)
        elif verb in (b"DEL", b"UNLINK"):
            for key in command[1:]:
                if (name := self.keyword(key)) is not None and name in self.present:
                    self.lose(name, -1)
        elif verb == b"SET" and command[1] == b"credis:{%s}:dispatcher" % self.service:
            found = re.search(rb'"id":"(\w+)"', command[2])
            self.owner_id = found.group(1).decode() if found else ""

    def keyword(self, key):
        parts = VALUE_KEY.match(key)
        return parts.group(2).decode() if parts and parts.group(1) == self.service else None

    def take_hset(self, command):
        fields = dict(zip(command[2::2], command[3::2]))
        keyword = self.keyword(command[1])
        if keyword is None or b"value" not in fields or b"seq" not in fields:
            return
        if not self.owners or self.owners[-1][1] != self.owner_id:
            self.owners.append((self.at, self.owner_id))
        seconds, _, micros = fields[b"time"].partition(b".")
        write = Write(self.at, keyword, token(fields[b"value"]), len(fields[b"value"]), int(fields[b"seq"]),
                      int(seconds) * 1000000 + int(micros), self.set if self.in_set else 0)
        write.before = self.present.get(keyword)
        self.present[keyword] = write
        history = self.history.setdefault(keyword, [])
        write.place = len(history)
        history.append(write)

    def lose(self, keyword, flush):
        before = self.present.pop(keyword)
        self.history[keyword].append(Loss(self.at, keyword, flush, before))

    def owner(self, at):
        """Who wrote at a place of the history."""
        last = ""
        for taken, name in self.owners:
            if taken > at:
                break
            last = name
        return last
