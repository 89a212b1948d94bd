"""Commands: a keyword that is written and read by running a program, which no shell ever sees."""

import json
import os
import pathlib
import time

import pytest

from harness.peer import Peer
from harness.waiting import wait_for

# What it was given: its arguments one a line, the variable, its standard input.
TOLD = """#!/usr/bin/python3
import json, os, sys
fds = [int(fd) for fd in os.listdir("/proc/self/fd") if os.path.exists("/proc/self/fd/" + fd)]
with open({directory!r} + "/notes", "a") as file:
    print(json.dumps({{"argv": sys.argv[1:], "env": dict(os.environ), "stdin": sys.stdin.read(),
                      "fds": fds,
                      "cwd": os.getcwd(), "group": os.getpgrp() == os.getpid()}}), file=file)
"""


@pytest.fixture
def served(credisd, tmp_path):
    """served(KEYWORDS, name=script…): a credisd with keywords whose commands are such scripts."""
    def start(keywords, **scripts):
        for name, text in scripts.items():
            path = tmp_path / name
            path.write_text(text.format(directory=str(tmp_path)) if "{directory" in text else text)
            path.chmod(0o755)
        return credisd(services=f"services = ( {{ name = \"demo\"; keywords = ( {keywords.replace('@', str(tmp_path) + '/')} ); }} );")
    return start


def told(directory):
    return [json.loads(line) for line in (directory / "notes").read_text().splitlines()]


NASTY = ["$(touch /tmp/pwned)", "`id`", "; rm -rf x", "a b  c", "'\"\\", "line\nbreak\n", "-n", "%v %s %%", "$HOME", "*", "", "é"]


@pytest.mark.parametrize("value", NASTY, ids=range(len(NASTY)))
def test_value_arrives_as_it_is_and_no_shell_sees_it(served, cli, tmp_path, value):
    served('{ name = "S"; type = "string"; write = ( "@told", "--set=%v;%v", "%v", "$HOME" ); }', told=TOLD)
    assert cli("modify", f"demo.S={value}").status == 0
    (got,) = told(tmp_path)
    assert got["argv"] == [f"--set={value};{value}", value, "$HOME"]
    assert got["env"]["CREDIS_VALUE"] == value
    assert got["stdin"] == value
    assert cli("show", "--json", "demo.S").json["value"] == value


def test_nul_is_refused_before_anything_runs_and_when_it_is_printed(served, cli, redis, tmp_path):
    served('{ name = "S"; type = "string"; write = [ "@told", "%v" ]; },'
           '{ name = "R"; type = "string"; access = "read"; read = ( "printf", "a\\\\000b" ); }', told=TOLD)
    peer = Peer(redis, "demo")
    answer = peer.ask("S", "a\0; touch /tmp/pwned")
    assert answer["is"] == "refused" and "NUL" in str(answer), answer
    peer.close()
    assert not (tmp_path / "notes").exists()
    done = cli("show", "--refresh", "demo.R")
    assert done.status == 1 and "NUL" in done.error, done


def test_value_is_given_in_its_stored_form(served, cli, tmp_path):
    served('{ name = "E"; type = "enumerated"; values = ( "off", "on" ); write = ( "@told", "%v" ); },'
           '{ name = "X"; type = "double"; write = ( "@told", "%v" ); }', told=TOLD)
    assert cli("modify", "demo.E=1").status == 0
    assert cli("modify", "demo.X=1e2").status == 0
    assert [got["argv"] for got in told(tmp_path)] == [["on"], ["100"]]


def test_command_has_three_descriptors_and_no_environment_of_ours(served, cli, tmp_path, monkeypatch):
    monkeypatch.setenv("SECRET", "of the daemon")
    served('{ name = "S"; type = "string"; write = [ "@told" ]; }', told=TOLD)
    assert cli("modify", "demo.S=x").status == 0
    (got,) = told(tmp_path)
    assert got["fds"] == [0, 1, 2]
    assert set(got["env"]) - {"LC_CTYPE"} == {"PATH", "LANG", "CREDIS_SERVICE", "CREDIS_KEYWORD", "CREDIS_VALUE"}
    assert (got["env"]["CREDIS_SERVICE"], got["env"]["CREDIS_KEYWORD"]) == ("demo", "S")
    assert got["cwd"] == "/" and got["group"]


