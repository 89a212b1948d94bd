"""The way of a write and of a reading through a program's callbacks: programs/owner.c does what it is told."""

import json
import queue
import subprocess
import threading
import time

import pytest
from harness.clock import Clock
from harness.links import Links
from harness.peer import Peer
from harness.process import environment
from harness.waiting import BUILD, LIMIT


class Owner:
    """programs/owner.c at work: tell() it something, expect() what it was asked."""

    def __init__(self, url, keywords, settings, under):
        words = [word for setting in settings for word in setting]
        self.popen = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", "--", *under, BUILD / "tests/e2e/programs/owner", url, *keywords, "--", *words],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, bufsize=1,
            env=environment())
        self.lines = queue.Queue()
        self.seen = []
        threading.Thread(target=lambda: [self.lines.put(line.split()) for line in self.popen.stdout],
                         daemon=True).start()

    def expect(self, *words, limit=LIMIT):
        """The next line that begins so; 'words' may leave the number (None) open. Others are kept in 'seen'."""
        def fits(line):
            return len(line) >= len(words) and all(w is None or w == l for w, l in zip(words, line))
        deadline = time.monotonic() + limit
        for line in self.seen:
            if fits(line):
                self.seen.remove(line)
                return line
        while True:
            try:
                line = self.lines.get(timeout=max(0.01, deadline - time.monotonic()))
            except queue.Empty:
                raise AssertionError(f"never said {words}; said {self.seen}") from None
            if fits(line):
                return line
            self.seen.append(line)

    def step(self, name, keyword):
        """The number of the next step of this name asked of a keyword."""
        return self.expect(name, None, keyword)[1]

    def tell(self, text):
        """Whether it was taken, as the library said."""
        self.popen.stdin.write(text + "\n")
        word = text.split()[0]
        return self.expect(*(["again"] if word == "again" else ["obeyed", None, word]))[1] == "1"

    def asked(self, *names):
        """Steps asked for so far, in order."""
        self.tell("severity NONE none -")  # everything before has been said
        asked = [(line[0], line[2]) for line in self.seen if line[0] in names]
        self.seen = [line for line in self.seen if line[0] not in names]
        return asked

    def close(self):
        if self.popen.poll() is None:
            self.popen.stdin.close()
        self.popen.wait(LIMIT)
        errors = self.popen.stderr.read()
        assert self.popen.returncode == 0 and "Sanitizer" not in errors and "runtime error" not in errors, errors


@pytest.fixture
def owner(redis):
    owners = []

    def start(*keywords, settings=(), under=(), url=redis.url):
        owners.append(Owner(url, keywords, settings, under))
        owners[-1].expect("state", None, "ready")
        return owners[-1]

    yield start
    for one in owners:
        one.close()


@pytest.fixture
def peer(redis):
    peer = Peer(redis, "lab")
    yield peer
    peer.close()


def stored(redis, keyword, field="value"):
    return redis.connection().hget(f"credis:{{lab}}:{keyword}", field)


def test_a_write_goes_through_its_steps_in_order_and_is_then_stored(owner, peer, redis):
    it = owner("AZ")
    asked = peer.send("AZ", "5")
    number = it.step("write", "AZ")
    assert stored(redis, "AZ") == "0"
    assert it.tell(f"finish {number}")
    answer = peer.final(asked)
    assert (answer["is"], answer["body"], stored(redis, "AZ")) == ("done", "5", "5")
    assert [answer["is"] for answer in peer.answers[asked]][-1] == "done"
    assert it.asked("prewrite", "write", "postwrite") == [("prewrite", "AZ"), ("postwrite", "AZ")]


def test_a_write_that_takes_its_time_is_accepted_first(owner, peer, wait_for):
    it = owner("AZ")
    asked = peer.send("AZ", "5")
    number = it.step("write", "AZ")
    wait_for(lambda: peer.pump() or peer.answers.get(asked))
    assert [answer["is"] for answer in peer.answers[asked]] == ["accepted"]
    it.tell(f"finish {number}")
    assert peer.final(asked)["is"] == "done"
    assert len(peer.answers[asked]) == 2


def test_accepted_is_said_though_the_stores_clock_is_put_back(owner, redis_server, tmp_path, wait_for):
    clock = Clock(tmp_path)
    redis = redis_server(under=clock.under)
    peer = Peer(redis, "lab")
    it = owner("AZ", under=clock.under, url=redis.url)
    clock.set(-60)

    def was_asked_for_its_time():
        return peer.send("AZ", "1") and "cmdstat_time" in redis.connection().info("commandstats")

    redis.connection().config_resetstat()
    wait_for(was_asked_for_its_time)
    last = peer.send("AZ", "2")
    wait_for(lambda: peer.pump() or peer.answers.get(last), what="accepted")
    assert peer.answers[last][0]["is"] == "accepted" and it.step("write", "AZ")
    peer.close()


