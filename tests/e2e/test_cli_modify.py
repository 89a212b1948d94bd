"""credis modify: as credis writes it and as KTL writes it, waiting or not, one or many, and how it fails."""

import os
import threading

import pytest

from harness.command import Credis
from harness.links import Links


@pytest.fixture
def demo(credisd, cli):
    credisd()
    return cli


def values(cli, *keywords):
    return cli("show", "--terse", "-s", "demo", *keywords).lines


def test_modify_writes_waits_and_says_so(demo):
    result = demo("modify", "demo.POS=4.5")
    assert (result.status, result.out, result.err) == (0, "setting POS = 4.5 (wait)\n", "")
    assert values(demo, "POS") == ["4.5"]


@pytest.mark.parametrize("words", [
    ["demo.POS=2"], ["-s", "demo", "POS=2"], ["-s", "demo", "pos=2", "nowait", "silent"],
    ["-s", "demo", "silent", "POS=2"], ["-s", "demo", "POS=", "2"], ["-s", "demo", "POS", "=2"],
    ["-s", "demo", "POS", "=", "2"], ["demo.POS=", "2", "silent"], ["-service", "demo", "POS=2", "wait"],
    ["-s", "demo", "demo.POS", "=", "2", "notify"],
])
def test_ktl_forms_mean_the_same(demo, wait_for, words):
    result = demo("modify", *words)
    assert result.status == 0, result
    assert (result.out == "") == ("silent" in words)
    wait_for(lambda: values(demo, "POS") == ["2"])


def test_several_keywords_in_every_form_at_once(demo):
    result = demo("modify", "-s", "demo", "POS", "=", "1", "COUNT=", "-5", "NAME=", "GAIN", "=2.5", "CODE=xyz", "silent")
    assert (result.status, result.out) == (0, "")
    assert values(demo, "POS", "COUNT", "NAME", "GAIN", "CODE") == ["1", "-5", "", "2.5", "xyz"]


@pytest.mark.parametrize("words, count", [(["demo.COUNT=-5"], "-5"), (["demo.COUNT", "=", "-6"], "-6"),
                                          (["demo.COUNT=", "-7"], "-7"), (["demo.COUNT", "=-8"], "-8")])
def test_a_value_may_begin_with_a_dash(demo, words, count):
    assert demo("modify", *words).status == 0
    assert values(demo, "COUNT") == [count]


@pytest.mark.parametrize("text", ["a=b=c", "=", "--json", "-q", "nowait", "two words", "grüße €", "@home", "* ? %", ""])
def test_text_arrives_as_it_was_written(demo, text):
    assert demo("modify", f"demo.NAME={text}").status == 0
    assert demo("--json", "show", "demo.NAME").json["value"] == text


def test_words_after_two_dashes_are_no_options(demo):
    assert demo("modify", "-s", "demo", "--", "NAME", "=", "--json").status == 0
    assert values(demo, "NAME") == ["--json"]


def test_quiet_is_silent(demo):
    assert demo("-q", "modify", "demo.POS=2").out == ""


@pytest.mark.parametrize("word, how", [([], "wait"), (["--nowait"], "nowait"), (["--notify"], "notify")])
def test_what_is_being_done_is_said(demo, word, how):
    assert demo("modify", "demo.POS=2", *word).lines[0] == f"setting POS = 2 ({how})"


def test_nowait_hands_over(demo, wait_for):
    assert demo("modify", "--nowait", "demo.POS=7", "demo.COUNT=8").status == 0
    wait_for(lambda: values(demo, "POS", "COUNT") == ["7", "8"])


def test_nowait_does_not_hear_of_a_refusal(demo):
    assert demo("modify", "--nowait", "demo.POS=99").status == 0
    assert values(demo, "POS") == ["3"]


def test_notify_prints_each_as_it_completes(demo):
    result = demo("modify", "--notify", "demo.POS=7", "demo.COUNT=99999", "demo.FILTER=r")
    assert sorted(result.lines[3:]) == ["FILTER = R (done)", "POS = 7 mm (done)"]
    assert (result.status, result.error) == (1, "demo.COUNT: 99999 is above the maximum 100")


def test_refused_modify_leaves_value_alone(demo):
    result = demo("modify", "demo.POS=99")
    assert (result.status, result.error) == (1, "demo.POS: 99 is above the maximum 10")
    assert demo("show", "demo.POS").value == "3 mm"


@pytest.mark.parametrize("assignment, code", [
    ("POS=x", "type"), ("POS=11", "range"), ("FILTER=Q", "values"), ("OFFSET=[1]", "length"), ("CODE=9", "pattern"),
    ("VERSION=2", "read-only"), ("NAME=" + "x" * 1001, "length"),
])
def test_each_refusal_is_status_1_with_its_reason(demo, assignment, code):
    error = demo("--json", "-s", "demo", "modify", assignment).json
    keyword = assignment.partition("=")[0]
    assert (error["code"], error["service"], error["keyword"]) == (code, "demo", keyword)
    assert error["error"].startswith(f"demo.{keyword}: ")
    assert demo("-s", "demo", "modify", assignment).status == 1


@pytest.mark.parametrize("word", ["demo.NOSUCH=1", "nosuch.POS=1"])
def test_no_such_keyword_or_service_is_status_5(demo, word):
    result = demo("modify", word)
    assert result.status == 5, result
    assert result.error.startswith(word.partition("=")[0]) or result.error.startswith("nosuch")


