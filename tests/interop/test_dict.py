"""A dictionary shared with Python, as redis-pubsub-dict does: keys, values, announcements, and a cache of
theirs that lives by what credis announces."""

import json

import msgpack
import pytest

VALUES = {"site": {"height": 2400, "name": "La Silla"}, "empty": "", "none": None, "zero": 0, "a/b*": [1, 2.5], "ü": False}


class Peer:
    """The least that such a program does: a cache that the two channels invalidate."""

    def __init__(self, connection, name_space="redisDict"):
        self.connection = connection
        self.name_space = name_space
        self.cache = {}
        self.listener = connection.pubsub()
        for channel in ("update", "delete"):
            self.listener.subscribe(f"{name_space}/{channel}")
            assert self.listener.get_message(timeout=30)["type"] == "subscribe"

    def hear(self):
        message = self.listener.get_message(timeout=30)
        self.cache.pop(message["data"].decode(), None)
        return message["channel"].decode(), message["data"].decode()

    def __setitem__(self, key, value):
        with self.connection.pipeline() as batch:
            batch.set(f"{self.name_space}/{key}", msgpack.packb(value)).publish(f"{self.name_space}/update", key)
            batch.execute()

    def __getitem__(self, key):
        if key not in self.cache:
            stored = self.connection.get(f"{self.name_space}/{key}")
            self.cache[key] = None if stored is None else msgpack.unpackb(stored, raw=False)
        return self.cache[key]


@pytest.fixture
def peer(redis):
    with redis.connection(decode_responses=False) as connection:
        yield Peer(connection)


def test_what_python_sets_credis_gets(cli, peer):
    for key, value in VALUES.items():
        peer[key] = value
        assert json.loads(cli("dict", "redisDict", "get", key).out) == value
    assert cli("dict", "redisDict", "keys").lines == sorted(VALUES, key=str.encode)


def test_what_credis_sets_python_gets(cli, peer):
    for key, value in VALUES.items():
        assert cli("dict", "redisDict", "set", key, json.dumps(value)).status == 0
        assert peer.hear() == ("redisDict/update", key)
        assert peer[key] == value
        assert peer.connection.get(f"redisDict/{key}") == msgpack.packb(value)


def test_a_cache_of_python_sees_what_credis_changes_and_deletes(cli, peer):
    peer["k"] = 1
    peer.hear()
    assert peer["k"] == 1
    assert cli("dict", "redisDict", "set", "k", "2").status == 0
    assert peer["k"] == 1       # cached, and not told yet
    peer.hear()
    assert peer["k"] == 2
    assert cli("dict", "redisDict", "del", "k").value == "1"
    assert peer.hear() == ("redisDict/delete", "k")
    assert peer["k"] is None


def test_what_an_old_msgpack_wrote_is_read(cli, peer):
    peer.connection.set("redisDict/k", msgpack.packb({"long": "x" * 200}, use_bin_type=False))
    assert json.loads(cli("dict", "redisDict", "get", "k").out) == {"long": "x" * 200}
