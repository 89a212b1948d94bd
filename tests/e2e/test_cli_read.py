"""credis list, show, describe and status: what is there, in words and in JSON."""

import json
import re

import pytest

from harness.daemon import DEMO

WIDE = """
services = ( {
    name = "wide"; help = "Grüße";
    keywords = (
        { name = "TEMP.1"; type = "double"; units = "°C"; format = "%.2f"; initial = "21.5"; help = "Außen"; },
        { name = "BIG"; type = "integer"; initial = "9007199254740993"; help = "More than a double holds"; },
        { name = "SCALE"; type = "double"; initial = "0.1"; help = "Not a binary fraction"; },
        { name = "TANGO"; type = "enumerated"; values = ( { key = 3; label = "slow dance"; }, { key = 7; label = "fast"; } );
          initial = "fast"; help = "Labels with blanks"; }
    );
}, {
    name = "other";
    keywords = ( { name = "POS"; type = "integer"; initial = "9"; help = "Same name as in demo"; } );
} );
"""


@pytest.fixture
def demo(credisd, cli):
    credisd()
    return cli


@pytest.fixture
def wide(credisd, cli):
    credisd(services={"a.conf": DEMO, "b.conf": WIDE})
    return cli


@pytest.fixture
def by_hand(credisd, cli, redis):
    """by_hand(keyword, **fields): changes the store behind credisd's back, which has ended."""
    credisd().stop()

    def change(keyword, **fields):
        key = f"credis:{{demo}}:{keyword}"
        if fields:
            redis.connection(decode_responses=False).hset(key, mapping=fields)
        else:
            redis.connection().delete(key)
    return change


# list

def test_list_shows_services_with_state_count_and_help(demo):
    result = demo("list")
    assert result.status == 0 and result.err == ""
    assert result.lines[0].split() == ["SERVICE", "STATE", "KEYWORDS", "HELP"]
    service, state, keywords, text = result.lines[1].split(None, 3)
    assert (service, state, text) == ("demo", "ready", "One keyword of every kind")
    assert int(keywords) >= 13


@pytest.mark.parametrize("words", [["demo"], ["-s", "demo"], ["DEMO"], ["demo.*"], ["-s", "demo", "*"], ["demo.%"]])
def test_list_of_a_service_shows_its_keywords_in_aligned_columns(demo, words):
    result = demo("list", *words)
    assert result.status == 0
    assert result.lines[0].split() == ["NAME", "TYPE", "ACCESS", "UNITS", "HELP"]
    column = result.lines[0].index("TYPE")
    assert all(line[column - 1] == " " and line[column] != " " for line in result.lines)
    rows = {line.split()[0]: line for line in result.lines}
    assert re.fullmatch(r"POS +double +read-write +mm +Position", rows["POS"])
    assert re.fullmatch(r"VERSION +string +read +- +May not be written", rows["VERSION"])
    assert re.fullmatch(r"OFFSET +double array +read-write +arcsec +Offset", rows["OFFSET"])
    assert "DISPSTATE" in rows


def test_list_of_a_pattern_shows_what_matches(demo):
    assert [line.split()[0] for line in demo("list", "-q", "demo.?o*").lines] == ["CODE", "COUNT", "POS", "WORDS"]


def test_list_of_several_services_has_a_column_for_them(wide):
    result = wide("list", "*.POS")
    assert result.lines[0].split()[0] == "SERVICE"
    assert [line.split()[:2] for line in result.lines[1:]] == [["demo", "POS"], ["other", "POS"]]


def test_columns_are_aligned_with_characters_of_several_bytes(wide):
    lines = wide("list", "wide").lines
    column = lines[0].index("HELP")
    assert [line[column:] for line in lines if line.startswith("TEMP.1")] == ["Außen"]


def test_list_in_json_has_an_object_a_row(demo):
    service, = demo("--json", "list").objects
    assert service["service"] == "demo" and service["served"] is True and service["keywords"] >= 13
    rows = {row["keyword"]: row for row in demo("--json", "list", "demo").objects}
    assert rows["POS"] == {"service": "demo", "keyword": "POS", "type": "double", "access": "read-write",
                           "units": "mm", "help": "Position"}
    assert "units" not in rows["COUNT"]


def test_list_of_an_empty_store_is_nothing_with_a_note(cli, redis):
    result = cli("list")
    assert (result.status, result.out) == (0, "")
    assert result.error == f"no services in {redis.url}"
    assert cli("list", "-q").err == ""