def test_the_source_is_told_what_who_and_where(owner, peer):
    it = owner("AZ")
    peer.send("AZ", "home", **{"from": "jane@obs1:4711"})
    line = it.expect("write", None, "AZ")
    assert line[3:] == ["0", "jane@obs1:4711"]
    it.tell(f"finish {line[1]}")


@pytest.mark.parametrize("text, code, words", [
    ("nowhere", "values", "AZ: nowhere is no place"),
    ("13", "range", "AZ: 13 brings bad luck"),
    ("x", "type", "AZ: "),
])
def test_translate_and_check_refuse_before_the_source_is_asked(owner, peer, text, code, words):
    it = owner("AZ")
    answer = peer.ask("AZ", text)
    assert (answer["is"], answer["code"]) == ("refused", code)
    assert answer["body"].startswith(words)
    assert it.asked("prewrite", "write") == []


@pytest.mark.parametrize("step", ["prewrite", "write", "postwrite"])
@pytest.mark.parametrize("code, outcome", [("driver", "failed"), ("range", "refused"), ("nonsense", "failed")])
def test_each_step_can_end_a_write(owner, peer, redis, step, code, outcome):
    it = owner("AZ")
    it.tell("auto write")
    it.tell(f"auto {step} {code} limit switch")
    answer = peer.ask("AZ", "5")
    assert (answer["is"], answer["body"]) == (outcome, "AZ: limit switch")
    assert stored(redis, "AZ") == "0"
    after = {"prewrite": ["write", "postwrite"], "write": ["postwrite"], "postwrite": []}[step]
    assert it.asked(*after) == []


def test_writes_of_a_keyword_take_turns_in_order_and_disturb_no_other(owner, peer):
    it = owner("AZ", "EL", "PLAIN")
    asked = [peer.send("AZ", str(n)) for n in (1, 2, 3)]
    first = it.step("write", "AZ")
    assert peer.ask("PLAIN", "7")["is"] == "done"
    elevation = peer.send("EL", "4")
    it.tell(f"finish {it.step('write', 'EL')}")
    assert peer.final(elevation)["is"] == "done"
    assert it.asked("write") == []
    it.tell(f"finish {first}")
    for number in asked[1:]:
        it.tell(f"finish {it.step('write', 'AZ')}")
    answers = [peer.final(number) for number in asked]
    assert [answer["body"] for answer in answers] == ["1", "2", "3"]
    assert [int(answer["seq"]) for answer in answers] == list(range(int(answers[0]["seq"]), int(answers[0]["seq"]) + 3))


def test_an_answer_given_twice_counts_once(owner, peer):
    it = owner("AZ")
    first, second = peer.send("AZ", "1"), peer.send("AZ", "2")
    number = it.step("write", "AZ")
    assert it.tell(f"finish {number}")
    assert not it.tell(f"finish {number}")
    assert peer.final(first)["is"] == "done"
    it.tell(f"finish {it.step('write', 'AZ')} driver no")
    assert peer.final(second)["is"] == "failed"
    assert not it.tell("finish 0") and not it.tell("finish 18446744073709551615")


def test_the_timeout_of_the_keyword_ends_a_write_and_a_late_answer_is_nobodys(owner, peer, redis):
    it = owner("AZ", settings=[("AZ", "timeout", "200 milliseconds")])
    first, second = peer.send("AZ", "1"), peer.send("AZ", "2")
    number = it.step("write", "AZ")
    answer = peer.final(first)
    assert (answer["is"], answer["code"]) == ("failed", "timeout")
    assert answer["body"] == "AZ: not written within 200 milliseconds, its timeout"
    it.expect("cancel", number)
    assert not it.tell(f"finish {number}")
    it.tell(f"finish {it.step('write', 'AZ')}")
    assert peer.final(second)["body"] == "2"


def test_a_deadline_that_passes_in_the_queue_is_answered_expired_and_not_executed(owner, peer):
    it = owner("AZ")
    first, second = peer.send("AZ", "1"), peer.send("AZ", "2", expires=0.3)
    number = it.step("write", "AZ")
    assert peer.final(second)["is"] == "expired"
    it.tell(f"finish {number}")
    assert peer.final(first)["is"] == "done"
    assert it.asked("write") == []


