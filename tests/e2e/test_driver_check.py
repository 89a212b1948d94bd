"""credis driver-check: a good driver passes, and each way of being wrong is told in words."""

import json
import os
import pathlib
import signal

import pytest

from harness.command import Credis
from harness.waiting import ROOT

DRIVER = pathlib.Path(__file__).parent / "harness/driver.py"


@pytest.fixture
def check(tmp_path):
    """check(*words): driver-check, with no store anywhere."""
    credis = Credis("unix:///nowhere/redis.sock")
    yield lambda *words: credis("driver-check", *words)
    credis.close()


def test_shipped_mount_is_right(check):
    done = check("-k", "AZ=3", "-k", "EL", "-k", "STATE", ROOT / "etc/drivers/mount", "--sim", "--speed", "100")
    assert done.status == 0, done
    assert "wrong" not in done.out
    for word in ("it starts", "write of AZ: done", "read of STATE: answered", "write of an unknown keyword: refused",
                 "16 requests at once: 16 answered", "stop: it ended", "SIGTERM: it ended"):
        assert word in done.out


def test_shipped_weather_station_is_right(check):
    done = check("-k", "SKY", ROOT / "etc/drivers/weather")
    assert done.status == 0, done


@pytest.mark.parametrize("how,words,wrong", [
    ("garbage", ["-k", "X=1"], "a line is no JSON: no JSON"),
    ("twice", ["-k", "X=1"], "the write of X, request 2, is answered twice"),
    ("unasked", ["-k", "X=1"], "request 4711, which was never made"),
    ("slow", ["-t", "200ms", "-k", "X=1"], "write of X: no answer within 200 milliseconds"),
    ("refusing", ["-k", "X=1"], "write of X: refused"),
    ("dying", ["-k", "X=1"], "write of X: it ended with status 1"),
    ("stubborn", [], "stop: it has not ended after 2 seconds"),
    ("well", [], "write of an unknown keyword: no error"),
    ("long_line", ["-k", "X=1"], "a line is longer than 1048576 bytes"),
])
def test_what_is_wrong_is_told(check, tmp_path, how, words, wrong):
    done = check(*words, DRIVER, tmp_path, how)
    assert done.status == 1
    assert any(line.startswith("wrong") and wrong in line for line in done.lines), done


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("trap", ["", "trap '' TERM; "])
def test_interrupted_it_ends_the_driver(tmp_path, trap, number):
    credis = Credis("unix:///nowhere/redis.sock")
    try:
        silent = f"{trap}echo $$ > {tmp_path}/pid; exec sleep 3600"
        check = credis.start("driver-check", "-t", "60s", "-k", "X=1", "sh", "-c", silent)
        check.wait_line("it starts")
        pid = int((tmp_path / "pid").read_text())
        assert check.stop(number) == -number
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
        assert check.read_line() is None and check.err == ""
    finally:
        credis.close()


def test_command_that_cannot_be_started_is_wrong(check):
    done = check("/no/such/driver", "--sim")
    assert done.status == 1 and "/no/such/driver cannot be started: No such file" in done.out


def test_json_has_one_object_a_finding(check, tmp_path):
    done = check("--json", "-k", "X=1", DRIVER, tmp_path, "refusing")
    findings = [json.loads(line) for line in done.lines]
    assert {"verdict": "wrong", "text": "write of X: refused after"} in [
        {**finding, "text": finding["text"].partition(" after")[0] + " after"} for finding in findings]
    assert {finding["verdict"] for finding in findings} <= {"right", "wrong", "note"}
