"""Shared data structures: what Python programs store, credis reads, and the other way round, byte for byte.
The peer is python3-redis with json and msgpack, as redisext and baseplate's queues use it."""

import json
import threading

import msgpack
import pytest

VALUES = [None, False, 0, "", [], {}, 1.0, -7, "é\n", [1, [2.5, None]], {"b": 1, "a": {"c": "☃"}}]
SERIALIZERS = {
    "python": (lambda value: json.dumps(value).encode(), json.loads),
    "msgpack": (msgpack.packb, lambda stored: msgpack.unpackb(stored, raw=False)),
}


@pytest.fixture(params=SERIALIZERS)
def serializer(request):
    return request.param


@pytest.fixture
def peer(redis):
    with redis.connection(decode_responses=False) as connection:
        yield connection


def texts():
    return [json.dumps(value) for value in VALUES]


def read(result):
    assert result.status == 0, result
    return [json.loads(line) for line in result.lines]


def test_a_queue_of_python_is_popped_in_its_order(cli, peer, serializer):
    for value in VALUES:
        peer.lpush("q", SERIALIZERS[serializer][0](value))
    assert read(cli("queue", "items", "q", "--as", serializer)) == VALUES[::-1]
    assert read(cli("queue", "pop", "q", "--as", serializer)) == VALUES[:1]
    assert read(cli("stack", "pop", "q", "--as", serializer)) == VALUES[-1:]


def test_a_queue_of_credis_is_popped_by_python(cli, peer, serializer):
    assert cli("queue", "push", "--as", serializer, "q", *texts()).value == str(len(VALUES))
    stored = [peer.rpop("q") for _ in VALUES]
    assert stored == [SERIALIZERS[serializer][0](value) for value in VALUES]
    assert peer.rpop("q") is None


def test_members_of_a_set_are_the_same_bytes(cli, peer, serializer):
    peer.sadd("s", *map(SERIALIZERS[serializer][0], VALUES))
    assert cli("set", "add", "--as", serializer, "s", *texts()).value == "0"
    assert cli("set", "has", "--as", serializer, "s", '{"b": 1, "a": {"c": "☃"}}').value == "1"
    assert cli("set", "has", "--as", serializer, "s", '"none"').value == "0"


def test_maps_and_hashes_are_read_on_both_sides(cli, peer, serializer):
    dump, load = SERIALIZERS[serializer]
    for n, value in enumerate(VALUES):
        peer.hset("h", f"f{n}", dump(value))
    objects = cli("--json", "hash", "all", "h", "--as", serializer).objects
    assert {item["field"]: item["value"] for item in objects} == {f"f{n}": value for n, value in enumerate(VALUES)}
    for value in (None, 0, "", {"a": [1]}):
        assert cli("map", "set", "--as", serializer, "m", json.dumps(value)).status == 0
        assert load(peer.get("m")) == value
        peer.set("n", dump(value))
        assert read(cli("map", "get", "--as", serializer, "n")) == [value]


PLAIN = {
    "raw": (["", "0", "é", "a b"], str.encode, bytes.decode),
    "string": (["", "0", "é", "a b"], str.encode, bytes.decode),
    "integer": ([0, -7, 2**62, -2**63], lambda value: str(value).encode(), int),
    "double": ([0.0, -1.5, 0.1, 1e-07, 1e22, float("inf")], lambda value: repr(value).encode(), float),
    "json": (VALUES, lambda value: json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode(), json.loads),
}


@pytest.mark.parametrize("name", PLAIN)
def test_plain_values_are_the_same_bytes_both_ways(cli, peer, name):
    values, dump, load = PLAIN[name]
    peer.rpush("q", *map(dump, values))
    written = [dump(value).decode() for value in values]
    assert cli("queue", "items", "q", "--as", name).lines == written
    assert cli("mq", "put", "--as", name, "back", "--", *written).value == str(len(values))
    assert peer.lrange("back", 0, -1) == peer.lrange("q", 0, -1)
    assert [load(stored) for stored in peer.lrange("back", 0, -1)] == values