def test_the_sequence_is_judged_when_the_turn_comes(owner, peer, redis):
    it = owner("AZ")
    seq = int(stored(redis, "AZ", "seq"))
    first = peer.send("AZ", "2")
    number = it.step("write", "AZ")
    fits, conflicts = peer.send("AZ", "3", if_seq=seq + 1), peer.send("AZ", "4", if_seq=seq)
    it.tell(f"finish {number}")
    it.tell(f"finish {it.step('write', 'AZ')}")
    assert [peer.final(n)["is"] for n in (first, fits, conflicts)] == ["done", "done", "refused"]
    assert peer.final(conflicts)["code"] == "conflict"


def test_reads_that_come_together_share_one_reading(owner, peer, redis):
    it = owner("AZ")
    asked = [peer.send("AZ", verb="read") for _ in range(3)]
    number = it.step("read", "AZ")
    peer.ask("DISPSTATE", verb="read")
    assert it.tell(f"value {number} 42")
    assert {(peer.final(n)["is"], peer.final(n)["body"]) for n in asked} == {("done", "42")}
    assert it.asked("preread", "read", "postread") == [("preread", "AZ"), ("postread", "AZ")]
    assert stored(redis, "AZ") == "42"


def test_a_reading_that_fails_says_why_and_marks_the_value(owner, peer, redis, wait_for):
    it = owner("AZ")
    asked = peer.send("AZ", verb="read")
    it.tell(f"finish {it.step('read', 'AZ')} driver no power")
    answer = peer.final(asked)
    assert (answer["is"], answer["body"]) == ("failed", "AZ: no power")
    wait_for(lambda: stored(redis, "AZ", "severity") == "invalid")
    asked = peer.send("AZ", verb="read")
    it.tell(f"value {it.step('read', 'AZ')} 3")
    assert peer.final(asked)["body"] == "3"
    wait_for(lambda: stored(redis, "AZ", "severity") is None)


def test_a_period_reads_and_never_twice_at_a_time(owner, redis, wait_for):
    it = owner("AZ", settings=[("AZ", "period", "20 milliseconds")])
    number = it.step("read", "AZ")
    time.sleep(0.1)  # five periods in which nothing may be asked
    assert it.asked("read") == []
    it.tell(f"value {number} 8")
    wait_for(lambda: stored(redis, "AZ") == "8")
    it.tell(f"value {it.step('read', 'AZ')} 9")
    wait_for(lambda: stored(redis, "AZ") == "9")


def test_a_schedule_reads_at_its_time_of_day(owner, redis):
    soon, *later = (time.strftime("%H:%M:%S", time.gmtime(time.time() + s)) for s in range(2, 30, 4))
    it = owner("AZ", settings=[("AZ", "schedule", json.dumps([soon, *later]))])  # a slow one misses the first
    it.step("read", "AZ")
    assert time.strftime("%H:%M:%S", time.gmtime(time.time())) >= soon


def times_of_each_second():
    return json.dumps([time.strftime("%H:%M:%S", time.gmtime(time.time() + s)) for s in range(60)])


@pytest.mark.parametrize("setting", ["schedule", "period"])
def test_reading_by_the_clock_goes_on_when_a_reading_describes_the_service_anew(owner, setting):
    text = times_of_each_second() if setting == "schedule" else "20 milliseconds"
    it = owner("AZ", settings=[("AZ", setting, text)])
    it.tell("auto read")
    if setting == "period":
        it.tell(f"finish {it.step('read', 'AZ')}")  # when it was ready
    for _ in range(2):
        it.tell("then read AZ")
        it.step("read", "AZ")
    it.step("read", "AZ")


def test_a_schedule_goes_on_when_a_clock_that_was_ahead_is_put_right(owner, tmp_path):
    clock = Clock(tmp_path)
    clock.set(2 * 86400)
    it = owner("AZ", settings=[("AZ", "schedule", times_of_each_second())], under=clock.under)
    it.tell("auto read")
    it.step("read", "AZ")
    clock.set(0)
    it.asked("read")
    it.step("read", "AZ")


def test_a_deadband_holds_values_back_but_not_a_change_of_severity(owner, redis, wait_for):
    it = owner("AZ", settings=[("AZ", "deadband", "5")])
    it.tell("set AZ 10")
    wait_for(lambda: stored(redis, "AZ") == "10")
    it.tell("set AZ 12")
    it.tell("severity AZ major cold")
    wait_for(lambda: stored(redis, "AZ", "severity") == "major")
    assert stored(redis, "AZ") == "10"
    it.tell("set AZ 13")
    wait_for(lambda: stored(redis, "AZ") == "13")
    assert stored(redis, "AZ", "severity") is None


