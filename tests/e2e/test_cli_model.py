"""The verbs of shared data structures: what they answer, how it is printed, what is refused."""

import fcntl
import json
import os
import pty
import re
import signal
import subprocess
import sys
import termios
import time

import pytest

from harness.command import Credis
from harness.redis_server import RedisServer
from harness.waiting import BUILD

MODELS = ["counter", "map", "hash", "set", "zset", "queue", "stack", "pqueue", "mq"]

# Words, what is printed, the status. Each verb on a key of its own.
SESSION = [
    (["counter", "incr", "c"], "1", 0),
    (["counter", "incr", "c", "-3"], "-2", 0),
    (["counter", "get", "c"], "-2", 0),
    (["map", "get", "m"], "", 1),
    (["map", "set", "m", ""], "", 0),
    (["map", "get", "m"], "\n", 0),
    (["map", "set", "m", "0"], "", 0),
    (["map", "get", "m"], "0", 0),
    (["map", "exists", "m"], "1", 0),
    (["map", "incr", "m", "4"], "4", 0),
    (["map", "decr", "m"], "3", 0),
    (["map", "del", "m"], "1", 0),
    (["hash", "get", "h", "f"], "", 1),
    (["hash", "set", "h", "f", "a b"], "1", 0),
    (["hash", "set", "h", "", "x"], "1", 0),
    (["hash", "all", "h"], "f = a b\n = x", 0),
    (["hash", "del", "h", "f", "g"], "1", 0),
    (["hash", "all", "none"], "", 0),
    (["set", "add", "s", "a", "b", "a"], "2", 0),
    (["set", "has", "s", "a"], "1", 0),
    (["set", "has", "s", "z"], "0", 0),
    (["set", "pop", "none"], "", 1),
    (["zset", "add", "z", "2.5", "b"], "1", 0),
    (["zset", "add", "z", "-1", "a"], "1", 0),
    (["zset", "add", "z", "inf", "c"], "1", 0),
    (["zset", "highest", "z"], "c = inf\nb = 2.5\na = -1", 0),
    (["zset", "range", "z", "(-1", "3"], "b = 2.5", 0),
    (["zset", "score", "z", "b"], "2.5", 0),
    (["zset", "add", "y", "1000", "m"], "1", 0),
    (["zset", "add", "y", "-1764460800", "t"], "1", 0),
    (["zset", "add", "y", "1e22", "u"], "1", 0),
    (["zset", "add", "y", "0.0001", "v"], "1", 0),
    (["zset", "range", "y"], "t = -1764460800\nv = 0.0001\nm = 1000\nu = 1e+22", 0),
    (["zset", "keep", "z", "2"], "1", 0),
    (["zset", "cut", "z", "0", "3"], "1", 0),
    (["queue", "push", "q", "1", "2", "3"], "3", 0),
    (["queue", "items", "q"], "3\n2\n1", 0),
    (["queue", "pop", "q"], "1", 0),
    (["queue", "size", "q"], "2", 0),
    (["stack", "push", "t", "1", "2"], "2", 0),
    (["stack", "pop", "t"], "2", 0),
    (["pqueue", "push", "p", "2", "late"], "1", 0),
    (["pqueue", "push", "p", "1", "soon"], "1", 0),
    (["pqueue", "pop", "p"], "soon", 0),
    (["pqueue", "take", "p", "0"], "late", 0),
    (["pqueue", "take", "p", "0.01"], "", 1),
    (["mq", "put", "j", "", "two"], "2", 0),
    (["mq", "offer", "j", "2", "three"], "", 1),
    (["mq", "get", "j"], "\n", 0),
    (["mq", "take", "j", "j:me", "5s"], "two", 0),
    (["mq", "get", "j", "10ms"], "", 1),
    (["mq", "recover", "j", "j:me"], "1", 0),
    (["mq", "take", "j", "j:me"], "two", 0),
    (["mq", "ack", "j", "j:me", "two"], "1", 0),
    (["mq", "ack", "j", "j:me", "two"], "0", 1),
    (["mq", "size", "j"], "0", 0),
    (["stack", "expire", "t", "1d"], "1", 0),
    (["stack", "persist", "t"], "1", 0),
    (["stack", "ttl", "t"], "-1", 0),
    (["stack", "rename", "t", "u"], "", 0),
    (["stack", "ttl", "t"], "-2", 0),
]


