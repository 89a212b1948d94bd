"""credis monitor and credis wait: lines as things change, and ending well however they are ended."""

import os
import pty
import re
import signal
import subprocess
import time

import pytest

from harness.process import environment
from harness.waiting import LIMIT

STAMP = r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z "


@pytest.fixture
def demo(credisd, cli):
    credisd()
    return cli


def strip(line):
    assert re.match(STAMP, line), line
    return re.sub(STAMP, "", line)


# monitor

def test_a_line_at_once_and_one_at_each_change(demo):
    monitor = demo.start("monitor", "demo.POS")
    assert strip(monitor.read_line()) == "demo.POS 3 mm"
    demo("modify", "demo.POS=4")
    assert strip(monitor.read_line()) == "demo.POS 4 mm"
    demo("modify", "demo.POS=5")
    assert strip(monitor.read_line()) == "demo.POS 5 mm"
    assert monitor.stop() == 0 and monitor.err == ""


def test_every_keyword_of_a_glob_has_its_first_line(demo):
    monitor = demo.start("monitor", "-s", "demo", "*O*", "FILTER")
    seen = {strip(monitor.read_line()).split()[0] for _ in range(4)}
    assert len(seen) == 4
    demo("modify", "demo.FILTER=R")
    monitor.wait_line("demo.FILTER R")


def test_a_service_may_be_a_glob(demo):
    monitor = demo.start("monitor", "d*.POS")
    assert strip(monitor.read_line()) == "demo.POS 3 mm"


def test_severity_is_in_brackets(credisd, cli, redis):
    # credisd would put its own value back
    credisd().stop()
    monitor = cli.start("monitor", "demo.POS")
    monitor.read_line()
    redis.connection().hset("credis:{demo}:POS", mapping={
        "value": "9", "time": f"{time.time():.6f}", "seq": 50, "severity": "minor", "reason": "high"})
    assert strip(monitor.read_line()) == "demo.POS 9 mm [minor]"


def test_count_ends_it(demo):
    result = demo("monitor", "-n", "2", "demo.POS", "demo.COUNT", "demo.FILTER")
    assert (result.status, len(result.lines), result.err) == (0, 2, "")


def test_deadline_ends_it(demo):
    result = demo("monitor", "-t", "400ms", "demo.POS")
    assert (result.status, len(result.lines)) == (0, 1)


def test_deadline_before_the_count_is_status_3(demo):
    result = demo("monitor", "-t", "400ms", "-n", "2", "demo.POS")
    assert (result.status, result.error) == (3, "fewer than 2 lines within the deadline")


def test_binary_shows_keys(demo):
    assert strip(demo("monitor", "-n", "1", "--binary", "demo.FILTER").out.rstrip("\n")) == "demo.FILTER 0"


