"""credis history: past values in text, JSON and CSV, and drawn."""

import csv
import io
import re
import xml.etree.ElementTree

import pytest

SERVICES = r"""services = ( {
    name = "demo";
    keywords = (
        { name = "POS"; type = "double"; units = "mm"; format = "%.2f"; history = 100000; alarm = { high = 5; }; },
        { name = "STATE"; type = "enumerated"; values = ( "off", "on & <up>", "fault" ); help = "a < b & \"c\""; history = 1000; },
        { name = "LIT"; type = "boolean"; history = 1000; },
        { name = "NOTE"; type = "string"; history = 1000; },
        { name = "PLAIN"; type = "double"; }
    );
} );
"""
NOON = 1795176000  # 2026-11-20 12:00 UTC
STATES = ("off", "on & <up>", "fault")


@pytest.fixture
def past(credisd, redis):
    """past(keyword, values, step=1): puts values into a history, from noon on, so many seconds apart."""
    credisd(services=SERVICES).stop()
    connection = redis.connection()

    def put(keyword, values, step=1.0):
        key = f"credis:{{demo}}:{keyword}:history"
        connection.delete(key)
        pipeline = connection.pipeline(transaction=False)
        for n, value in enumerate(values):
            us = round((NOON + n * step) * 1000000)
            fields = {"value": value} if isinstance(value, (str, int, float)) else value
            pipeline.xadd(key, fields, id=f"{us // 1000}-{us % 1000}")
        pipeline.execute()
    return put


def values(result):
    assert result.status == 0, result
    return [row["value"] for row in result.objects]


def test_a_live_history_is_printed_with_times_and_severities(credisd, cli):
    credisd(services=SERVICES)
    cli("modify", "demo.POS=1.5")
    cli("modify", "demo.POS=7")
    result = cli("history", "demo.POS")
    assert [line.split(" ", 1)[1] for line in result.lines] == ["0.00 mm", "1.50 mm", "7.00 mm [minor]"]
    shown = cli("show", "demo.POS", "--timestamp").out.split()[0]
    assert result.lines[-1].split()[0] == shown


def test_text_has_time_and_value_in_the_order_of_time(past, cli):
    past("POS", [1, 2.5], step=0.25)
    result = cli("history", "-s", "demo", "pos")
    assert result.lines == ["2026-11-20T12:00:00.000000Z 1.00 mm", "2026-11-20T12:00:00.250000Z 2.50 mm"]
    assert result.err == ""


def test_json_has_an_object_a_value(past, cli):
    past("POS", [{"value": "7", "severity": "minor"}])
    assert cli("history", "demo.POS", "--json").objects == [
        {"service": "demo", "keyword": "POS", "value": 7, "text": "7.00", "units": "mm", "time": NOON,
         "severity": "minor"}]


def test_csv_is_read_back_whatever_is_in_a_value(past, cli):
    texts = ["plain", 'a,"b"', "two\nlines"]
    past("NOTE", texts)
    rows = list(csv.reader(io.StringIO(cli("history", "demo.NOTE", "--csv").out)))
    assert rows[0] == ["time", "value", "severity"]
    assert [row[1] for row in rows[1:]] == texts
    assert rows[1][0] == "2026-11-20T12:00:00.000000Z" and rows[1][2] == "none"


@pytest.mark.parametrize("words, expected", [
    ([], range(10)),
    (["--last", "3"], [7, 8, 9]),
    (["--last", "30"], range(10)),
    (["--from", "2026-11-20 12:00:03", "--to", "2026-11-20T12:00:05Z"], [3, 4, 5]),
    (["--from", f"@{NOON + 7}.5"], [8, 9]),
    (["--to", "2026-11-20 12:00"], [0]),
    (["--since", "2026-11-20", "--to", "2026-11-20 12:00:06", "--last", "2"], [5, 6]),
    (["--since", "20000 days ago"], range(10)),
    (["--from", "2026-11-21", "--to", "2026-11-22"], []),
])
def test_times_and_numbers_choose(past, cli, words, expected):
    past("POS", range(10))
    assert values(cli("history", "demo.POS", "--json", *words)) == list(expected)


def test_since_counts_back_from_now(credisd, cli, redis):
    credisd(services=SERVICES)
    key = "credis:{demo}:POS:history"
    redis.connection().delete(key)
    redis.connection().xadd(key, {"value": 1}, id=f"{NOON}000-0")
    cli("modify", "demo.POS=2")
    for span in ("1h", "1 hour", "1 hour ago", "3600"):
        assert values(cli("history", "demo.POS", "--json", "--since", span)) == [2], span


@pytest.mark.parametrize("words, expected", [([], 2500), (["--last", "2222"], 2222), (["--last", "1000"], 1000)])
def test_many_values_come_page_by_page_and_each_once(past, cli, words, expected):
    past("POS", range(2500), step=0.001)
    assert values(cli("history", "demo.POS", "--json", *words)) == list(range(2500))[-expected:]


@pytest.mark.parametrize("words", [
    ["--since", "yesterday"], ["--from", "2026-02-30"], ["--to", "25:00"], ["--from", "@x"], ["--last", "0"],
    ["--since", "2026-13-01"], ["--from", "2026-11-20 12:00:01", "--to", "2026-11-20 12:00:00"], ["--since", "-1h"],
    ["--since", "1h", "--from", "2026-11-20"], ["--csv", "--spark"], ["--json", "--csv"], ["--since", "1 day a go"],
])
def test_a_time_that_is_none_is_wrong_usage(past, cli, words):
    result = cli("history", "demo.POS", *words)
    assert result.status == 2
    assert result.json["code"] == "invalid" if "--json" in words else result.out == "" and result.error