def test_counters_and_scores_are_the_same_numbers(cli, peer):
    peer.incrby("c", 41)
    assert cli("counter", "incr", "c").value == "42"
    assert peer.get("c") == b"42"
    peer.zadd("z", {json.dumps("a"): 1.5, json.dumps("b"): -2})
    assert cli("zset", "add", "--as", "python", "z", "0.1", '"c"').value == "1"
    assert peer.zrange("z", 0, -1, withscores=True) == [(b'"b"', -2.0), (b'"c"', 0.1), (b'"a"', 1.5)]
    assert read(cli("pqueue", "pop", "z", "--as", "python")) == ["b"]


def test_messages_go_both_ways_and_an_empty_one_is_one(cli, peer):
    peer.rpush("jobs", b"", b"two")
    assert cli("mq", "get", "jobs").out == "\n"
    assert cli("mq", "get", "jobs").value == "two"
    assert cli("mq", "put", "jobs", "", "four").value == "2"
    assert [peer.blpop("jobs", timeout=30)[1] for _ in range(2)] == [b"", b"four"]


def test_a_message_of_a_receiver_that_died_is_recovered(cli, peer):
    peer.rpush("jobs", b"one", b"two")
    assert peer.blmove("jobs", "jobs:dead", 30, src="LEFT", dest="RIGHT") == b"one"
    assert cli("mq", "recover", "jobs", "jobs:dead").value == "1"
    assert cli("mq", "get", "jobs").value == "one"


MESSAGES = {
    "json": [b'{"a": 1}', b' [1,  2.50]', b'"\\u00e9"'],
    "python": [b'{"a":1}', '"é"'.encode()],
    "msgpack": [b"\xdb\0\0\0\x01x", b"\xda\0\x01x", b"\xdf\0\0\0\x01\xd9\x01a\xce\0\0\0\x01"],
    "integer": [b"007", b"0x10"],
    "double": [b"1", b"1e2"],
}


@pytest.mark.parametrize("name", MESSAGES)
def test_a_message_in_other_bytes_than_ours_is_acknowledged(cli, peer, name):
    for message in MESSAGES[name]:
        peer.rpush("jobs:me", b"another")
        peer.rpush("jobs", message)
        text = cli("mq", "take", "--as", name, "jobs", "jobs:me", "0").out.removesuffix("\n")
        peer.rpush("jobs:me", b"one more")
        result = cli("mq", "ack", "--as", name, "jobs", "jobs:me", "--", text)
        assert (result.out, result.status) == ("1\n", 0), (message, result)
        assert peer.lrange("jobs:me", 0, -1) == [b"another", b"one more"]
        assert cli("mq", "ack", "--as", name, "jobs", "jobs:me", "--", text).out == "0\n"
        peer.delete("jobs:me")


def test_a_lock_of_python_keeps_credis_out(cli, peer):
    assert peer.set("l", b"token", nx=True, px=60000)
    assert cli("lock", "-t", "100ms", "l", "true").status == 1
    peer.delete("l")
    assert cli("lock", "l", "true").status == 0


def test_of_a_priority_queue_each_item_is_taken_once(cli, peer, redis):
    """Two of Python and two of credis at once; the older way read and removed in two steps."""
    peer.zadd("p", {f"item{n}": n for n in range(300)})
    taken = {n: [] for n in range(4)}

    def take_in_python(n):
        with redis.connection() as connection:
            while len(taken[n]) < 130 and (popped := connection.zpopmin("p")):
                taken[n].append(popped[0][0])

    def take_in_credis(n):
        while (result := cli("pqueue", "pop", "p")).status == 0:
            taken[n].append(result.value)

    threads = [threading.Thread(target=take, args=(n,))
               for n, take in enumerate([take_in_python, take_in_python, take_in_credis, take_in_credis])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    everything = [item for items in taken.values() for item in items]
    assert len(everything) == 300 and set(everything) == {f"item{n}" for n in range(300)}
    assert taken[2] and taken[3]
