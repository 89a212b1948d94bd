#!/usr/bin/python3
"""Peers of the wire: write headers by hand and send the same request again and again, also after its answer.

peers.py PORT RECORD KEYWORDS FIRST SEED. Puts down what client.c does, for the same checker; SIGUSR1 ends the
asking, SIGTERM the program."""

import pathlib
import random
import signal
import sys
import threading
import time

import redis as redis_py

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))

from harness.peer import Peer  # noqa: E402

PEERS = 8
NUMBERS_EACH = 100_000_000
asking, running = threading.Event(), threading.Event()


def now_us():
    return time.monotonic_ns() // 1000


class Store:
    """What harness.peer needs of a server: a way to connect."""

    def __init__(self, port):
        self.port = port

    def connection(self, **options):
        return redis_py.Redis(port=self.port, socket_timeout=2.0, **options)


class Record:
    def __init__(self, path):
        self.file = open(path, "w", encoding="ascii", buffering=1)
        self.lock = threading.Lock()

    def line(self, *words):
        with self.lock:
            print(*words, file=self.file)


class Asker(threading.Thread):
    def __init__(self, store, record, keywords, number, seed):
        super().__init__(daemon=True)
        self.store, self.record, self.keywords, self.number = store, record, keywords, number
        self.chance = random.Random(seed * 1000 + number)
        self.peer = None

    def run(self):
        while asking.is_set():
            self.ask()
            time.sleep(self.chance.uniform(0, 0.05))

    def connected(self):
        try:
            if self.peer is None:
                self.peer = Peer(self.store, "storm")
            return self.peer
        except (redis_py.RedisError, OSError, AssertionError):
            time.sleep(0.1)
            return None

    def attempt(self, act):
        """Does it, or subscribes again for the next time."""
        try:
            act()
        except (redis_py.RedisError, OSError):
            time.sleep(0.05)
            self.peer.pubsub.close()
            try:
                self.peer.subscribe()
            except (redis_py.RedisError, OSError, AssertionError):
                pass

    def ask(self):
        peer = self.connected()
        if peer is None:
            return
        keyword = self.chance.choice(self.keywords)
        patience = self.chance.uniform(1.0, 4.0)
        number, header = peer.header(expires=patience)
        token = self.number * NUMBERS_EACH + number
        body = str(token) if keyword[0] == "I" else f"s{token}.{'x' * self.chance.randrange(30)}"
        expires_us = int((time.time() + patience) * 1e6)
        self.record.line("wire", now_us(), token, keyword, "modify", 0, -1, expires_us, len(body))
        self.exchange(peer, keyword, number, header + body.encode(), patience)
        for answer in peer.finals(number):
            code = "done" if answer["is"] == "done" else answer.get("code", answer["is"])
            value = answer["body"] if answer["is"] == "done" else "-"
            told = value[1:].partition(".")[0] if value.startswith("s") else value
            self.record.line("end", now_us(), token, code, answer.get("seq", 0) if told != "-" else 0, told, len(value))
        if not peer.finals(number):
            self.record.line("end", now_us(), token, "deadline", 0, "-", 0)
        peer.answers.pop(number, None)

    def exchange(self, peer, keyword, number, payload, patience):
        """Sends it until the answer is there, and once or twice more."""
        until = time.monotonic() + patience + 0.5
        more = self.chance.choice((0, 0, 1, 2))
        while time.monotonic() < until:
            self.attempt(lambda: peer.connection.publish(peer.channel(keyword), payload))
            again = time.monotonic() + self.chance.choice((0.002, 0.05, 0.5, 1.0))
            while time.monotonic() < min(again, until) and not (more == 0 and peer.finals(number)):
                self.attempt(peer.pump)
            if peer.finals(number):
                if more == 0:
                    return
                more -= 1


def main():
    port, record_path, keywords, first, seed = sys.argv[1:]
    asking.set()
    running.set()
    signal.signal(signal.SIGUSR1, lambda *_: asking.clear())
    signal.signal(signal.SIGTERM, lambda *_: running.clear())
    record = Record(record_path)
    askers = [Asker(Store(int(port)), record, keywords.split(","), int(first) + n, int(seed)) for n in range(PEERS)]
    for asker in askers:
        asker.start()
    while any(asker.is_alive() for asker in askers):
        time.sleep(0.05)
    record.line("quiet", now_us())
    while running.is_set():
        time.sleep(0.05)
    record.line("bye", now_us())
    record.file.close()


if __name__ == "__main__":
    main()
