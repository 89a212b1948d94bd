#!/usr/bin/python3
"""How fast credisd serves clients of Cauldron's Redis backend: writes a second, published without waiting;
and from one PUBLISH to the event of its status, one at a time. The original's dispatcher stores about 590 a
second, and answers one in 3.8 ms, of which 1.6 ms lie between the two.

cauldron.py [--build DIR] [--writes N] [--rounds N] [--short]; CREDIS_BUILD does as --build."""

import argparse
import os
import pathlib
import socket
import statistics
import sys
import time

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--build", default=os.environ.get("CREDIS_BUILD", "build"))
parser.add_argument("--writes", type=int, default=500000)
parser.add_argument("--rounds", type=int, default=3000)
parser.add_argument("--short", action="store_true", help="a fifth of it")
args = parser.parse_args()
if args.short:
    args.writes, args.rounds = args.writes // 5, args.rounds // 5
os.environ["CREDIS_BUILD"] = args.build
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))

from harness.daemon import Credisd  # noqa: E402
from harness.redis_server import RedisServer  # noqa: E402

KEYWORDS = 10
BATCH = 5000                    # published before those before them are waited for
FRONT = "Cauldron.redis.common.demo."
SERVICE = "services = ( {{ name = \"demo\"; layout = \"cauldron\"; keywords = ( {} ); }} );".format(
    ", ".join(f'{{ name = "K{n}"; type = "integer"; }}' for n in range(KEYWORDS)))


def command(*words):
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word)
                                              for word in (str(word).encode() for word in words))


def connect(path):
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(path)
    connection.settimeout(20)
    return connection


def wait_value(redis, name, value):
    """Later ones may have followed it."""
    deadline = time.monotonic() + 60
    while int(redis.get(FRONT + name)) < value:
        assert time.monotonic() < deadline, f"{name} stays {redis.get(FRONT + name)}, below {value}"


def stored_so_far(redis):
    return sum(int(redis.hget(f"credis:{{demo}}:K{n}", "seq")) for n in range(KEYWORDS))


def flood(server, redis):
    """Writes a second, all of them stored and seen."""
    sender = connect(server.socket)
    batches = [b"".join(command("PUBLISH", f"{FRONT}K{n % KEYWORDS}", n) for n in range(first, first + BATCH))
               for first in range(0, args.writes, BATCH)]
    before = stored_so_far(redis)
    last, began = None, time.monotonic()
    for number, batch in enumerate(batches):
        sender.sendall(batch)
        got = 0
        while got < BATCH:
            got += sender.recv(1 << 20).count(b"\n")
        if last is not None:
            wait_value(redis, *last)
        n = (number + 1) * BATCH - 1
        last = (f"K{n % KEYWORDS}", n)
    wait_value(redis, *last)
    took = time.monotonic() - began
    written = len(batches) * BATCH
    stored = stored_so_far(redis) - before
    assert stored == written, f"{stored} of {written} were stored"
    sender.close()
    return written / took


def one_at_a_time(server, redis):
    """Milliseconds from each PUBLISH to the event of its status."""
    sender, listener = connect(server.socket), connect(server.socket)
    listener.sendall(command("PSUBSCRIBE", f"__keyspace@*__:{FRONT}K0:status"))
    listener.recv(1 << 16)
    times = []
    for n in range(args.rounds):
        redis.set(FRONT + "K0:status", "modify")
        listener.recv(1 << 16)
        began = time.perf_counter()
        sender.sendall(command("PUBLISH", FRONT + "K0", n))
        listener.recv(1 << 16)
        times.append((time.perf_counter() - began) * 1000)
        sender.recv(1 << 16)
    assert redis.get(FRONT + "K0:status") == "ready"
    return times


def main():
    server = RedisServer()
    server.start()
    daemon = Credisd(server.url, services=SERVICE)
    try:
        daemon.start()
        redis = server.connection()
        while redis.scard("Cauldron.redis.common.SERVICES_REGISTRY") == 0:
            time.sleep(0.01)
        times = one_at_a_time(server, redis)
        rate = flood(server, redis)
        print(f"clients of Cauldron, one at a time: median {statistics.median(times):.3f} ms, "
              f"99 % within {sorted(times)[len(times) * 99 // 100]:.3f} ms ({len(times)} rounds)")
        print(f"clients of Cauldron, without waiting: {rate:.0f} writes/s, {rate / 590:.0f} times 590 ({args.writes} writes)")
        return rate
    finally:
        daemon.close()
        server.close()


if __name__ == "__main__":
    main()