def test_a_reload_lets_the_write_under_way_finish_and_keeps_the_order(owner, peer):
    it = owner("AZ")
    first, second = peer.send("AZ", "1"), peer.send("AZ", "2")
    number = it.step("write", "AZ")
    assert it.tell("again AZ EL")
    assert it.asked("write", "cancel") == []
    it.tell(f"finish {number}")
    it.expect("release", "0", "AZ")
    it.tell(f"finish {it.step('write', 'AZ')}")
    assert [peer.final(n)["body"] for n in (first, second)] == ["1", "2"]


def test_a_set_does_not_drive_what_need_not_be_written(owner, peer, redis, wait_for):
    it = owner("AZ", "PLAIN", settings=[("AZ", "force", "false")])
    it.tell("auto write")
    answers = [peer.final(number) for number in peer.send_set([("AZ", "0"), ("PLAIN", "4")])]
    assert [answer["is"] for answer in answers] == ["done", "done"]
    assert stored(redis, "PLAIN") == "4" and it.asked("prewrite", "write") == []
    redis.connection().config_set("maxmemory", "1")
    answers = [peer.final(number) for number in peer.send_set([("AZ", "0"), ("PLAIN", "5")])]
    redis.connection().config_set("maxmemory", "0")
    assert all(answer["is"] != "done" and "but not stored" not in answer["body"] for answer in answers), answers
    wait_for(lambda: peer.ask("AZ", "1")["is"] == "done")
    assert it.asked("write") == [("write", "AZ")]


def send_together(peer, *parts):
    """Several messages in one payload on the channel of the service: (keyword, text, fields of its header)."""
    numbers, payload = [], b""
    for keyword, text, fields in parts:
        number, header = peer.header(key=keyword, len=len(text), **fields)
        numbers.append(number)
        payload += header + text.encode()
    peer.connection.publish(peer.channel(None), payload)
    return numbers


@pytest.mark.parametrize("order, code", [("then write AZ EL", None), ("then write EL", "unknown-keyword")])
def test_a_service_described_anew_from_inside_a_write_judges_what_came_with_it(owner, peer, redis, order, code):
    it = owner("AZ", "EL")
    it.tell("auto write")
    it.tell(order)
    first, header = peer.header(len=1)
    second, other = peer.header(len=1)
    peer.connection.publish(peer.channel("AZ"), header + b"1" + other + b"2")
    assert peer.final(first)["is"] == "done"
    assert peer.final(second).get("code") == code


@pytest.mark.parametrize("order", ["then translate AZ EL", "then translate EL", "then check AZ EL", "then check EL"])
def test_a_write_whose_keyword_is_described_anew_while_it_is_judged_is_refused(owner, peer, order):
    it = owner("AZ", "EL")
    it.tell("auto write")
    it.tell(order)
    answer = peer.ask("AZ", "1")
    assert (answer["is"], answer["code"]) == ("refused", "busy") and "described anew" in answer["body"]
    assert it.asked("prewrite", "write") == []
    assert peer.ask("EL", "1")["is"] == "done"


def test_a_set_whose_keyword_is_gone_before_it_is_whole_is_refused(owner, peer, redis):
    it = owner("AZ", "EL", "PLAIN")
    it.tell("auto write")
    it.tell("then write EL PLAIN")
    one_of_set = {"group": 1, "of": 2}
    az, el, plain = send_together(peer, ("AZ", "1", one_of_set), ("EL", "1", {}), ("PLAIN", "1", one_of_set))
    assert peer.final(az)["code"] == "unknown-keyword" and peer.final(plain)["code"] == "conflict"
    assert peer.final(el)["is"] == "done" and stored(redis, "PLAIN") == "0"


def test_a_request_that_was_held_back_is_answered_though_its_keyword_is_gone(owner, peer, redis):
    links = Links(f"store={redis.directory}/link={redis.socket}")
    it = owner("AZ", "EL", url=f"unix://{redis.directory}/link")
    links.tell("store", "refuse")
    connection = redis.connection()
    for client in connection.client_list():
        if client["name"] == "credisd" and client["sub"] == "0":
            connection.client_kill_filter(_id=client["id"])
    it.expect("state", None, "degraded")
    asked = peer.send("AZ", "1")
    it.tell("again EL")
    links.tell("store", "pass")
    assert peer.final(asked)["code"] == "unknown-keyword"
    it.close()
    links.close()