def test_all_are_attempted_and_the_first_failure_is_the_status(demo):
    result = demo("modify", "-s", "demo", "POS=99", "NOSUCH=1", "COUNT=5")
    assert result.status in (1, 5) and len(result.err.splitlines()) == 2
    assert values(demo, "POS", "COUNT") == ["3", "5"]


def test_atomic_is_all(demo):
    assert demo("modify", "--atomic", "-s", "demo", "POS=5", "COUNT=6").status == 0
    assert values(demo, "POS", "COUNT") == ["5", "6"]


def test_atomic_is_none(demo):
    result = demo("modify", "--atomic", "-s", "demo", "COUNT=6", "POS=99")
    assert result.status == 1 and "demo.POS: 99 is above the maximum 10" in result.err
    assert values(demo, "POS", "COUNT") == ["3", "0"]


def test_atomic_is_of_one_service(demo):
    result = demo("modify", "--atomic", "demo.POS=5", "other.POS=6")
    assert result.status == 2, result
    assert values(demo, "POS") == ["3"]


def test_if_seq_writes_only_at_that_sequence(demo):
    seq = demo("--json", "show", "demo.POS").json["seq"]
    assert demo("modify", "demo.POS=4", "--if-seq", seq).status == 0
    result = demo("modify", "demo.POS=5", f"--if-seq={seq}")
    assert result.status == 1
    assert demo("--json", "modify", "demo.POS=5", "--if-seq", seq).json["code"] == "conflict"
    assert values(demo, "POS") == ["4"]


def test_outcome_in_json(demo):
    row = demo("--json", "modify", "demo.FILTER=r").json
    assert (row["service"], row["keyword"], row["outcome"], row["value"], row["seq"]) == ("demo", "FILTER", "done", "R", 2)
    assert demo("--json", "modify", "demo.POS=9.5").json["value"] == 9.5
    assert demo("--json", "modify", "demo.NAME=9.5").json["value"] == "9.5"
    assert demo("--json", "modify", "demo.SECRET=x").json["value"] == "x"
    assert demo("--json", "modify", "--nowait", "demo.FILTER=u").json == {
        "service": "demo", "keyword": "FILTER", "outcome": "sent"}


@pytest.mark.parametrize("words", [["demo.POS=1"], ["demo.POS=1", "--nowait"], ["demo.POS=1", "--atomic", "demo.COUNT=2"]])
def test_nobody_serving_is_status_6_at_once(credisd, cli, words):
    credisd().stop()
    result = cli("-t", "50", "modify", *words, limit=10)
    assert result.status == 6, result
    assert "demo" in result.error
    assert {error["code"] for error in cli("--json", "modify", *words).objects} == {"unserved"}


def test_a_dispatcher_that_sleeps_is_status_3(credisd, cli):
    import signal

    daemon = credisd()
    daemon.send(signal.SIGSTOP)
    result = cli("-t", "300ms", "modify", "demo.POS=1")
    daemon.send(signal.SIGCONT)
    assert result.status == 3, result
    assert result.error.startswith("demo.POS: ")


@pytest.mark.parametrize("words, error", [
    (["demo.POS"], "'demo.POS' has no value: write KEYWORD=VALUE"),
    (["=5"], "'=5': no keyword before '='"),
    (["demo.P*=5"], "demo.P*: a keyword to write must be named; a glob will not do"),
    (["silent"], "nothing to write: KEYWORD=VALUE is missing"),
    (["demo.POS=1", "nowait", "notify"], "nowait and notify exclude each other"),
    (["demo.POS=1", "demo.COUNT=2", "--if-seq", "1"], "--if-seq is for one keyword; write them one by one"),
    (["demo.POS=1", "COUNT=2"], "'COUNT' is half a name: write SERVICE.KEYWORD, or SERVICE.* for all of a service, or give the service with -s"),
])
def test_a_wrong_line_sends_nothing(words, error):
    # no store: anything sent would be status 4
    result = Credis("unix:///nowhere/redis.sock")("modify", *words)
    assert (result.status, result.out, result.error) == (2, "", error)


def answer_one(redis):
    """Serves the keyword from the moment when a first request has reached nobody; returns what is then asked."""
    connection = redis.connection()
    with connection.monitor() as monitor:
        next(each for each in monitor.listen() if each["command"].startswith("PUBLISH"))
    ear = connection.pubsub(ignore_subscribe_messages=True)
    ear.subscribe("credis:{demo}:POS:modify")
    request = next(ear.listen())["data"]
    fields = dict(word.split("=", 1) for word in request.partition("\n")[0][1:].split())
    connection.publish(f"credis:answer:{fields['to']}", f"@id={fields['id']} is=done seq=1 time=1.0 len=1\n5")


def test_a_request_on_its_way_is_not_given_up_because_the_one_before_reached_nobody(redis):
    # Longer there and back than it takes to ask again: the answer to the first comes after the second has left.
    path = os.path.join(redis.directory, "link.sock")
    links = Links(f"link={path}={redis.socket}")
    links.tell("link", "delay", 0.7)
    credis = Credis(f"unix://{path}?socket_connect_timeout=20&socket_timeout=20")
    dispatcher = threading.Thread(target=answer_one, args=(redis,), daemon=True)
    dispatcher.start()
    result = credis("-t", "20s", "modify", "demo.POS=5")
    assert (result.status, result.err) == (0, "")
    dispatcher.join(10)
    credis.close()
    links.close()