def test_each_verb_does_what_it_says(cli):
    for words, out, status in SESSION:
        result = cli(*words)
        want = out if out in ("", "\n") else out + "\n"
        assert (result.out, result.status, result.err) == (want, status, ""), result


JSON_SESSION = [
    (["map", "get", "m"], [{"key": "m", "value": None}]),
    (["map", "set", "m", "[1]"], [{"key": "m", "done": True}]),
    (["map", "get", "m"], [{"key": "m", "value": "[1]"}]),
    (["map", "get", "--as", "json", "m"], [{"key": "m", "value": [1]}]),
    (["hash", "set", "h", "f", "x"], [{"key": "h", "value": 1}]),
    (["hash", "all", "h"], [{"key": "h", "field": "f", "value": "x"}]),
    (["zset", "add", "z", "0.1", "a"], [{"key": "z", "value": 1}]),
    (["zset", "add", "z", "-inf", "b"], [{"key": "z", "value": 1}]),
    (["zset", "range", "z"], [{"key": "z", "value": "b", "score": "-inf"}, {"key": "z", "value": "a", "score": 0.1}]),
    (["zset", "score", "z", "a"], [{"key": "z", "value": 0.1}]),
    (["pqueue", "pop", "z"], [{"key": "z", "value": "b", "score": "-inf"}]),
    (["set", "members", "none"], []),
]


def test_json_is_an_object_an_answer(cli):
    for words, objects in JSON_SESSION:
        result = cli("--json", *words)
        assert (result.objects, result.err) == (objects, ""), result


def test_json_loses_no_byte(cli, redis):
    for words in ([], ["--as", "json"]):
        redis.connection().rpush("q", b"\xff\xfe\0", "\u00e9\0")
        assert cli("--json", "mq", "get", "q", "0", *words).objects[0] == {"key": "q", "value": {"$bin": "fffe00"}}
        assert cli("--json", "mq", "get", "q", "0").json == {"key": "q", "value": "\u00e9\0"}
    redis.connection().hset("h", b"\x80", b"\xc3")
    assert cli("--json", "hash", "all", "h").json == {"key": "h", "field": {"$bin": "80"}, "value": {"$bin": "c3"}}


def test_values_are_stored_as_the_serializer_writes_them(cli, redis):
    value = {"b": [1.5, None], "a": "é"}
    text = json.dumps(value)
    for name, stored in (("python", text.encode()), ("json", b'{"b":[1.5,null],"a":"\xc3\xa9"}'),
                         ("msgpack", b"\x82\xa1b\x92\xcb?\xf8\0\0\0\0\0\0\xc0\xa1a\xa2\xc3\xa9")):
        assert cli("map", "set", "--as", name, "k", text).status == 0
        assert redis.connection(decode_responses=False).get("k") == stored, name
        assert json.loads(cli("map", "get", "k", "--as", name).out) == value


def test_a_value_that_the_serializer_cannot_read_is_told_and_printed_as_it_is(cli):
    cli("queue", "push", "q", "{no")
    result = cli("queue", "pop", "q", "--as", "json")
    assert (result.status, result.out) == (1, "{no\n")
    assert result.error.startswith("q: ")


REFUSED = [
    (["queue", "psuh", "q", "x"], "queue: unknown operation 'psuh' (did you mean 'push'?)"),
    (["queue", "push"], "queue needs OPERATION KEY [ARGUMENT…]"),
    (["queue", "push", "q"], "q: push needs VALUE..."),
    (["queue", "pop", "q", "x"], "q: pop takes a key and nothing more"),
    (["counter", "incr", "c", "x"], "c: 'x' is not a whole number of 64 bits"),
    (["zset", "add", "z", "high", "x"], "z: 'high' is not a number"),
    (["map", "set", "m", "x", "--as", "jsn"], "--as: 'jsn' is no serializer; did you mean json?"),
    (["map", "expire", "m", "soon"], "soon"),
    (["mq", "recover", "j", "j"], "j: a receiver has a key of its own, not that of the queue"),
    (["show", "demo.POS", "--as", "json"], "--as is an option of counter map hash set zset queue stack pqueue mq dict, not of show"),
]


@pytest.mark.parametrize("words, error", REFUSED, ids=lambda words: " ".join(words) if isinstance(words, list) else "")
def test_wrong_usage_is_status_2_and_says_why(cli, words, error):
    result = cli(*words)
    assert result.status == 2 and error in result.error, result


