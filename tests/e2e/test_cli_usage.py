"""credis and its command line: help without a server, options on either side of the verb, and a
sentence with the nearest word for whatever is mistyped."""

import re

import pytest

from harness.command import Credis

VERBS = ["list", "show", "describe", "modify", "monitor", "wait", "status", "driver-check"]


@pytest.fixture
def alone():
    """credis with no store anywhere."""
    credis = Credis("unix:///nowhere/redis.sock")
    yield credis
    credis.close()


@pytest.mark.parametrize("word", ["--help", "-h"])
def test_help_needs_no_store_and_names_every_verb(alone, word):
    result = alone(word)
    assert result.status == 0 and result.err == ""
    assert result.lines[0].startswith("usage: credis ")
    for verb in VERBS:
        assert f"\n  {verb} " in result.out


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("order", [lambda v: (v, "--help"), lambda v: ("-h", v), lambda v: (v, *([] if v == "driver-check" else ["x"]), "--help")])
def test_help_of_a_verb_shows_usage_options_examples_and_statuses(alone, verb, order):
    result = alone(*order(verb))
    assert result.status == 0 and result.err == ""
    assert result.lines[0].startswith(f"usage: credis {verb} ")
    for part in ("options of every verb:", "--json", "examples:", f"  credis {verb}", "exit status:", "  6  "):
        assert part in result.out


def test_help_stays_within_a_hundred_columns(alone):
    for words in [(), *[(verb,) for verb in VERBS]]:
        assert max(map(len, alone(*words, "--help").lines)) <= 100


@pytest.mark.parametrize("words", [(), ("counter",), ("zset",)])
def test_help_is_in_columns(alone, words):
    rows = re.search(r"^(?:verbs|operations):\n((?:  .*\n)+)", alone(*words, "--help").out, re.M).group(1).splitlines()
    assert len({row.rindex("  ", 0, re.search(r"\S  +\S", row).end()) for row in rows}) == 1, rows


def test_version_is_the_librarys(alone):
    assert alone("--version").out.startswith("credis 0.")


def test_no_arguments_is_short_usage_on_stderr(alone):
    result = alone(url="")
    assert (result.status, result.out) == (2, "")
    assert len(result.err.splitlines()) <= 4 and "usage: credis" in result.err


@pytest.mark.parametrize("words, error", [
    (["moniter", "x.Y"], "'moniter' is no verb; did you mean monitor?"),
    (["modfiy", "x.Y=1"], "'modfiy' is no verb; did you mean modify?"),
    (["frobnicate"], "'frobnicate' is no verb"),
    (["show", "--refesh", "x.Y"], "--refesh: no such option; did you mean --refresh?"),
    (["show", "--nowait", "x.Y"], "--nowait is an option of modify, not of show"),
    (["-Z", "list"], "-Z: no such option; see credis --help"),
    (["show", "x.Y", "-Z"], "-Z: no such option; see credis show --help"),
    (["list", "-t"], "-t needs its SPAN"),
    (["list", "-t", "-1"], None),
    (["list", "-t", "soon"], None),
    (["list", "-t", "0"], "-t: '0' is no time at all; at least 1ms"),
    (["list", "--service="], "--service: its SERVICE is empty"),
    (["list", "--json=yes"], "--json takes no argument"),
    (["modify", "-t", "99999999999d", "x.Y=1"], "-t: '99999999999d' is too long; at most 365000d"),
    (["monitor", "-n", "0", "x.Y"], "-n: '0' is not a whole number from 1"),
    (["monitor", "-n", "1x", "x.Y"], "-n: '1x' is not a whole number from 1"),
    (["monitor", "-n", "99999999999999999999", "x.Y"],
     "-n: '99999999999999999999' is not a whole number from 1"),
    (["show"], "show needs KEYWORD…"),
    (["modify"], "modify needs KEYWORD=VALUE…"),
    (["list", "a", "b"], "list takes [PATTERN] and nothing more"),
    (["wait", "$x.Y", ">", "3"], "wait takes EXPRESSION and nothing more: quote it for the shell"),
    (["show", "POS"],
     "'POS' is half a name: write SERVICE.KEYWORD, or SERVICE.* for all of a service, or give the service with -s"),
    (["show", "de mo.POS"], None),
    (["show", "demo.PO S"], None),
    (["show", "demo."], "'demo.' names no keyword: write demo.KEYWORD, or demo.* for all of them"),
    (["show", ".POS"], None),
    (["show", "-s", "", "POS"], "-s: its SERVICE is empty"),
    (["show", "x." + "K" * 128], None),
    (["show", "s" * 64 + ".K"], None),
    (["status", "a b"], None),
])
def test_wrong_usage_is_status_2_and_a_sentence(alone, words, error):
    result = alone(*words)
    assert (result.status, result.out) == (2, "")
    assert result.err.startswith("credis: ")
    if error is not None:
        assert result.error == error


@pytest.mark.parametrize("words", [["show", "--json"], ["show", "POS", "--json"], ["--json", "frob"],
                                   ["show", "--refesh", "x.Y", "--json"], ["--json"]])
def test_wrong_usage_is_an_object_with_json(alone, words):
    result = alone(*words)
    assert (result.status, result.err) == (2, "")
    assert set(result.json) == {"error", "code"} and result.json["code"] == "invalid"


@pytest.mark.parametrize("words", [
    ["-t", "500ms", "--json", "show", "-s", "demo", "POS"],
    ["show", "POS", "-s", "demo", "-t500ms", "--json"],
    ["--json", "-sdemo", "show", "POS", "--timeout=500ms"],
    ["show", "--json", "-service", "demo", "-timeout", "0.5", "POS"],
    ["show", "--json", "-s", "DEMO", "-t", "500 milliseconds", "--", "pos"],
])
def test_global_options_stand_before_and_after_the_verb(credisd, cli, words):
    credisd()
    result = cli(*words)
    assert result.status == 0 and result.json["value"] == 3


def test_output_that_cannot_be_written_is_a_failure(credisd, cli):
    import subprocess

    credisd()
    with open("/dev/full", "w") as full:
        done = subprocess.run(cli.words(["list"], None), stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
    assert done.returncode == 1
    assert done.stderr == "credis: cannot write the output: No space left on device\n"