def test_long_value_comes_through_standard_input_alone(served, cli, tmp_path):
    served('{ name = "S"; type = "string"; max_length = 200000; write = [ "@told" ]; },'
           '{ name = "T"; type = "string"; max_length = 200000; write = [ "@told", "%v" ]; },'
           '{ name = "U"; type = "string"; max_length = 200000; write = [ "/bin/true" ]; }', told=TOLD)
    redis_value = "x" * 120000
    assert cli("modify", f"demo.S={redis_value}").status == 0
    (got,) = told(tmp_path)
    assert got["stdin"] == redis_value and "CREDIS_VALUE" not in got["env"]
    # One that does not read it is no fault of the value's.
    assert cli("modify", f"demo.U={redis_value}").status == 0


@pytest.mark.parametrize("script,why", [
    ("#!/bin/sh\necho first >&2\necho second >&2\nexit 3\n", "first"),
    ("#!/bin/sh\nexit 3\n", "it ended with status 3"),
    ("#!/bin/sh\nkill -9 $$\n", "it ended with signal 9"),
    ("#!/no/such/interpreter\n", "is not installed"),
    ("no program", "cannot be started: Exec format error"),
], ids=["words", "status", "signal", "interpreter", "format"])
def test_command_that_fails_refuses_the_write_and_says_why(served, cli, script, why):
    served('{ name = "S"; type = "string"; write = [ "@bad" ]; initial = "old"; }', bad=script)
    done = cli("modify", "--json", "demo.S=new")
    assert done.status == 1 and done.json["code"] == "driver" and why in done.json["error"]
    assert cli("show", "--terse", "demo.S").value == "old"


def test_value_is_what_the_command_prints_without_the_line_break(served, cli):
    served('{ name = "S"; type = "string"; access = "read"; read = ( "printf", " a\\nb \\n\\n" ); },'
           '{ name = "X"; type = "double"; access = "read"; read = ( "echo", "$HOME", "2.5" ); },'
           '{ name = "Y"; type = "double"; access = "read"; read = ( "echo", "2.50" ); }')
    assert cli("show", "--refresh", "--json", "demo.S").json["value"] == " a\nb \n"
    assert cli("show", "--refresh", "--terse", "demo.Y").value == "2.5"
    assert "$HOME 2.5" in cli("show", "--refresh", "demo.X").error


def test_reading_that_fails_makes_the_keyword_invalid_until_the_next(served, cli, tmp_path):
    def severity():
        return cli("show", "--json", "demo.X").json["severity"]

    served('{ name = "X"; type = "double"; access = "read"; read = [ "cat", "@value" ]; }')
    assert "No such file" in cli("show", "--refresh", "demo.X").error
    wait_for(lambda: severity() == "invalid")
    (tmp_path / "value").write_text("7\n")
    assert cli("show", "--refresh", "--terse", "demo.X").value == "7"
    wait_for(lambda: severity() == "none")
    assert cli("show", "--terse", "demo.X").value == "7"


def test_reading_that_fails_again_and_again_is_said_once(served, cli, tmp_path):
    served('{ name = "X"; type = "double"; access = "read"; read = [ "@bad" ]; period = "50 milliseconds"; }',
           bad="#!/bin/sh\necho x >>{directory}/runs\necho oops >&2\nexit 3\n")

    def runs():
        return len((tmp_path / "runs").read_text().split()) if (tmp_path / "runs").exists() else 0

    wait_for(lambda: cli("show", "--json", "demo.X").json["severity"] == "invalid")
    first, before = cli("show", "--json", "demo.X").json, runs()
    assert first["reason"] == "X: oops"
    wait_for(lambda: runs() >= before + 5)
    assert cli("show", "--json", "demo.X").json == first