@pytest.mark.parametrize("words, status", [(["nosuch"], 5), (["demo.NOSUCH"], 5), (["demo.Q*"], 5), (["q*.POS"], 5)])
def test_list_of_what_is_not_there_is_status_5(demo, words, status):
    result = demo("list", *words)
    assert (result.status, result.out) == (status, ""), result
    assert words[0].split(".")[0] in result.error


# show

def test_show_prints_name_value_and_units(demo):
    result = demo("show", "demo.POS")
    assert (result.status, result.out, result.err) == (0, "POS = 3 mm\n", "")


def test_show_keeps_the_order_of_the_arguments(demo):
    result = demo("show", "-s", "demo", "NAME", "pos", "Filter", "POS", "demo.COUNT")
    assert result.lines == ["NAME = nobody", "POS = 3 mm", "FILTER = open", "POS = 3 mm", "COUNT = 0"]


@pytest.mark.parametrize("glob", ["demo.*O*", "demo.%o%", "DEMO.*o*"])
def test_show_takes_globs(demo, glob):
    names = [line.split(" = ")[0] for line in demo("show", glob).lines]
    assert {"POS", "COUNT", "CODE", "WORDS", "VERSION", "OFFSET"} <= set(names)
    assert "FILTER" not in names


def test_show_of_several_services_names_them(wide):
    assert wide("show", "demo.POS", "other.POS").lines == ["demo.POS = 3 mm", "other.POS = 9"]
    assert wide("show", "*.POS").lines == ["demo.POS = 3 mm", "other.POS = 9"]


def test_show_takes_keywords_with_dots(wide):
    assert wide("show", "wide.TEMP.1").out == "TEMP.1 = 21.50 °C\n"
    assert wide("show", "-s", "wide", "temp.1").out == "TEMP.1 = 21.50 °C\n"


def test_with_a_service_a_dot_belongs_to_the_keyword(wide):
    assert wide("show", "-s", "demo", "other.POS").error.startswith("demo.OTHER.POS: no such keyword")
    assert wide("show", "-s", "demo", "demo.POS").out == "POS = 3 mm\n"
    assert wide("wait", "-s", "demo", "$other.POS == 9 and $POS == 3").status == 0


def test_show_terse_is_the_value_alone(wide):
    assert wide("show", "--terse", "wide.TEMP.1", "demo.FILTER").lines == ["21.50", "open"]
    assert wide("show", "-s", "demo", "-terse", "POS").out == "3\n"


def test_show_binary_is_numbers_and_keys(wide):
    assert wide("show", "--binary", "--terse", "wide.TANGO", "demo.LIT", "demo.LAMPS").lines == ["7", "0", "0"]


def test_show_ktl_aligns_names_in_30(demo):
    assert demo("show", "--ktl", "demo.POS").out == f"{'POS':>30} = 3 mm\n"


def test_show_timestamp_stands_before(demo):
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z POS = 3 mm\n", demo("show", "--timestamp", "demo.POS").out)


def test_show_refresh_asks_the_dispatcher(credisd, cli):
    daemon = credisd()
    assert cli("show", "--refresh", "demo.POS", "demo.COUNT").lines == ["POS = 3 mm", "COUNT = 0"]
    daemon.stop()
    result = cli("show", "--refresh", "demo.POS")
    assert (result.status, result.out) == (6, ""), result
    assert cli("show", "demo.POS").status == 0


def test_show_in_json_has_native_values(wide):
    def value(keyword):
        return wide("--json", "show", keyword).json["value"]
    assert value("demo.POS") == 3 and value("demo.LIT") is False and value("demo.OFFSET") == [0, 0]
    assert value("demo.NAME") == "nobody" and value("demo.FILTER") == "open" and value("demo.LAMPS") == "none"
    assert value("demo.VERSION") == "1"


def test_show_in_json_prints_numbers_digit_by_digit(wide):
    assert '"value":9007199254740993,' in wide("--json", "show", "wide.BIG").out
    assert '"value":0.1,' in wide("--json", "show", "wide.SCALE").out


def test_show_in_json_tells_all_of_a_reading(wide):
    row = wide("--json", "show", "wide.TEMP.1").json
    assert row.pop("time") > 1.7e9
    assert row == {"service": "wide", "keyword": "TEMP.1", "value": 21.5, "text": "21.50", "units": "°C", "seq": 1,
                   "severity": "none"}


def test_show_in_json_binary_has_keys(wide):
    assert wide("--json", "--binary", "show", "wide.TANGO").status == 2
    assert wide("--json", "show", "--binary", "wide.TANGO").json["value"] == 7