def test_several_keywords_are_wrong_usage(past, cli):
    assert cli("history", "demo.*").status == 2


def test_a_keyword_without_history_says_so(past, cli):
    result = cli("history", "demo.PLAIN")
    assert (result.status, result.out) == (1, "")
    assert result.error == ("demo.PLAIN: keeps no history; its setting history says how many past values to keep")
    assert cli("history", "demo.NOSUCH").status == 5
    assert cli("history", "nosuch.POS").status == 5


def test_an_empty_history_is_no_failure(past, cli):
    past("POS", [])
    result = cli("history", "demo.POS")
    assert (result.status, result.out, result.error) == (0, "", "demo.POS: no past values")
    assert cli("history", "demo.POS", "--json").out == "" and cli("history", "demo.POS", "-q").err == ""
    assert cli("history", "demo.POS", "--csv").lines == ["time,value,severity"]
    assert cli("history", "demo.POS", "--spark", "--since", "1h").error == "demo.POS: no past values in that time"


# drawn

NAME = "{http://www.w3.org/2000/svg}"


def drawn(cli, tmp_path, keyword, *words):
    """The picture, the text in it, and the line's points."""
    file = tmp_path / "plot.svg"
    result = cli("history", keyword, "--svg", file, *words)
    assert (result.status, result.out) == (0, ""), result
    root = xml.etree.ElementTree.parse(file).getroot()
    texts = [element.text for element in root.iter(f"{NAME}text")]
    lines = [element.get("d") for element in root.iter(f"{NAME}path") if element.get("class") == "line"]
    return root, texts, lines[0] if lines else None


def heights(line):
    return [float(y) for y in re.findall(r"[ML][\d.]+ ([\d.]+)", line)]


def test_svg_keeps_the_extremes_however_many_values_there_are(past, cli, tmp_path):
    many = [5 + n % 2 / 10 for n in range(20000)]
    many[777], many[15003] = 100, -50
    past("POS", many, step=0.01)
    _, texts, line = drawn(cli, tmp_path, "demo.POS")
    assert heights(line).count(min(heights(line))) == 1 and heights(line).count(max(heights(line))) == 1
    assert (min(heights(line)), max(heights(line))) == (50, 330)  # the whole height of the picture
    assert len(heights(line)) < 10000
    assert {"demo.POS", "mm", "0", "100", "-40"} <= set(texts)
    assert "2026-11-20T12:00:00.000000Z to 2026-11-20T12:03:19.990000Z" in texts and "12:01:30" in texts


def test_labels_are_drawn_as_steps(past, cli, tmp_path):
    past("STATE", [STATES[n] for n in (0, 1, 0, 2)])
    _, texts, line = drawn(cli, tmp_path, "demo.STATE")
    assert re.fullmatch(r"M[\d. ]+h0(H[\d.]+V[\d.]+){3}", line) and {*STATES, 'a < b & "c"'} <= set(texts)
    past("LIT", ["true", "false"])
    _, texts, line = drawn(cli, tmp_path, "demo.LIT")
    assert line.count("V") == 1 and {"true", "false"} <= set(texts)


def test_what_is_no_number_breaks_the_line_and_what_is_not_fine_is_marked(past, cli, tmp_path):
    past("POS", [1, 2, "nan", 3, {"value": "9", "severity": "major"}])
    root, _, line = drawn(cli, tmp_path, "demo.POS")
    assert line.count("M") == 2
    assert [element.get("fill") for element in root.iter(f"{NAME}rect")][1:] == ["#d03020"]


@pytest.mark.parametrize("few", [[], [4], ["nan"], [0.1, 0.1], [-1.7e308, 1.7e308], [5e-324, 1e-323]], ids=str)
def test_few_and_strange_values_are_drawn_too(past, cli, tmp_path, few):
    past("POS", few)
    _, texts, line = drawn(cli, tmp_path, "demo.POS", "-q")
    assert ("no values" in texts) == (line is None) == (few in ([], ["nan"]))
    assert "nan" not in (line or "") and "inf" not in (line or "")


def test_text_cannot_be_drawn(past, cli, tmp_path):
    past("NOTE", ["x"])
    result = cli("history", "demo.NOTE", "--svg", tmp_path / "plot.svg")
    assert (result.status, result.error) == (1, "demo.NOTE: a string cannot be drawn")


def test_a_file_that_cannot_be_written_is_a_failure(past, cli, tmp_path):
    past("POS", [1])
    result = cli("history", "demo.POS", "--svg", tmp_path / "nowhere/plot.svg")
    assert result.status == 1 and "nowhere/plot.svg: No such file or directory" in result.error
    assert cli("history", "demo.POS", "--svg", "/dev/full").status == 1


def test_spark_is_a_line_that_shows_peaks(past, cli):
    many = [5] * 3000
    many[1234], many[2500] = 10, 0
    past("POS", many)
    line, below = cli("history", "demo.POS", "--spark").lines
    assert len(line) == 60 and line.count("█") == 1 and line.count("▁") == 1
    assert set(line) == {"█", "▁", "▅"}
    assert below == "0 to 10 mm, 2026-11-20T12:00:00.000000Z to 2026-11-20T12:49:59.000000Z"


def test_spark_holds_a_value_until_the_next(past, cli):
    past("STATE", [STATES[0], STATES[2]], step=100)
    line, below = cli("history", "demo.STATE", "--spark").lines
    assert line == "▁" * 59 + "█" and below.startswith("off to fault, ")