def test_a_value_that_is_none_of_the_serializer_is_refused_before_it_is_stored(cli, redis):
    result = cli("map", "set", "--as", "json", "m", "{")
    assert result.status == 1 and result.error.startswith("m: "), result
    assert not redis.connection(decode_responses=False).exists("m")


def test_a_key_of_another_kind_is_status_1(cli):
    cli("map", "set", "k", "x")
    result = cli("set", "members", "k")
    assert result.status == 1 and result.error.startswith("k: ") and "another type" in result.error, result


@pytest.mark.parametrize("verb", MODELS)
def test_without_a_store_each_verb_fails_at_once_and_names_the_url(verb, tmp_path):
    result = Credis(f"unix://{tmp_path}/redis.sock")("-t", "50", verb, "ttl", "k", limit=10)
    assert (result.status, len(result.err.splitlines())) == (4, 1) and f"{tmp_path}" in result.error, result


WAITING = [["map", "set", "k", "1"], ["dict", "d", "set", "k", "1"], ["queue", "pop", "k"], ["queue", "take", "k", "1h"],
           ["mq", "get", "k", "0"], ["mq", "take", "k", "k:me"], ["pqueue", "take", "k", "ever"], ["lock", "k", "true"]]
TOO_LATE = 2.5  # seconds: less than any other limit there is


@pytest.mark.parametrize("words", WAITING, ids=" ".join)
@pytest.mark.parametrize("stop", [lambda redis: redis.pause(), lambda redis: redis.cli("CLIENT", "PAUSE", 60000, "WRITE")],
                         ids=["stopped", "paused"])
def test_a_store_that_does_not_answer_is_given_up_at_the_deadline(redis, words, stop):
    stop(redis)
    began = time.monotonic()
    result = Credis(redis.url)("-t", "300ms", *words, limit=20)
    assert time.monotonic() - began < TOO_LATE
    assert result.status in (3, 4), result


@pytest.mark.parametrize("words", [["map", "set", "k", "1"], ["dict", "d", "set", "k", "1"], ["lock", "k", "true"]], ids=" ".join)
def test_the_deadline_wins_over_that_of_the_url(redis, words):
    redis.cli("CLIENT", "PAUSE", 1000, "WRITE")
    assert Credis(f"{redis.url}?socket_timeout=0.1")("-t", "20s", *words, limit=30).status == 0
    redis.cli("CLIENT", "PAUSE", 60000, "WRITE")
    began = time.monotonic()
    assert Credis(f"{redis.url}?socket_timeout=20")("-t", "300ms", *words, limit=30).status == 3
    assert time.monotonic() - began < TOO_LATE


def test_no_wait_goes_beyond_the_deadline(cli):
    began = time.monotonic()
    for words in (["queue", "take", "k", "1h"], ["mq", "get", "k", "ever"], ["pqueue", "take", "k"]):
        assert cli("-t", "100ms", *words, limit=20).status == 1
    assert time.monotonic() - began < 3 * TOO_LATE
    assert cli("-t", "1h", "queue", "take", "k", "100ms", limit=20).status == 1


@pytest.mark.parametrize("verb", MODELS)
def test_operations_complete_as_the_help_lists_them(verb):
    page = subprocess.run([BUILD / "credis", verb, "--help"], capture_output=True, text=True, timeout=60).stdout
    listed = re.findall(r"^  (\w+) KEY", page, re.M)
    done = subprocess.run([BUILD / "credis", "complete", "--", verb, ""], capture_output=True, text=True, timeout=60)
    assert [line.split("\t")[0] for line in done.stdout.splitlines()] == listed
    assert "expire" in listed


def test_times_are_spans_in_the_help_and_in_refusals(cli):
    assert "\n  expire KEY TIME  " in cli("counter", "--help").out
    assert cli("counter", "expire", "k").error == "k: expire needs TIME"
    assert cli("counter", "incr", "k").status == 0
    assert cli("counter", "expire", "k", "60").value == "1"
    assert 50000 < int(cli("counter", "ttl", "k").value) <= 60000


def test_serializers_complete(cli):
    assert [line.strip() for line in cli("complete", "--", "map", "get", "--as", "m").lines] == ["msgpack"]


@pytest.mark.parametrize("verb, push, words", [("queue", ["push"], ["pop", "k", "-t", "30s"]), ("mq", ["put"], ["get", "k"]),
                                               ("pqueue", ["push", "1"], ["take", "k"])])