def test_json_is_an_object_a_line(demo):
    monitor = demo.start("--json", "monitor", "demo.POS")
    import json
    first = json.loads(monitor.read_line())
    assert (first["service"], first["keyword"], first["value"], first["severity"]) == ("demo", "POS", 3, "none")
    demo("modify", "demo.POS=4")
    second = json.loads(monitor.read_line())
    assert second["value"] == 4 and second["seq"] > first["seq"] and second["time"] >= first["time"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_is_a_clean_end(demo, number):
    monitor = demo.start("monitor", "demo.POS")
    monitor.read_line()
    assert monitor.stop(number) == 0 and monitor.err == ""


def test_a_closed_pipe_is_a_clean_end_without_waiting_for_a_change(demo):
    words = " ".join(f"'{word}'" for word in demo.words(["monitor", "demo.POS"], None))
    done = subprocess.run(["bash", "-c", f"{words} | head -n 1; echo ${{PIPESTATUS[0]}}"], capture_output=True,
                          text=True, timeout=LIMIT, env=environment())
    assert strip(done.stdout.splitlines()[0]) == "demo.POS 3 mm"
    assert done.stdout.splitlines()[1:] == ["0"] and done.stderr == ""


def test_lines_pass_through_a_pipe_at_once(demo):
    words = " ".join(f"'{word}'" for word in demo.words(["monitor", "demo.POS"], None))
    with subprocess.Popen(["bash", "-c", f"{words} | cat"], stdout=subprocess.PIPE, text=True, env=environment(),
                          start_new_session=True) as piped:
        try:
            assert strip(piped.stdout.readline().rstrip("\n")) == "demo.POS 3 mm"
        finally:
            os.killpg(piped.pid, signal.SIGTERM)


def test_a_lost_store_is_told_and_waited_for(demo, redis, wait_for):
    monitor = demo.start("monitor", "demo.POS")
    monitor.read_line()
    redis.stop()
    wait_for(lambda: "credis: the store is lost, trying again: " in monitor.err, what="the gap is told")
    redis.start()
    wait_for(lambda: "credis: the store is back" in monitor.err, what="the return is told")
    wait_for(lambda: demo("modify", "demo.POS=8").status == 0, what="credisd is back")
    monitor.wait_line("demo.POS 8 mm")
    assert monitor.stop() == 0


def test_what_nobody_serves_is_told_and_so_is_its_return(credisd, cli, wait_for):
    daemon = credisd()
    monitor = cli.start("monitor", "demo.POS", "demo.COUNT")
    daemon.kill()
    wait_for(lambda: monitor.err != "", what="it is told")
    assert monitor.err == "credis: demo: nobody serves it, its values are as they were left\n"
    credisd()
    wait_for(lambda: "credis: demo: it is served again\n" in monitor.err, what="the return is told")
    assert monitor.stop() == 0 and monitor.err.count("\n") == 2


def test_a_keyword_named_twice_is_watched_once(demo):
    monitor = demo.start("monitor", "demo.POS", "demo.pos")
    monitor.read_line()
    demo("modify", "demo.POS=4")
    assert strip(monitor.read_line()) == "demo.POS 4 mm"


def test_a_lost_store_is_an_object_in_json_and_nothing_when_quiet(demo, redis, wait_for):
    monitor = demo.start("--json", "monitor", "demo.POS")
    quiet = demo.start("-q", "monitor", "demo.POS")
    monitor.read_line()
    quiet.read_line()
    redis.stop()
    assert '"event":"gap"' in monitor.wait_line("event")
    redis.start()
    assert '"event":"restored"' in monitor.wait_line('"restored"')
    wait_for(lambda: demo("modify", "demo.POS=8").status == 0, what="credisd is back")
    quiet.wait_line("demo.POS 8 mm")
    assert monitor.err == "" and quiet.err == ""


@pytest.mark.parametrize("words, status", [(["nosuch.POS"], 5), (["demo.NOSUCH"], 5), (["demo.POS", "POS"], 2),
                                           (["q*.POS"], 5)])
def test_what_cannot_be_watched_is_said_at_once(demo, words, status):
    result = demo("monitor", *words, limit=20)
    assert (result.status, result.out) == (status, ""), result
    assert result.error != ""


# wait

@pytest.mark.parametrize("words", [["$demo.POS == 3"], ["-s", "demo", "$POS > 2 and $FILTER == open"],
                                   ["not $demo.LIT"], ["-s", "demo", "($COUNT + 1) * 2 == 2"]])
def test_wait_is_silent_when_true_already(demo, words):
    result = demo("wait", *words)
    assert (result.status, result.out, result.err) == (0, "", "")


def test_wait_ends_when_it_becomes_true(demo):
    waiting = demo.start("-t", "30s", "wait", "$demo.POS > 5")
    demo("modify", "demo.POS=4")
    assert waiting.is_running()
    demo("modify", "demo.POS=6")
    assert waiting.wait() == 0 and waiting.err == "" and waiting.read_line() is None


def test_wait_past_its_deadline_is_status_3(demo):
    result = demo("wait", "-t", "200ms", "$demo.POS > 5")
    assert (result.status, result.out) == (3, ""), result
    assert demo("--json", "wait", "-t", "200ms", "$demo.POS > 5").json["code"] == "deadline"


@pytest.mark.parametrize("expression, status", [("1 > 2", 1), ("$demo.NOSUCH > 1", 5), ("$nosuch.POS > 1", 5),
                                                ("$demo.POS >", 2), ("", 2), ("$demo.FILTER == Q", None),
                                                ("$demo.NAME", 1), ("$demo.FILTER", 1), ("true", 1), ("sqrt(-1) == 1", 1)])
def test_what_cannot_be_waited_for_is_said_at_once(demo, expression, status):
    result = demo("wait", "-t", "20s", expression, limit=10)
    assert result.status == status if status is not None else result.status in (1, 2), result
    assert result.error != ""


# progress

def terminal(words, ready):
    """What credis writes to a terminal as stderr, until ready(text); then it is interrupted."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=theirs, env=environment()) as started:
        os.close(theirs)
        text = ""
        try:
            while not ready(text):
                data = os.read(ours, 4096)
                assert data, text
                text += data.decode("utf-8", "replace")
        finally:
            started.terminate()
            os.close(ours)
    return text


def test_a_long_wait_is_shown_on_a_terminal(demo):
    text = terminal(demo.words(["wait", "$demo.POS > 5"], None), lambda seen: "… 2 s" in seen)
    assert re.search(r"\r\x1b\[Kwaiting for \$demo\.POS > 5 … \d s", text)


def test_a_long_write_is_shown_on_a_terminal(credisd, cli):
    daemon = credisd()
    daemon.send(signal.SIGSTOP)
    text = terminal(cli.words(["modify", "demo.POS=5"], None), lambda seen: "…" in seen or "credis:" in seen)
    daemon.send(signal.SIGCONT)
    assert "\r\x1b[Kwaiting for demo.POS … " in text


def test_a_store_that_does_not_answer_is_shown_on_a_terminal(cli, redis):
    redis.pause()
    text = terminal(cli.words(["list"], None), lambda seen: "…" in seen or "credis:" in seen)
    assert f"\r\x1b[Kwaiting for {redis.url} … " in text


def test_progress_is_taken_away_before_the_error(demo):
    text = terminal(demo.words(["wait", "-t", "1500ms", "$demo.POS > 5"], None), lambda seen: "\n" in seen)
    assert re.search(r" … \d s\r\x1b\[Kcredis: ", text), text