def test_keyword_whose_failing_command_is_taken_away_is_fine(served, cli):
    daemon = served('{ name = "X"; type = "integer"; read = [ "false" ]; }')
    wait_for(lambda: cli("show", "--refresh", "demo.X").status == 1)
    wait_for(lambda: cli("show", "--json", "demo.X").json["severity"] == "invalid")
    daemon.write_services('services = ( { name = "demo"; keywords = ( { name = "X"; type = "integer"; } ); } );')
    daemon.reload()
    wait_for(lambda: cli("show", "--json", "demo.X").json["severity"] == "none")


def test_keyword_with_a_period_is_read_again_and_again(served, cli, tmp_path):
    served('{ name = "N"; type = "integer"; access = "read"; read = [ "@count" ]; period = "100 milliseconds"; }',
           count="#!/bin/sh\necho x >>{directory}/runs\nwc -l <{directory}/runs\n")
    wait_for(lambda: int(cli("show", "--terse", "demo.N").value) >= 3)


def test_command_that_takes_too_long_is_ended_with_all_that_it_started(served, cli, tmp_path):
    served('{ name = "S"; type = "string"; write = [ "@slow" ]; timeout = "300 milliseconds"; },'
           '{ name = "OTHER"; type = "string"; }',
           slow="#!/bin/sh\ntrap '' TERM\nsleep 3600 &\necho $! $$ >{directory}/pids\nsleep 3600\n")
    done = cli("modify", "--json", "demo.S=x")
    assert done.status != 0 and done.json["code"] == "timeout"
    assert cli("modify", "demo.OTHER=x").status == 0
    for pid in (tmp_path / "pids").read_text().split():
        wait_for(lambda p=pid: not pathlib.Path(f"/proc/{p}").exists())


def test_write_waits_until_a_cancelled_one_has_ended(served, cli, tmp_path):
    served('{ name = "N"; type = "integer"; write = [ "@slow", "%v" ]; timeout = "1 second"; }',
           slow="#!/bin/sh\ntrap 'sleep 0.5; echo ended $1 >>{directory}/acts; exit 1' TERM\n"
           "echo began $1 >>{directory}/acts\n[ $1 = 2 ] || {{ sleep 3600 & wait; }}\necho ended $1 >>{directory}/acts\n")
    done = cli("modify", "--json", "demo.N=1")
    assert done.status != 0 and done.json["code"] == "timeout"
    assert cli("modify", "demo.N=2").status == 0
    assert (tmp_path / "acts").read_text().splitlines() == ["began 1", "ended 1", "began 2", "ended 2"]


def test_output_without_bounds_is_cut_off_and_refused(served, cli):
    served('{ name = "S"; type = "string"; access = "read"; read = ( "head", "-c", "50000000", "/dev/zero" ); }')
    done = cli("show", "--refresh", "demo.S")
    assert done.status == 1 and "printed more than 1048576 bytes" in done.error


def test_only_so_many_run_at_a_time_and_all_get_their_turn(served, cli, tmp_path):
    keywords = ",".join(f'{{ name = "K{n}"; type = "string"; write = [ "@count" ]; }}' for n in range(40))
    served(keywords, count="#!/bin/sh\nmkdir -p {directory}/running\ntouch {directory}/running/$$\n"
           "ls {directory}/running | wc -l >>{directory}/most\nsleep 0.2\nrm {directory}/running/$$\n")
    assert cli("modify", *[f"demo.K{n}=x" for n in range(40)]).status == 0
    counts = [int(line) for line in (tmp_path / "most").read_text().split()]
    assert len(counts) == 40 and max(counts) <= 32


def test_stop_kills_what_still_runs(served, cli, tmp_path):
    daemon = served('{ name = "S"; type = "string"; write = [ "@slow" ]; }',
                    slow="#!/bin/sh\necho $$ >{directory}/pid\nexec sleep 3600\n")
    cli("modify", "--nowait", "demo.S=x")
    wait_for(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text())
    started = time.monotonic()
    daemon.stop()
    assert time.monotonic() - started < 10
    pid = (tmp_path / "pid").read_text().strip()
    wait_for(lambda: not pathlib.Path(f"/proc/{pid}").exists())
