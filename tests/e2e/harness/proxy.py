#!/usr/bin/python3
"""Links that fail on demand: a relay between sockets, told on standard input what to do to which.

proxy.py NAME=LISTEN=TARGET...; an address is a path, or a port of the loopback. A line "NAME MODE [WORD]"
is answered with "ok". Modes: pass, hold (nothing moves, nothing is lost: it arrives when the link passes
again, even from a side that has hung up meanwhile), freeze (the same for the connections there are; new ones
pass), deaf (what the server says is held), upto WORD (the same on one connection, behind the first line with
the word), lose (what the server says is lost), delay SECONDS, dribble (a byte at a time), refuse (hangs up on
who comes new), cut (hangs up on all; the mode stays)."""

import asyncio
import socket
import sys

PIECE = 65536


class Link:
    def __init__(self, name, listen, target):
        self.name = name
        self.listen = listen
        self.target = target
        self.connections = set()
        self.mode = "pass"
        self.word = "0"
        self.stopped = None         # the connection on which the word of "upto" has come
        self.count = 0              # connections so far
        self.frozen = 0             # those before this one are
        self.changed = asyncio.Condition()

    async def start(self):
        if self.listen.isdigit():
            await asyncio.start_server(self.on_connection, "127.0.0.1", int(self.listen))
        else:
            await asyncio.start_unix_server(self.on_connection, self.listen)

    async def enter(self, mode, word):
        if mode == "cut" or self.mode == "lose":    # bytes are missing: no connection survives that
            for transport in list(self.connections):
                hang_up(transport)
        if mode == "cut":
            return
        async with self.changed:
            self.mode, self.word, self.frozen = mode, word, self.count if mode == "freeze" else 0
            self.stopped = None
            self.changed.notify_all()

    async def on_connection(self, reader, writer):
        if self.mode == "refuse":
            hang_up(writer.transport)
            return
        try:
            if self.target.isdigit():
                there = await asyncio.open_connection("127.0.0.1", int(self.target))
            else:
                there = await asyncio.open_unix_connection(self.target)
        except OSError:
            hang_up(writer.transport)
            return
        ends = {writer.transport, there[1].transport}
        self.connections |= ends
        number, self.count = self.count, self.count + 1
        await asyncio.gather(self.relay(number, reader, there[1], "up"), self.relay(number, there[0], writer, "down"))
        self.connections -= ends

    async def relay(self, number, reader, writer, way):
        """One direction of one connection, to its end; the other side hears of the end last."""
        try:
            while data := await reader.read(PIECE):
                if self.mode == "upto" and way == "down" and self.stopped is None and self.word.encode() in data:
                    self.stopped = number
                    end = data.index(b"\n", data.index(self.word.encode())) + 1
                    await self.pass_on(data[:end], writer, way)
                    data = data[end:]
                await self.wait_while_held(number, way)
                await self.pass_on(data, writer, way)
            await self.wait_while_held(number, way)
        except OSError:
            pass
        writer.close()

    def holds(self, number, way):
        return self.mode == "hold" or number < self.frozen or (
            way == "down" and (self.mode == "deaf" or number == self.stopped))

    async def wait_while_held(self, number, way):
        if self.holds(number, way):
            async with self.changed:
                await self.changed.wait_for(lambda: not self.holds(number, way))

    async def pass_on(self, data, writer, way):
        if self.mode == "lose" and way == "down":
            return
        if self.mode == "delay":
            await asyncio.sleep(float(self.word))
        while self.mode == "dribble" and data:
            writer.write(data[:1])
            data = data[1:]
            await writer.drain()
            await asyncio.sleep(0)
        writer.write(data)
        await writer.drain()


def hang_up(transport):
    """As a dead host does it: with a reset where there is such a thing."""
    if (sock := transport.get_extra_info("socket")) is not None and sock.family == socket.AF_INET:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    transport.abort()


async def main(words):
    links = {}
    for word in words:
        link = Link(*word.split("="))
        await link.start()
        links[link.name] = link
    commands = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(commands), sys.stdin)
    print("ok", flush=True)
    while line := (await commands.readline()).decode().split():
        await links[line[0]].enter(line[1], line[2] if len(line) > 2 else "0")
        print("ok", flush=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