@pytest.mark.parametrize("order", ["again EL", "remove"])
def test_a_keyword_removed_while_it_is_written_is_answered(owner, peer, order):
    it = owner("AZ", "EL")
    first, second, reading = peer.send("AZ", "1"), peer.send("AZ", "2"), peer.send("AZ", verb="read")
    number, read = it.step("write", "AZ"), it.step("read", "AZ")
    it.tell(order)
    assert [(peer.final(n)["is"], peer.final(n)["code"]) for n in (first, second, reading)] == [
        ("failed", "driver"), ("refused", "unknown-keyword"), ("refused", "unknown-keyword")]
    it.expect("cancel", number)
    it.expect("cancel", read)
    assert not it.tell(f"finish {number}")
    it.expect("release", "0", "AZ")


def test_a_stop_waits_for_the_write_under_way_and_refuses_the_next(owner, peer):
    it = owner("AZ")
    first, second = peer.send("AZ", "1"), peer.send("AZ", "2")
    number = it.step("write", "AZ")
    it.tell("stop")
    assert peer.final(second)["code"] == "busy"
    it.tell(f"finish {number}")
    assert peer.final(first)["is"] == "done"
    it.expect("state", None, "stopped")


def test_a_stop_does_not_wait_for_ever(owner, peer):
    it = owner("AZ")
    asked = peer.send("AZ", "1")
    number = it.step("write", "AZ")
    it.tell("stop")
    answer = peer.final(asked)
    assert (answer["is"], answer["code"]) == ("failed", "timeout")
    it.expect("cancel", number)
    it.expect("state", None, "stopped")


def test_a_service_taken_over_while_it_is_written_is_answered_unknown(owner, peer, redis):
    it = owner("AZ")
    first, second = peer.send("AZ", "1"), peer.send("AZ", "2")
    number = it.step("write", "AZ")
    redis.connection().set("credis:{lab}:dispatcher", '{"id":"another","host":"h","pid":1}', px=60000)
    assert [peer.final(n)["is"] for n in (first, second)] == ["unknown", "refused"]
    it.expect("cancel", number)
    assert not it.tell(f"finish {number}")
    assert stored(redis, "AZ") == "0"


def test_a_write_finished_while_the_store_is_away_is_kept(owner, peer, redis, wait_for):
    it = owner("AZ")
    peer.send("AZ", "6")
    number = it.step("write", "AZ")
    redis.stop()
    it.expect("state", None, "degraded")
    assert it.tell(f"finish {number}")
    redis.start()
    wait_for(lambda: stored(redis, "AZ") == "6")


def test_a_set_with_a_driven_keyword_is_written_whole_or_not_at_all(owner, peer, redis):
    it = owner("AZ", "EL", "PLAIN")
    asked = peer.send_set([("PLAIN", "5"), ("AZ", "6")])
    it.tell(f"finish {it.step('write', 'AZ')} driver limit switch")
    assert [(peer.final(n)["is"], peer.final(n)["code"]) for n in asked] == [
        ("refused", "conflict"), ("failed", "driver")]
    assert (stored(redis, "PLAIN"), stored(redis, "AZ")) == ("0", "0")
    asked = peer.send_set([("PLAIN", "5"), ("AZ", "6")])
    it.tell(f"finish {it.step('write', 'AZ')}")
    assert [peer.final(n)["is"] for n in asked] == ["done", "done"]
    assert (stored(redis, "PLAIN"), stored(redis, "AZ")) == ("5", "6")


def test_a_set_of_two_driven_keywords_is_refused_before_either_is_asked(owner, peer):
    it = owner("AZ", "EL")
    asked = peer.send_set([("AZ", "5"), ("EL", "6")])
    assert [peer.final(n)["code"] for n in asked] == ["conflict", "conflict"]
    assert it.asked("prewrite", "write") == []


def test_more_writes_than_may_wait_are_refused_as_busy(owner, peer):
    it = owner("AZ")
    asked = [peer.send("AZ", str(n + 100)) for n in range(1030)]
    number = it.step("write", "AZ")
    assert peer.final(asked[-1])["code"] == "busy"
    it.tell("auto write")
    it.tell(f"finish {number}")
    outcomes = [peer.final(n)["is"] for n in asked]
    assert outcomes == ["done"] * 1025 + ["refused"] * 5


@pytest.mark.parametrize("ending, outcome", [("", "done"), (" driver jammed", "failed")])
def test_writes_that_end_inside_their_callbacks_take_no_deeper_stack(owner, peer, ending, outcome):
    it = owner("AZ", under=("/bin/sh", "-c", 'ulimit -s 128 && exec "$@"', "sh"))
    asked = [peer.send("AZ", str(n + 100)) for n in range(1000)]
    number = it.step("write", "AZ")
    it.tell(f"auto write{ending}")
    it.tell(f"finish {number}{ending}")
    assert {peer.final(n)["is"] for n in asked} == {outcome}