def test_who_waits_gets_what_comes_later(cli, redis, wait_for, verb, push, words):
    waiting = cli.start(verb, *words)
    wait_for(lambda: redis.connection().info("clients")["blocked_clients"] == 1, what="it waits")
    assert cli(verb, push[0], "k", *push[1:], "here").status == 0
    assert waiting.read_line() == "here"
    assert waiting.wait() == 0


def test_the_example_of_the_help_acknowledges_a_message_that_looks_like_an_option(cli, redis):
    example = re.search(r"^ *(me=jobs.*\n.*)", cli("mq", "--help").out, re.M)[1]
    redis.connection().rpush("jobs", "-v")
    done = subprocess.run(["sh", "-c", "credis() { " + " ".join(cli.words([], None)) + ' "$@"; }\nwork() { true; }\n' + example],
                          capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr) == ("1\n", "")
    assert redis.connection().keys() == []


def connections_to(port):
    """The rows of /proc/net/tcp of those who called this port of the loopback."""
    with open("/proc/net/tcp") as table:
        return [row.split() for row in table if f" 0100007F:{port:04X} 01 " in row]


def test_who_waits_notices_that_the_host_has_gone(wait_for):
    server = RedisServer(tcp=True)
    server.start()
    waiting = Credis(server.url)
    try:
        waiting.start("mq", "get", "k")
        wait_for(lambda: server.connection().info("clients")["blocked_clients"] == 1, what="it waits")
        keepalive = "02:"       # is the timer that runs
        wait_for(lambda: [row[5][:3] for row in connections_to(server.port)] == [keepalive], what=lambda: connections_to(server.port))
    finally:
        waiting.close()
        server.close()


def test_who_does_not_wait_sends_a_command_that_does_not_block(cli, redis):
    for words in (["queue", "take", "k", "0"], ["pqueue", "take", "k", "0"], ["mq", "get", "k", "0"], ["mq", "take", "k", "k:me", "0"]):
        assert cli(*words).status == 1
    sent = redis.connection().info("commandstats")
    assert {"cmdstat_rpop", "cmdstat_zpopmin", "cmdstat_lpop", "cmdstat_lmove"} <= sent.keys()
    assert not {"cmdstat_brpop", "cmdstat_bzpopmin", "cmdstat_blpop", "cmdstat_blmove"} & sent.keys()


def test_a_wait_is_as_long_as_spans_are(cli, redis):
    redis.connection().rpush("k", "here")
    assert cli("mq", "get", "k", "365000d").value == "here"


def test_lock_runs_a_command_while_it_is_held(cli, redis):
    result = cli("lock", "l", "--", "sh", "-c", f"redis-cli -s {redis.socket} exists l; exit 7")
    assert (result.out, result.err, result.status) == ("1\n", "", 7), result
    assert not redis.connection().exists("l")


def test_lock_of_somebody_else_is_refused_at_the_deadline(cli, redis):
    redis.connection().set("l", "mine")
    result = cli("lock", "-t", "200ms", "l", "--", "echo", "done")
    assert (result.out, result.status, result.error) == ("", 1, "l: somebody else holds the lock")
    assert redis.connection().get("l") == "mine"


def test_lock_that_is_taken_away_ends_the_command(cli, redis, wait_for):
    holder = cli.start("lock", "l", "sleep", "600")
    wait_for(lambda: redis.connection().exists("l"), what="it is held")
    redis.connection().set("l", "stolen")
    assert holder.wait() == 1
    assert "the lock is lost: it was taken away" in holder.err
    assert redis.connection().get("l") == "stolen"


def test_lock_that_is_lost_kills_a_command_that_does_not_end(cli, redis):
    holder = cli.start("lock", "l", "--", sys.executable, "-c", "import signal\nsignal.signal(15, signal.SIG_IGN)\n"
                       "print('ready', flush=True)\nwhile True: signal.pause()")
    assert holder.read_line() == "ready"
    redis.connection().set("l", "stolen")
    assert holder.wait() == 1
    assert holder.read_line() is None


def test_lock_that_is_gone_before_it_is_given_back_is_told(cli, redis):
    result = cli("lock", "l", "--", "redis-cli", "-s", redis.socket, "del", "l")
    assert result.status == 1
    assert result.error == "l: the lock is lost: it had expired, or was taken away, before it was given back"


def test_what_the_store_says_of_a_lock_names_the_lock(cli, redis):
    redis.connection().config_set("maxmemory", 1)
    result = cli("lock", "l", "true")
    assert (result.status, result.error) == (1, "l: the store is out of memory (maxmemory)")