def test_show_attempts_all_and_the_first_failure_is_the_status(demo):
    result = demo("show", "demo.POS", "demo.NOSUCH", "demo.COUNT")
    assert (result.status, result.lines) == (5, ["POS = 3 mm", "COUNT = 0"])
    assert result.error.startswith("demo.NOSUCH: ")
    result = demo("show", "POS", "demo.NOSUCH", "demo.COUNT")
    assert (result.status, result.lines) == (2, ["COUNT = 0"])


@pytest.mark.parametrize("word", ["nosuch.POS", "demo.NOSUCH", "demo.Q*", "nosuch.*", "q*.POS"])
def test_show_of_what_is_not_there_is_status_5(demo, word):
    result = demo("show", word)
    assert (result.status, result.out) == (5, ""), result
    error = demo("--json", "show", word).json
    assert error["code"] in ("unknown-keyword", "unknown-service") and error["error"], error


def test_error_object_names_service_and_keyword(demo):
    error = demo("--json", "show", "demo.NOSUCH").json
    assert (error["service"], error["keyword"], error["code"]) == ("demo", "NOSUCH", "unknown-keyword")


def test_show_of_a_write_only_keyword_is_refused(demo):
    result = demo("show", "demo.SECRET")
    assert (result.status, result.out) == (1, ""), result
    assert result.error.startswith("demo.SECRET: ")


@pytest.mark.parametrize("words", [["show"], ["alarms"], ["monitor", "-t", "300ms"]])
def test_a_pattern_leaves_out_what_may_only_be_written(demo, words):
    for pattern in ("demo.*", "d*.*"):
        result = demo(*words, pattern)
        assert (result.status, result.err) == (0, "") and "SECRET" not in result.out, result
    for pattern in ("demo.SEC*", "d*.SEC*", "demo.SECRET", "d*.SECRET"):
        result = demo(*words, "demo.FILTER", pattern, limit=20)
        assert result.status == 1, result
        all_that_match = "all that match " if "*" in pattern else ""
        assert result.error == f"{pattern}: {all_that_match}may only be written"


def test_all_alarms_are_told_where_something_may_only_be_written(demo):
    result = demo("alarms")
    assert (result.status, result.out, result.err) == (0, "", "")


def test_list_and_describe_have_what_may_only_be_written(demo):
    assert "SECRET" in demo("list", "demo.SEC*").out and "demo.SECRET" in demo("describe", "demo.SEC*").out


def test_nothing_in_a_value_can_move_the_cursor(demo, redis):
    nasty = "a\x1b[2Jb\nc\rd\x07\u009b2Je\x7f é€😀"
    assert demo("modify", f"demo.NAME={nasty}").status == 0
    assert demo("show", "demo.NAME").out == "NAME = a\\x1b[2Jb\\nc\\rd\\x07\\xc2\\x9b2Je\\x7f é€😀\n"
    assert demo("--json", "show", "demo.NAME").json["value"] == nasty


def test_show_terse_in_a_pipe_is_the_very_bytes(demo):
    assert demo("modify", "demo.NAME=a\x1b[1m\tb").status == 0
    assert demo("show", "--terse", "demo.NAME").out == "a\x1b[1m\tb\n"


def test_text_in_the_store_that_is_not_utf8_is_escaped(by_hand, cli):
    by_hand("NAME", value=b"x\xff\xc0y")
    assert cli("show", "demo.NAME").out == "NAME = x\\xff\\xc0y\n"
    assert cli("--json", "show", "demo.NAME").json["value"] == "x\ufffd\ufffdy"


def test_a_number_that_somebody_stored_by_hand_is_text_in_json(by_hand, cli):
    by_hand("POS", value="broken, {}")
    assert cli("--json", "show", "demo.POS").json["value"] == "broken, {}"


def test_severity_is_shown_with_its_reason(by_hand, cli):
    by_hand("POS", severity="major", reason="limit\x1bswitch")
    assert cli("show", "demo.POS").out == "POS = 3 mm [major: limit\\x1bswitch]\n"
    row = cli("--json", "show", "demo.POS").json
    assert (row["severity"], row["reason"]) == ("major", "limit\x1bswitch")


def test_a_keyword_without_a_value_says_so(by_hand, cli):
    by_hand("POS")
    assert cli("show", "demo.POS").out == "POS = (no value)\n"
    assert cli("show", "--terse", "demo.POS").out == "\n"
    assert cli("--json", "show", "demo.POS").json["value"] is None


