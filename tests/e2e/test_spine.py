"""The spine: one keyword from a file, through a MODIFY, to everyone who watches it. Seen with
nothing but a Redis client where that is what is promised."""

import json
import re
import time

import pytest

from harness.waiting import SANITIZER, wait_for

KEY = "credis:{demo}:POS"
EVENTS = "__keyspace@0__:" + KEY


def subscribed(connection, *channels):
    """A subscription that is in force."""
    pubsub = connection.pubsub()
    pubsub.subscribe(*channels)
    for _ in channels:
        assert wait_for(lambda: pubsub.get_message(timeout=0.1))["type"] == "subscribe"
    return pubsub


def message(pubsub):
    return wait_for(lambda: pubsub.get_message(timeout=0.1), what="a message")["data"]


def test_a_keyword_reads_like_documentation_from_redis_alone(credisd, redis):
    credisd()
    connection = redis.connection()
    stored = connection.hgetall(KEY)
    assert set(stored) == {"value", "time", "seq"}
    assert stored["value"] == "3" and stored["seq"] == "1"
    assert re.fullmatch(r"\d{10}\.\d{6}", stored["time"])
    assert abs(float(stored["time"]) - time.time()) < 60
    described = json.loads(connection.hget("credis:{demo}:keywords", "POS"))
    assert described["type"] == "double" and described["units"] == "mm" and described["help"] == "Position"
    assert described["range"] == [0, 10]
    assert connection.smembers("credis:services") == {"demo"}
    assert connection.hget("credis:{demo}:about", "help") == "One keyword of every kind"


def test_a_lease_says_who_serves(credisd, redis):
    daemon = credisd()
    connection = redis.connection()
    lease = json.loads(connection.get("credis:{demo}:dispatcher"))
    assert lease["pid"] == daemon.pid
    assert 0 < connection.pttl("credis:{demo}:dispatcher") <= 3000
    daemon.stop()
    assert connection.get("credis:{demo}:dispatcher") is None


def test_a_bare_value_published_changes_the_keyword_and_is_broadcast(credisd, redis):
    credisd()
    connection = redis.connection()
    events = subscribed(connection, EVENTS)
    assert connection.publish(KEY + ":modify", "4.50") == 1
    assert message(events) == "hset"
    assert connection.hmget(KEY, "value", "seq") == ["4.5", "2"]


def test_a_request_with_a_header_is_answered_after_it_was_stored(credisd, redis):
    credisd()
    connection = redis.connection()
    me = "0123456789abcdef" * 2
    answers = subscribed(connection, "credis:answer:" + me)
    connection.publish(KEY + ":modify", f"@id=1 to={me}\n7.5")
    header, _, body = message(answers).partition("\n")
    fields = dict(field.split("=") for field in header[1:].split())
    stored = connection.hgetall(KEY)
    assert (fields["id"], fields["is"], fields["len"], body) == ("1", "done", "3", "7.5")
    assert (fields["seq"], fields["time"]) == (stored["seq"], stored["time"])
    assert stored["value"] == "7.5"


@pytest.mark.parametrize("keyword, text, stored", [
    ("POS", "1e0", "1"), ("POS", "0.1", "0.1"), ("COUNT", "0x10", "16"), ("COUNT", "1e2", "100"),
    ("GAIN", "0.1", "0.1"), ("NAME", "grüß\ngott = 1", "grüß\ngott = 1"), ("NAME", "", ""), ("CODE", "xyz", "xyz"),
    ("LIT", "ON", "true"), ("LIT", "n", "false"), ("FILTER", "r", "R"), ("FILTER", "4", "R"),
    ("LAMPS", "flat,neon", "neon,flat"), ("LAMPS", "none", "none"), ("LAMPS", "3", "neon,argon"),
    ("OFFSET", "1.5,2", "[1.5, 2]"), ("OFFSET", "[1, 2]", "[1, 2]"), ("WORDS", '["a,b", "c"]', '["a,b", "c"]'),
])
def test_every_type_is_stored_in_its_form(credisd, cli, redis, keyword, text, stored):
    credisd()
    result = cli("modify", f"demo.{keyword}={text}")
    assert result.status == 0, result
    lies = redis.connection().hget("credis:{demo}:" + keyword, "value")
    if stored.startswith("["):
        lies, stored = json.loads(lies), json.loads(stored)
    assert lies == stored


def test_refused_modify_leaves_value_alone_and_says_why(credisd, cli):
    credisd()
    result = cli("modify", "demo.POS=99")
    assert (result.status, result.error) == (1, "demo.POS: 99 is above the maximum 10")
    assert cli("show", "--terse", "demo.POS").value == "3"


