"""A ring over three servers shared with Python, which computes it as txredisapi does: 160 points a node, each the
CRC-32 of "host:port:N", and no way round past the last."""

import bisect
import json
import subprocess
import time
import zlib

import pytest

from harness.waiting import BUILD

DEADLINE = 5.0              # of programs/shards.c
KEYS = [f"key:{n}" for n in range(60)] + [f"{n}{{tag}}" for n in range(5)] + ["{}", "a{b}c{d}"]


def tag(key):
    """Between the last '{', which is not the first character, and the last '}'."""
    begin, end = key.rfind("{"), key.rfind("}")
    return key[begin + 1:end] if begin > 0 and end > begin else key


class Ring:
    def __init__(self, names):
        points = {zlib.crc32(f"{name}:{n}".encode()): node for node, name in enumerate(names) for n in range(160)}
        self.hashes = sorted(points)
        self.nodes = [points[point] for point in self.hashes]

    def node(self, key):
        place = bisect.bisect(self.hashes, zlib.crc32(tag(key).encode()))
        return self.nodes[min(place, len(self.nodes) - 1)]


class Program:
    def __init__(self, urls):
        self.process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", "--", BUILD / "tests/e2e/programs/shards", *urls],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)

    def ask(self, *words):
        self.process.stdin.write(" ".join(words) + "\n")
        return json.loads(self.process.stdout.readline())

    def close(self):
        self.process.stdin.close()
        assert self.process.wait(60) == 0


@pytest.fixture
def servers(redis_server):
    return [redis_server(tcp=True) for _ in range(3)]


@pytest.fixture
def ring(servers):
    return Ring([f"127.0.0.1:{server.port}" for server in servers])


@pytest.fixture
def program(servers):
    program = Program([server.url for server in servers])
    yield program
    program.close()


def test_what_python_spreads_credis_finds(servers, ring, program):
    for key in KEYS:
        with servers[ring.node(key)].connection() as connection:
            connection.set(key, f"value of {key}")
    assert program.ask("MGET", *KEYS) == [f"value of {key}" for key in KEYS]
    for key in KEYS:
        assert program.ask("GET", key) == f"value of {key}"


def test_what_credis_spreads_python_finds(servers, ring, program):
    for key in KEYS:
        assert program.ask("SET", key, key) == "OK"
    for node, server in enumerate(servers):
        with server.connection() as connection:
            assert sorted(connection.keys()) == sorted(key for key in KEYS if ring.node(key) == node)
    assert program.ask("DEL", *KEYS) == len(KEYS)


def test_a_killed_server_fails_its_keys_within_the_deadline_and_the_others_serve(servers, ring, program):
    for key in KEYS:
        program.ask("SET", key, key)
    servers[1].kill()
    lost = {key for key in KEYS if ring.node(key) == 1}
    assert lost and len(lost) < len(KEYS)
    began = time.monotonic()
    answers = program.ask("MGET", *KEYS)
    assert time.monotonic() - began < DEADLINE + 5
    for key, answer in zip(KEYS, answers):
        assert answer.startswith("!") if key in lost else answer == key
    for key in KEYS[:20]:
        began = time.monotonic()
        answer = program.ask("GET", key)
        assert time.monotonic() - began < DEADLINE + 5
        assert answer.startswith("!") if key in lost else answer == key
    servers[1].start()
    assert program.ask("SET", next(iter(lost)), "x") == "OK"
