"""Completion: credis knows what a word may become, and bash asks it."""

import subprocess

import pytest

from harness.command import Credis
from harness.process import environment
from harness.waiting import ROOT

FILES = ROOT / "src/cli/completions"


@pytest.fixture
def demo(credisd, cli):
    credisd()
    return cli


def candidates(cli, *words):
    result = cli("complete", "--", *words, url="", env={"CREDIS_URL": cli.url, "CREDIS_CONF": ""})
    assert result.status == 0, result
    return [line.split("\t")[0] for line in result.lines]


@pytest.mark.parametrize("words, expected", [
    (["mo"], ["modify", "monitor"]),
    ([""], ["list", "show", "describe", "modify", "monitor", "wait", "history", "alarms", "status", "bench",
           "counter", "map", "hash", "set", "zset", "queue", "stack", "pqueue", "mq", "dict", "lock", "shard", "driver-check", "import-ktlxml"]),
    (["-q", "st"], ["status", "stack"]),
    (["modify", "--no"], ["--nowait", "--notify"]),
    (["show", "--re"], ["--refresh"]),
    (["list", "--re"], []),
    (["show", "-t", ""], []),
    (["frobnicate", ""], []),
])
def test_verbs_and_options_need_no_store(words, expected):
    assert candidates(Credis("unix:///nowhere/redis.sock"), *words) == expected


@pytest.mark.parametrize("words", [["show", ""], ["modify", "de"], ["-s", ""], ["status", ""]])
def test_without_a_store_there_are_no_names(words):
    assert candidates(Credis("unix:///nowhere/redis.sock"), *words) == []


@pytest.mark.parametrize("words, expected", [
    (["show", ""], ["demo."]),
    (["show", "DE"], ["demo."]),
    (["alarms", "demo.po"], ["demo.POS"]),
    (["status", ""], ["demo"]),
    (["show", "-s", "d"], ["demo"]),
    (["show", "demo.po"], ["demo.POS"]),
    (["show", "--terse", "demo.NAME", "demo.C"], ["demo.CODE", "demo.COUNT"]),
    (["-s", "demo", "monitor", "c"], ["CODE", "COUNT"]),
    (["modify", "demo.fi"], ["demo.FILTER="]),
    (["modify", "demo.FILTER="], [f"demo.FILTER={v}" for v in ("open", "U", "B", "V", "R", "I")]),
    (["modify", "demo.filter=O"], ["demo.filter=open"]),
    (["modify", "-s", "demo", "LIT=t"], ["LIT=true"]),
    (["modify", "demo.POS="], []),
    (["modify", "demo.NOSUCH="], []),
    (["show", "nosuch."], []),
    (["wait", ""], []),
])
def test_services_keywords_and_labels_come_from_the_store(demo, words, expected):
    assert candidates(demo, *words) == expected


def test_candidates_carry_their_help(demo):
    result = demo("complete", "--", "show", "demo.POS", url="", env={"CREDIS_URL": demo.url, "CREDIS_CONF": ""})
    assert result.out == "demo.POS\tPosition\n"


BASH = r"""
source "$1"; shift
program=$1; COMP_LINE=$2; COMP_POINT=${#COMP_LINE}
compopt() { echo "option $*"; }
_credis "$program"
printf '%s\n' "${COMPREPLY[@]}"
"""


def in_bash(cli, build, line):
    done = subprocess.run(["bash", "-c", BASH, "bash", FILES / "credis", build / "credis", line], capture_output=True,
                          text=True, timeout=60, env=environment(CREDIS_URL=cli.url, CREDIS_CONF=""))
    assert done.stderr == ""
    return done.stdout.splitlines()


@pytest.mark.parametrize("line, expected", [
    ("credis mo", ["modify", "monitor"]),
    ("credis show ", ["option -o nospace", "demo."]),
    ("credis show 'demo.po", ["demo.POS"]),
    ("credis modify demo.FIL", ["option -o nospace", "demo.FILTER="]),
    # readline sees only what follows the '='
    ("credis modify demo.FILTER=o", ["open"]),
])
def test_bash_completes(demo, build, line, expected):
    assert in_bash(demo, build, line) == expected


@pytest.mark.parametrize("shell, check", [("bash", ["bash", "-n"]), ("zsh", ["zsh", "-n"]),
                                          ("fish", ["fish", "--no-execute"])])
def test_completion_files_parse(shell, check):
    file = FILES / {"bash": "credis", "zsh": "_credis", "fish": "credis.fish"}[shell]
    assert file.exists()
    if subprocess.run(["sh", "-c", f"command -v {shell}"], capture_output=True).returncode == 0:
        subprocess.run([*check, file], check=True, timeout=60)
