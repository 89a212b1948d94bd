"""Two caches of ours and dictionary writers in Python: what redis-pubsub-dict announces, and what a writer that
announces nothing does to a cache that tracks keys."""

import json
import select
import subprocess

import msgpack
import pytest

from harness.waiting import BUILD

NAMESPACE = "redisDict"


class Cache:
    """programs/cache.c at work."""

    def __init__(self, url, *words):
        self.process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", "--", BUILD / "tests/e2e/programs/cache", url, NAMESPACE, *words],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
        self.rest = b""
        self.events = []
        self.hear("live")

    def line(self):
        while b"\n" not in self.rest:
            assert select.select([self.process.stdout], [], [], 60)[0], "it says nothing"
            more = self.process.stdout.read(65536)
            assert more, "it ended"
            self.rest += more
        line, _, self.rest = self.rest.partition(b"\n")
        return line.decode()

    def hear(self, event):
        """Waits for "live" or "lost"."""
        while event not in self.events:
            self.events.append(self.line())
        self.events.remove(event)

    def tell(self, *words):
        self.process.stdin.write((" ".join(words) + "\n").encode())
        while (line := self.line()) in ("live", "lost"):
            self.events.append(line)
        return line

    def get(self, key):
        line = self.tell("get", key)
        return line if line == "nil" or line.startswith("error ") else json.loads(line)

    def knows(self, key):
        return self.tell("find", key) != "unknown"

    def statistics(self):
        return json.loads(self.tell("statistics"))

    def stop(self):
        self.process.stdin.close()
        assert self.process.wait(60) == 0


class Writer:
    """What redis-pubsub-dict does when it writes; and what one does that never heard of it."""

    def __init__(self, connection):
        self.connection = connection

    def __setitem__(self, key, value):
        with self.connection.pipeline() as batch:
            batch.set(f"{NAMESPACE}/{key}", msgpack.packb(value)).publish(f"{NAMESPACE}/update", key)
            batch.execute()

    def __delitem__(self, key):
        with self.connection.pipeline() as batch:
            batch.delete(f"{NAMESPACE}/{key}").publish(f"{NAMESPACE}/delete", key)
            batch.execute()

    def set_silently(self, key, value, **more):
        self.connection.set(f"{NAMESPACE}/{key}", msgpack.packb(value), **more)


@pytest.fixture
def writer(redis):
    with redis.connection(decode_responses=False) as connection:
        yield Writer(connection)


@pytest.fixture
def caches(redis):
    both = [Cache(redis.url), Cache(redis.url)]
    yield both
    for cache in both:
        cache.stop()


@pytest.fixture
def trackers(redis):
    both = [Cache(redis.url, "tracking"), Cache(redis.url, "tracking")]
    yield both
    for cache in both:
        cache.stop()


def test_an_update_reaches_both_caches(caches, writer, wait_for):
    writer["k"] = {"n": 1}
    assert [cache.get("k") for cache in caches] == [{"n": 1}] * 2
    assert [cache.get("k") for cache in caches] == [{"n": 1}] * 2
    assert [cache.statistics()["misses"] for cache in caches] == [1, 1]
    writer["k"] = {"n": 2}
    for cache in caches:
        wait_for(lambda: not cache.knows("k"))
        assert cache.get("k") == {"n": 2}


def test_a_deletion_reaches_both_caches(caches, writer, wait_for):
    writer["k"] = 1
    assert [cache.get("k") for cache in caches] == [1, 1]
    del writer["k"]
    for cache in caches:
        wait_for(lambda: not cache.knows("k"))
        assert cache.get("k") == "nil"


def test_what_is_not_there_is_remembered_until_it_is(caches, writer, wait_for):
    assert [cache.get("k") for cache in caches] == ["nil", "nil"]
    writer.set_silently("k", 1)
    assert [cache.get("k") for cache in caches] == ["nil", "nil"]   # nobody told them
    writer["k"] = 2
    for cache in caches:
        wait_for(lambda: not cache.knows("k"))
        assert cache.get("k") == 2


def test_falsy_values_are_values(caches, writer):
    for key, value in {"none": None, "zero": 0, "empty": "", "false": False, "list": []}.items():
        writer[key] = value
        for cache in caches:
            assert json.loads(cache.tell("get", key)) == value
            assert cache.tell("has", key) == "1"
            assert json.loads(cache.tell("find", key)) == value


def test_one_cache_writes_and_the_other_hears_it(caches, writer, wait_for):
    ours, other = caches
    assert other.get("k") == "nil"
    assert ours.tell("set", "k", '{"a": [1, 2]}') == "done"
    wait_for(lambda: not other.knows("k"))
    assert other.get("k") == ours.get("k") == {"a": [1, 2]}
    assert writer.connection.get(f"{NAMESPACE}/k") == msgpack.packb({"a": [1, 2]})
    assert ours.statistics()["misses"] == 0        # its own write is not fetched again
    assert ours.tell("del", "k") == "1"
    wait_for(lambda: not other.knows("k"))
    assert other.get("k") == ours.get("k") == "nil"
    assert ours.statistics()["misses"] == 0


def test_a_killed_subscription_leaves_nothing_old(caches, writer):
    writer["k"] = 1
    assert [cache.get("k") for cache in caches] == [1, 1]
    assert writer.connection.execute_command("CLIENT", "KILL", "TYPE", "pubsub") >= 2
    writer["k"] = 2            # as likely as not, nobody is listening
    for cache in caches:
        cache.hear("lost")
        assert cache.get("k") == 2
        cache.hear("live")
        assert cache.statistics()["flushes"] == 1
        assert cache.get("k") == 2


def test_a_server_that_starts_anew_leaves_nothing_old(caches, writer, redis, wait_for):
    writer["k"] = 1
    assert [cache.get("k") for cache in caches] == [1, 1]
    redis.restart()
    for cache in caches:
        cache.hear("lost")
        cache.hear("live")
        answers = []
        wait_for(lambda: answers.append(cache.get("k")) or answers[-1] == "nil")
        assert all(answer.startswith("error ") for answer in answers[:-1])  # its commands may come back later


def test_tracking_sees_a_writer_that_never_publishes(trackers, writer, wait_for):
    writer.set_silently("k", 1)
    for cache in trackers:
        wait_for(lambda: (cache.get("k"), cache.knows("k")) == (1, True))
    writer.set_silently("k", 2)
    for cache in trackers:
        wait_for(lambda: cache.get("k") == 2)
    writer.connection.delete(f"{NAMESPACE}/k")
    for cache in trackers:
        wait_for(lambda: cache.get("k") == "nil")


def test_tracking_sees_flushall(trackers, writer, wait_for):
    writer["k"] = 1
    for cache in trackers:
        wait_for(lambda: (cache.get("k"), cache.knows("k")) == (1, True))
    writer.connection.flushall()
    for cache in trackers:
        wait_for(lambda: cache.get("k") == "nil")


def test_tracking_sees_what_expires(trackers, writer, wait_for):
    writer.set_silently("k", 1, px=300)
    for cache in trackers:
        wait_for(lambda: cache.get("k") == "nil")


def test_tracking_survives_a_killed_connection(trackers, writer, wait_for):
    writer["k"] = 1
    assert [cache.get("k") for cache in trackers] == [1, 1]
    writer.connection.execute_command("CLIENT", "KILL", "TYPE", "pubsub")
    writer.set_silently("k", 2)
    for cache in trackers:
        cache.hear("lost")
        cache.hear("live")
        assert cache.get("k") == 2
    writer.set_silently("k", 3)
    for cache in trackers:
        wait_for(lambda: cache.get("k") == 3)