def test_lock_is_given_back_when_its_holder_is_interrupted(cli, redis, wait_for):
    holder = cli.start("lock", "l", "sleep", "600")
    wait_for(lambda: redis.connection().exists("l"), what="it is held")
    assert holder.stop() == 130
    assert not redis.connection().exists("l")


@pytest.fixture
def waiter(cli, redis, wait_for):
    """Waits for a lock that somebody else holds."""
    redis.connection().set("l", "mine")
    asked = redis.connection().info("commandstats")["cmdstat_set"]["calls"]
    waiter = cli.start("lock", "l", "echo", "ran")
    wait_for(lambda: redis.connection().info("commandstats")["cmdstat_set"]["calls"] > asked, what="it waits")
    return waiter


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_lock_that_is_interrupted_while_it_waits_has_not_run_its_command(waiter, number):
    assert waiter.stop(number) == 128 + number
    assert waiter.read_line() is None


TELL_SIGNALS = """
import signal
heard = {signal.SIGINT, signal.SIGTERM}
signal.pthread_sigmask(signal.SIG_BLOCK, heard)
number = 0
print("ready", flush=True)
while number != signal.SIGTERM:
    told = signal.sigwaitinfo(heard)
    number = told.si_signo
    print(number, "terminal" if told.si_pid == 0 else "process", flush=True)
"""


def test_lock_hands_on_what_a_process_sent_and_not_what_the_terminal_did(cli, wait_for):
    ours, theirs = pty.openpty()
    words = cli.words(["lock", "l", "--", sys.executable, "-c", TELL_SIGNALS], None)
    holder = subprocess.Popen(words, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
                              preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
    os.close(theirs)
    lines = open(ours, "rb", buffering=0)
    try:
        assert lines.readline() == b"ready\r\n"
        os.write(ours, b"\x03")
        assert lines.readline() == b"^C2 terminal\r\n"
        holder.terminate()
        assert lines.readline() == b"15 process\r\n"
        assert holder.wait(60) == 0
    finally:
        holder.kill()
        lines.close()


def test_lock_under_nohup_goes_on_when_its_terminal_is_gone(cli, redis, wait_for):
    holder = cli.start("lock", "l", "redis-cli", "-s", redis.socket, "blpop", "go", 0, under=["nohup"])
    wait_for(lambda: redis.connection().info("clients")["blocked_clients"] == 1, what="it waits")
    holder.send(signal.SIGHUP)
    redis.connection().rpush("go", "on")
    assert (holder.read_line(), holder.read_line()) == ("go", "on")
    assert holder.wait() == 0


def test_dict_stores_msgpack_and_announces_each_change(cli, redis):
    listener = redis.connection(decode_responses=False).pubsub()
    listener.psubscribe("a*/*")
    assert listener.get_message(timeout=30)["type"] == "psubscribe"
    assert cli("dict", "a*", "get", "k").status == 1
    assert cli("dict", "a*", "set", "k", '{"x":[1,null]}').status == 0
    assert cli("dict", "a*", "set", "", '""').status == 0
    assert redis.connection(decode_responses=False).get("a*/k") == b"\x81\xa1x\x92\x01\xc0"
    redis.connection().set("ab/z", "not ours")
    assert cli("dict", "a*", "keys").out == "\nk\n"
    assert cli("dict", "a*", "has", "k").value == "1"
    assert cli("--json", "dict", "a*", "get", "k").json == {"key": "k", "value": {"x": [1, None]}}
    assert cli("dict", "a*", "get", "").out == '""\n'
    assert cli("dict", "a*", "del", "k").value == "1"
    said = [listener.get_message(timeout=30) for _ in range(3)]
    assert [(message["channel"], message["data"]) for message in said] == [
        (b"a*/update", b"k"), (b"a*/update", b""), (b"a*/delete", b"k")]


@pytest.mark.parametrize("words, status, error", [
    (["dict", "d", "gte", "k"], 2, "d: unknown operation 'gte' (did you mean 'get'?)"),
    (["dict", "d", "set", "k"], 2, "d: set takes KEY VALUE"),
    (["dict", "d", "set", "k", "{"], 1, "d/k: "),
])
def test_dict_says_what_is_wrong(cli, words, status, error):
    result = cli(*words)
    assert result.status == status and result.error.startswith(error), result