# describe

def test_describe_prints_a_setting_a_line(demo):
    result = demo("describe", "demo.POS")
    assert result.status == 0
    assert result.lines[0] == "demo.POS"
    fields = dict(line.split(None, 1) for line in result.lines[1:])
    assert fields["type"] == "double" and fields["units"] == "mm" and fields["help"] == "Position"
    assert json.loads(fields["range"]) == [0, 10]


def test_describe_takes_globs_and_several(demo):
    result = demo("describe", "-s", "demo", "NAME", "?OS")
    assert [line for line in result.lines if line[0] != " "] == ["demo.NAME", "demo.POS"]


def test_describe_in_json_is_the_description(demo):
    row = demo("--json", "describe", "demo.FILTER").json
    assert (row["service"], row["keyword"], row["type"]) == ("demo", "FILTER", "enumerated")
    assert row["values"] == ["open", "U", "B", "V", "R", "I"]


def test_describe_tells_the_nearest_name(demo):
    result = demo("describe", "demo.FLITER")
    assert (result.status, result.error) == (5, "demo.FLITER: no such keyword; did you mean FILTER?")


def test_describe_attempts_all(demo):
    result = demo("describe", "demo.NOSUCH", "nosuch.X", "demo.POS")
    assert result.status == 5 and result.lines[0] == "demo.POS" and len(result.err.splitlines()) == 2


# alarms

def test_the_time_of_an_alarm_is_that_of_its_value(by_hand, cli):
    by_hand("POS", severity="major", reason="limit switch", time="1700000000")
    titles, _, row = cli("alarms").lines
    assert re.split(r"  +", titles) == ["SEVERITY", "KEYWORD", "VALUE", "TIME OF VALUE", "REASON"]
    assert re.split(r"  +", row)[3] == "2023-11-14T22:13:20Z"


# status

def test_status_shows_who_serves(credisd, cli, wait_for):
    daemon = credisd()
    wait_for(lambda: "store" in cli("--json", "status").json, what="credisd tells its figures each second")
    result = cli("status")
    assert result.status == 0
    titles = ["SERVICE", "STATE", "HOST", "PID", "VERSION", "UP SINCE", "RATE", "LAG", "STORE", "FAULTS"]
    assert re.split(r"  +", result.lines[0])[:10] == titles
    cells = re.split(r"  +", result.lines[1])
    assert cells[:2] == ["demo", "ready"] and int(cells[3]) == daemon.pid
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ", cells[5])
    assert cells[6].endswith("/s") and cells[7].endswith(" ms") and cells[8].startswith("redis ")


def test_status_in_json_has_numbers(credisd, cli, wait_for):
    daemon = credisd()
    row = cli("--json", "status", "demo").json
    assert (row["service"], row["served"], row["pid"]) == ("demo", True, daemon.pid)
    assert row["started"] > 1.7e9 and row["lag_ms"] >= 0 and row["requests"] >= 0 and row["faults"] == 0


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_status_of_an_unserved_service_is_status_6(credisd, cli, wait_for, end):
    daemon = credisd()
    getattr(daemon, end)()
    wait_for(lambda: cli("status", "demo").status == 6, what="the lease lapsed")
    result = cli("status", "demo")
    assert result.lines[1].split() == ["demo", "unserved"] + ["-"] * 9
    assert result.error == "demo: nobody serves it"
    assert cli("status").status == 0 and cli("list").lines[1].split()[1] == "unserved"
    assert cli("--json", "status", "demo").objects[0] == {"service": "demo", "state": "unserved", "served": False}


def test_status_of_no_such_service_is_status_5(demo):
    assert demo("status", "nosuch").status == 5
    assert demo("--json", "status", "nosuch").json["service"] == "nosuch"


def test_values_that_nobody_keeps_are_said_to_be_so(credisd, cli):
    daemon = credisd()
    assert cli("show", "demo.POS").err == "" and cli("alarms").out == ""
    daemon.stop()
    for words in (["show", "demo.POS", "demo.COUNT"], ["--json", "show", "demo.POS"]):
        result = cli(*words)
        assert result.status == 0 and result.out != ""
        assert result.err == "credis: demo: nobody serves it, its values are as they were left\n"
    assert cli("-q", "show", "demo.POS").err == ""
    alarm = cli("--json", "alarms", "demo.POS").json
    assert (alarm["severity"], alarm["name"], alarm["reason"]) == ("invalid", "demo.*", "nobody serves it")