def test_refusals_are_objects_too(credisd, cli):
    credisd()
    result = cli("--json", "modify", "demo.POS=99")
    assert result.status == 1
    assert "99 is above the maximum 10" in json.dumps(result.json)
    assert "range" in json.dumps(result.json)


def timed(function):
    began = time.monotonic()
    result = function()
    return result, time.monotonic() - began


# "At once": far below the deadline of ten seconds, also on a busy machine.
AT_ONCE = 5.0       # seconds: half of the deadline that would be waited for otherwise


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_modify_without_a_dispatcher_fails_at_once(credisd, cli, how):
    daemon = credisd()
    getattr(daemon, how)()
    result, took = timed(lambda: cli("modify", "demo.POS=4"))
    assert result.status == 6 and "demo" in result.error, result
    assert took < AT_ONCE
    assert cli("--json", "modify", "demo.POS=4").status == 6


@pytest.mark.parametrize("url", ["unix:///nowhere/redis.sock", "redis://127.0.0.1:1/0"])
def test_modify_without_a_store_fails_at_once_and_names_it(cli, url):
    result, took = timed(lambda: cli("modify", "demo.POS=4", url=url))
    assert result.status == 4 and url.removesuffix("/0") in result.error, result
    assert took < AT_ONCE
    assert url.removesuffix("/0") in json.dumps(cli("--json", "modify", "demo.POS=4", url=url).json)


def test_values_survive_a_restart_unless_they_are_not_to_persist(credisd, cli, redis):
    daemon = credisd()
    assert cli("modify", "demo.POS=9.75", "demo.SCRATCH=8").status == 0
    daemon.stop()
    daemon.start()
    values = redis.connection()
    assert values.hget(KEY, "value") == "9.75"
    assert values.hget("credis:{demo}:SCRATCH", "value") == "7"
    assert int(values.hget("credis:{demo}:SCRATCH", "seq")) > 2


@pytest.mark.parametrize("away", [0, 4])
def test_a_store_that_comes_back_empty_is_filled_within_two_seconds(credisd, cli, redis, away):
    daemon = credisd()
    assert cli("modify", "demo.POS=6.25").status == 0
    before = redis.connection().hgetall(KEY)
    monitor = cli.start("monitor", "demo.POS")
    monitor.wait_line("6.25")
    redis.kill()
    daemon.wait_log("-link")
    time.sleep(away)            # how long it is away is what is tested: tries become rarer
    redis.restart(empty=True)
    returned = time.monotonic()
    connection = redis.connection()
    wait_for(lambda: connection.exists("credis:{demo}:about", "credis:{demo}:dispatcher") == 2
             and connection.hlen("credis:{demo}:keywords") == 18
             and connection.hget(KEY, "value") == "6.25", limit=10)
    assert time.monotonic() - returned < (6 if SANITIZER else 2)
    after = connection.hgetall(KEY)
    assert int(after["seq"]) >= int(before["seq"])
    wait_for(lambda: cli("modify", "demo.POS=7.75").status == 0)
    monitor.wait_line("7.75")
    assert daemon.is_running() and daemon.log().count("Sanitizer") == 0


# Requests that are wrong, each as (what it is, channel, payload, code of the answer). The code is None
# where the message does not say whom to answer: it must then be counted. {me} stands for fields that do.
VALUE = "credis:{demo}:%s:modify"
GROUP = "credis:{demo}:modify"
ME = b"f0" * 16


def wrong_values():
    for text in ("x", "", " ", "1 2", "--1", "0x", "1e", "1.2.3", "nan", "inf", "١", "true", "4,5", "[1]"):
        yield "POS", text, "type"
    for text in ("10.0000001", "-0.1", "1e300", "11", "1e999"):
        yield "POS", text, "range"
    for text in ("4.1", "x", "", "0x", "1e", "on"):
        yield "COUNT", text, "type"
    for text in ("101", "-101", "9223372036854775807", "1e3", "1e400", "9223372036854775808", "0x1ffffffffffffffff"):
        yield "COUNT", text, "range"
    for text in ("x", "nan"):
        yield "GAIN", text, "type"
    yield "GAIN", "1e39", "range"
    for text in ("ABC", "abc1", "", "a b", "é"):
        yield "CODE", text, "pattern"
    yield "NAME", "x" * 1001, "length"
    yield "NAME", "é" * 501, "length"
    for text in ("maybe", "2", "", "-1", "tru"):
        yield "LIT", text, "type"
    for text in ("X", "", "6", "-1", "open,U", "99999999999999999999"):
        yield "FILTER", text, "values"
    for text in ("xenon", "neon,xenon", "8", "-1", "neon,,argon"):
        yield "LAMPS", text, "values"
    for text in ("1", "1,2,3", "[]", "[1]"):
        yield "OFFSET", text, "length"
    for text in ("[1, 2", "a,b", "[1, \"x\"]", "{}", "[[1], 2]"):
        yield "OFFSET", text, "type"
    for text in ("[1", '["a", {}]'):
        yield "WORDS", text, "type"
    yield "VERSION", "2", "read-only"
    yield "DISPSTATE", "ready", "read-only"


def wrong_utf8():
    for text in (b"\xff", b"a\x80", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x82", b"\xf8\x88\x80\x80\x80"):
        yield "NAME", text, "type"
        yield "WORDS", b'["' + text + b'"]', "type"


def wrong_headers():
    """Whole payloads; where {me} comes first they are answered."""
    for rest in (b"", b" ", b" noequals\n", b" =1\n", b" x=\x01\n", b" expires=soon\n4", b" expires=\n4",
                 b" if-seq=-1\n4", b" if-seq=x\n4", b" len=5\n4", b" len=-1\n4", b" len=99999999999999999999\n4",
                 b" len=0\n4", b" len=1\n4junk", b" group=1\n4", b" of=2\n4", b" group=1 of=0\n4",
                 b" group=x of=2\n4", b" group=1 of=99999\n4", b" " + b"a" * 5000 + b"=1\n4", b" a=1" * 2000 + b"\n4",
                 b" a=" + b"b" * 100000 + b"\n4", b" from=" + b"x" * 1000 + b"\n4"):
        yield b"{me}" + rest
    for whole in (b"@", b"@\n", b"@@", b"@" * 1000, b"@\0\n", b"@id\n4", b"@id=\n4", b"@id=x to=y\n4", b"@id=-1\n4",
                  b"@to=zz\n4", b"@id=1 to=" + b"0" * 31 + b"\n4", b"@id=99999999999999999999 to=" + ME + b"\n4", b"@x" * 5000,
                  b"@len=4\n4", b"@" + b"\xff" * 100 + b"\n4", b"@expires=1\n4", b"@expires=nan\n4"):
        yield whole


def wrong_requests():
    """(what, channel, payload with {me}, code): of code, None is whatever it says; False is no answer."""
    requests = []

    def add(channel, payload, code):
        requests.append((channel, payload, code))

    for keyword, text, code in [*wrong_values(), *wrong_utf8()]:
        text = text if isinstance(text, bytes) else text.encode()
        add(VALUE % keyword, b"{me}\n" + text, code)
        if not text.startswith(b"@"):
            add(VALUE % keyword, text, False)
        if len(requests) % 3 == 0:
            add(GROUP, b"{me} key=%s\n" % keyword.encode() + text, code)
    for payload in wrong_headers():
        add(VALUE % "POS", payload, "malformed" if payload.startswith(b"{me}") else False)
    for key in (b"NOSUCH", b"nosuch", b"PO", b"POS1", b"POS.", b"1POS", b"*", b"demo.POS", b"P" * 200, b"{demo}:POS", b"\xff"):
        add(GROUP, b"{me} key=" + key + b"\n4", "unknown-keyword")
    add(GROUP, b"{me}\n4", "malformed")
    add(GROUP, b"{me} key=\n4", None)
    add(GROUP, b"4", False)
    add(GROUP, b"", False)
    add(VALUE % "POS", b"{me} expires=1\n4", "")
    add(VALUE % "POS", b"{me} if-seq=77\n4", "conflict")
    add("credis:{demo}:SECRET:read", b"{me}\n", "write-only")
    return requests


class Answers:
    """The final answers that came back, by the request's id."""

    def __init__(self, redis):
        self.connection = redis.connection(decode_responses=False)
        self.pubsub = subscribed(self.connection, "credis:answer:" + ME.decode())
        self.found = {}

    def collect(self):
        while (got := self.pubsub.get_message(timeout=0.02)) is not None:
            payload = got["data"]
            while payload:
                header, _, payload = payload.partition(b"\n")
                fields = dict(field.split(b"=", 1) for field in header[1:].decode().encode().split(b" "))
                length = int(fields[b"len"])
                body, payload = payload[:length], payload[length:]
                if fields[b"is"] != b"accepted":
                    self.found.setdefault(int(fields[b"id"]), []).append((fields[b"is"], fields.get(b"code"), body))
        return self.found

    def insist(self, n, channel, payload):
        """Asks as a client does: again, with the same id, while it hears nothing. A connection may be
        lost under a message so large that it takes the server seconds to send."""
        for _ in range(5):
            assert self.connection.publish(channel, payload) <= 1
            try:
                return wait_for(lambda: n in self.collect(), limit=8)
            except AssertionError:
                continue
        raise AssertionError(f"no answer to request {n}")


def test_two_hundred_wrong_requests_are_each_answered_or_counted(credisd, cli, redis):
    daemon = credisd()
    connection = redis.connection(decode_responses=False)
    answers = Answers(redis)
    before = redis.connection().hgetall(KEY)
    requests = wrong_requests()
    assert len(requests) >= 200
    wanted = {}
    for n, (channel, payload, code) in enumerate(requests, 1):
        payload = payload.replace(b"{me}", b"@id=%d to=%s" % (n, ME))
        assert connection.publish(channel, payload) == 1, channel
        if code is not False:
            wanted[n] = code
    wait_for(lambda: answers.collect().keys() >= wanted.keys(),
             what=lambda: f"answers to {[requests[n - 1] for n in wanted.keys() - answers.found.keys()]}")
    wrong = []
    for n, code in wanted.items():
        got = answers.found[n]
        if len(got) != 1 or (code == "" and got[0][0] != b"expired") or (code and got[0][1] != code.encode()):
            wrong.append((requests[n - 1], got))
    assert not wrong, "\n".join(f"{request}: {got}" for request, got in wrong)
    assert all(0 < len(body) <= 512 and body.decode() for got in answers.found.values() for _, _, body in got)

    def statistics():
        return {k: int(v) for k, v in redis.connection().hgetall("credis:{demo}:statistics").items()
                if k in ("requests", "refused", "failed", "faults")}

    # Each was counted, and what nobody was told of is a fault.
    silent = sum(code is False for _, _, code in requests)
    counted = wait_for(lambda: (s := statistics()) and s["requests"] >= len(requests) and s, what=lambda: (len(requests), statistics()))
    assert counted["refused"] >= len(wanted) - 1
    assert counted["faults"] >= silent
    assert redis.connection().hgetall(KEY) == before
    assert cli("modify", "demo.POS=8").status == 0
    assert daemon.is_running()


def test_huge_messages_are_answered_and_leave_nothing_behind(credisd, cli, redis):
    daemon = credisd()
    connection = redis.connection(decode_responses=False)
    answers = Answers(redis)
    huge = b"9" * 10_000_000
    cases = [("NAME", b"\n" + huge, b"length"), ("POS", b"\n" + huge, None), ("CODE", b"\n" + huge, b"length"),
             ("OFFSET", b"\n[" + b"1," * 5_000_000 + b"1]", None), ("WORDS", b"\n" + b"[" * 10_000_000, b"type"),
             ("FILTER", b"\n" + huge, b"values"), ("LAMPS", b"\n" + b"neon," * 2_000_000, None),
             ("POS", b" " + b"x=1 " * 2_500_000 + b"\n4", b"malformed"), ("POS", b" x=" + huge + b"\n4", b"malformed")]
    for n, (keyword, rest, code) in enumerate(cases, 1):
        answers.insist(n, VALUE % keyword, b"@id=%d to=%s" % (n, ME) + rest)
        (is_, got, body), = set(answers.found[n])
        assert is_ == b"refused" and (code is None or got == code), (keyword, got, body[:200])
        assert len(body) <= 512 and body.decode()
    connection.publish(VALUE % "NAME", huge)
    connection.publish(VALUE % "NAME", b"@" * 10_000_000)
    # So many requests in one message are each executed; more than may wait at once are refused.
    for n, count, outcome in ((50, 50_000, b"done"), (99, 500_000, b"refused")):
        connection.publish(VALUE % "NAME", b"@len=1\nx" * count + b"@id=%d to=%s\nlast" % (n, ME))
        wait_for(lambda: n in answers.collect(), limit=60)
        assert [is_ for is_, _, _ in answers.found[n]] == [outcome]
    assert int(connection.hget("credis:{demo}:NAME", "seq")) > 50_000
    assert answers.found[99][0][1] == b"busy"
    assert cli("modify", "demo.POS=8").status == 0
    assert daemon.is_running()
    if not SANITIZER:
        with open(f"/proc/{daemon.pid}/status", encoding="ascii") as status:
            resident = int(re.search(r"VmRSS:\s+(\d+) kB", status.read()).group(1))
        assert resident < 150_000


def test_unknown_fields_of_a_header_are_ignored(credisd, redis):
    credisd()
    answers = Answers(redis)
    redis.connection().publish(KEY + ":modify", f"@id=1 to={ME.decode()} colour=blue\n4.5")
    wait_for(lambda: 1 in answers.collect())
    assert answers.found[1] == [(b"done", None, b"4.5")]


def test_a_second_credisd_waits_and_takes_over(credisd, cli, redis):
    first = credisd()
    second = credisd()
    second.wait_status("standing by")
    assert cli("modify", "demo.POS=5").status == 0
    first.stop()
    second.wait_status("ready")
    lease = json.loads(redis.connection().get("credis:{demo}:dispatcher"))
    assert lease["pid"] == second.pid
    assert cli("modify", "demo.POS=6").status == 0
    assert redis.connection().hget(KEY, "value") == "6"
