"""Drivers: what they are asked and how they may answer, what they may do wrong, and that nobody else minds."""

import datetime
import json
import os
import pathlib
import pwd
import re
import shutil
import signal
import tempfile
import time
import urllib.request

import pytest

from harness.peer import Peer
from harness.waiting import ROOT, SANITIZER, wait_for

DRIVER = pathlib.Path(__file__).parent / "harness/driver.py"
SERVICES = """
services = ( {
    name = "demo";
    drivers = ( { name = "box"; command = [ "@DRIVER@", "@DIR@", "@HOW@" ]; @MORE@ } );
    keywords = (
        { name = "X"; type = "double"; range = [ -1000.0, 1000.0 ]; driver = "box"; timeout = "@TIMEOUT@"; },
        { name = "N"; type = "integer"; driver = "box"; },
        { name = "B"; type = "boolean"; driver = "box"; },
        { name = "S"; type = "string"; driver = "box"; max_length = 1000000; timeout = "@TIMEOUT@"; },
        { name = "E"; type = "enumerated"; values = ( "zero", "one" ); driver = "box"; },
        { name = "M"; type = "mask"; values = ( "a", "b" ); driver = "box"; },
        { name = "A"; type = "double array"; driver = "box"; finite = false; },
        { name = "GO"; type = "boolean"; command = true; driver = "box"; },
        { name = "OTHER"; type = "integer"; }
    );
} );
"""


class Box:
    """A credisd with the test's driver, and what that has noted."""

    def __init__(self, credisd, cli, directory, how="well", timeout="30 seconds", more="", ready=True):
        self.cli, self.directory = cli, directory
        self.directory.mkdir(exist_ok=True)
        self.services = self.write(how, timeout, more)
        self.credisd = credisd(services=self.services)
        if ready:
            self.wait_valid()

    def write(self, how="well", timeout="30 seconds", more="", services=SERVICES):
        for name, text in {"DRIVER": DRIVER, "DIR": self.directory, "HOW": how, "TIMEOUT": timeout,
                           "MORE": more}.items():
            services = services.replace(f"@{name}@", str(text))
        return services

    def notes(self, name):
        path = self.directory / name
        return path.read_text().splitlines() if path.exists() else []

    def pids(self):
        return [int(pid) for pid in self.notes("pid")]

    def severity(self, keyword="X"):
        reading = self.cli("show", "--json", f"demo.{keyword}").json
        return reading["severity"], reading.get("reason", "")

    def wait_valid(self, keyword="X"):
        wait_for(lambda: self.severity(keyword)[0] == "none", what=lambda: self.credisd.log())

    def wait_invalid(self, keyword="X"):
        wait_for(lambda: self.severity(keyword)[0] == "invalid", what=lambda: self.credisd.log())

    def serves_others(self):
        return self.cli("modify", "demo.OTHER=1").status == 0

    def memory(self):
        status = pathlib.Path(f"/proc/{self.credisd.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+) kB", status).group(1)) * 1024


@pytest.fixture
def box(credisd, cli, tmp_path):
    return lambda *args, **more: Box(credisd, cli, tmp_path / "box", *args, **more)


def is_gone(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def test_driver_is_asked_in_json_of_the_keywords_type(box):
    it = box()
    words = {"X": "12.50", "N": "-7", "B": "yes", "S": 'a "b" \\ \n é', "E": "1", "M": "3", "A": "1,2.5"}
    for keyword, word in words.items():
        assert it.cli("modify", f"demo.{keyword}={word}").status == 0
    asked = [json.loads(line) for line in it.notes("requests")]
    written = {request["keyword"]: request["value"] for request in asked if request["op"] == "write"}
    assert written == {"X": 12.5, "N": -7, "B": True, "S": 'a "b" \\ \n é', "E": "one", "M": "a,b", "A": [1, 2.5]}
    assert re.fullmatch(r'\{"op":"write","id":\d+,"keyword":"X","value":12.5\}',
                        next(line for line in it.notes("requests") if '"write"' in line))
    assert len({request["id"] for request in asked}) == len(asked)


def test_what_json_has_no_number_for_is_text(box):
    it = box()
    assert it.cli("modify", "demo.A=1,inf,nan").status == 0
    asked = json.loads(it.notes("requests")[-1])
    assert isinstance(asked["value"], str) and "inf" in asked["value"] and "nan" in asked["value"]


def test_momentary_keyword_acts_and_reads_false(box):
    it = box()
    assert it.cli("modify", "demo.GO=true").status == 0
    assert json.loads(it.notes("requests")[-1])["value"] is True
    assert it.cli("show", "--terse", "demo.GO").value == "false"
    assert not any('"GO"' in line and '"read"' in line for line in it.notes("requests"))


def test_momentary_keyword_does_not_act_on_false_in_a_set(box, redis):
    it = box()
    peer = Peer(redis)
    assert [peer.final(number)["is"] for number in peer.send_set([("GO", "false"), ("OTHER", "5")])] == ["done"] * 2
    assert not any('"GO"' in line for line in it.notes("requests"))
    assert [peer.final(number)["is"] for number in peer.send_set([("GO", "true"), ("OTHER", "6")])] == ["done"] * 2
    assert json.loads(it.notes("requests")[-1])["value"] is True
    peer.close()


def test_what_a_driver_refuses_has_failed_with_its_words(box):
    it = box("refusing")
    done = it.cli("modify", "--json", "demo.X=5")
    assert done.status == 1 and done.json["code"] == "driver" and "limit switch" in done.json["error"]
    assert it.cli("show", "--terse", "demo.X").value == "1"


def test_driver_speaks_of_its_own_accord_with_time_and_severity(box):
    it = box("speaking")
    it.wait_valid("A")
    assert it.cli("modify", "demo.X=5").status == 0
    assert it.severity("N") == ("minor", "worn")
    assert it.severity("E") == ("invalid", "no light")
    assert it.cli("show", "--terse", "demo.B").value == "true"
    assert it.cli("show", "--json", "demo.S").json["value"] == "then"
    it.credisd.wait_log("demo.box: homed")
    it.credisd.wait_log("demo.box: a complaint")


def test_fresh_reading_is_asked_of_the_driver(box):
    it = box()
    before = len(it.notes("requests"))
    assert it.cli("show", "--refresh", "--terse", "demo.X").value == "1"
    assert '"read"' in it.notes("requests")[before]


def test_driver_is_asked_once_a_period(credisd, cli, tmp_path):
    credisd(services=f"""services = ( {{ name = "demo"; drivers = ( {{ name = "box"; command = [ "{DRIVER}", "{tmp_path}" ]; }} );
        keywords = ( {{ name = "X"; type = "double"; driver = "box"; period = "100 milliseconds"; }} ); }} );""")
    wait_for(lambda: (tmp_path / "requests").exists() and (tmp_path / "requests").read_text().count('"read"') >= 5)
    assert cli("show", "--json", "demo.X").json["severity"] == "none"


PERIODIC = """services = ( { name = "demo"; drivers = ( { name = "box"; command = [ "@DRIVER@", "@DIR@", "@HOW@" ]; } );
    keywords = ( { name = "X"; type = "double"; driver = "box"; period = "50 milliseconds"; history = 1000; } ); } );"""


@pytest.fixture
def periodic(credisd, tmp_path):
    """periodic(HOW): a keyword that a driver is asked for again and again; returns how often it was so far."""
    def start(how):
        credisd(services=PERIODIC.replace("@DRIVER@", str(DRIVER)).replace("@DIR@", str(tmp_path)).replace("@HOW@", how))

        def asked():
            path = tmp_path / "requests"
            return path.read_text().count('"read"') if path.exists() else 0
        return asked
    return start


def test_reading_that_a_driver_refuses_again_and_again_is_said_once(periodic, cli):
    asked = periodic("blind")
    wait_for(lambda: cli("show", "--json", "demo.X").json.get("reason") == "X: no light")
    first, before = cli("show", "--json", "demo.X").json, asked()
    wait_for(lambda: asked() >= before + 5)
    assert cli("show", "--json", "demo.X").json == first


def microseconds(number):
    milliseconds, _, rest = number.partition("-")
    return int(milliseconds) * 1000 + int(rest)


def test_reading_keeps_the_severity_and_the_time_that_its_driver_gives(periodic, redis):
    asked = periodic("worn")
    wait_for(lambda: asked() >= 5)
    with redis.connection() as connection:
        wait_for(lambda: connection.xlen("credis:{demo}:X:history") > 2)
        entries = connection.xrange("credis:{demo}:X:history")
    # The one before the first reading is its beginning; each reading is one.
    said = [(microseconds(number), fields) for number, fields in entries if fields["value"] == "5"]
    assert all(fields == {"value": "5", "severity": "minor"} for _, fields in said), entries
    # It is always the same moment, long ago; but times grow.
    assert len(said) <= asked() and [time - said[0][0] for time, _ in said] == list(range(len(said)))


def test_garbage_is_logged_and_counted_and_harms_nobody(box):
    it = box("garbage")
    assert it.cli("modify", "demo.X=5").status == 0
    assert it.serves_others()
    for word in ("no JSON object", "NOBODY: no keyword of this driver", "neither id, keyword nor log",
                 "id is not a whole number", "severity is not"):
        it.credisd.wait_log(word)
    assert it.severity() == ("none", "")
    assert len(it.pids()) == 1


def test_line_without_bounds_is_thrown_away(box):
    it = box("long_line")
    assert it.cli("modify", "demo.X=5").status == 0
    it.credisd.wait_log("a line is longer than 1048576 bytes")
    assert it.serves_others()


def test_flood_of_100_megabytes_is_taken_in_portions(box):
    it = box("flood")
    it.cli("modify", "demo.OTHER=0")
    before = it.memory()
    writing = it.cli.start("modify", "demo.X=5")
    slowest = 0.0
    while writing.is_running():
        started = time.monotonic()
        assert it.serves_others()
        slowest = max(slowest, time.monotonic() - started)
    assert writing.wait() == 0
    assert slowest < 5.0
    # A sanitizer keeps what is freed for a while.
    assert it.memory() < before + (512 << 20 if SANITIZER else 32 << 20)
    assert it.credisd.log().count("NOBODY") <= 40
    assert len(it.credisd.log()) < 1 << 20


def test_hose_of_values_leaves_time_and_memory_for_others(box):
    it = box("hose")
    before = it.memory()
    writing = it.cli.start("modify", "demo.B=true")
    slowest = 0.0
    while writing.is_running():
        started = time.monotonic()
        assert it.serves_others()
        slowest = max(slowest, time.monotonic() - started)
    assert writing.wait() == 0 and slowest < 2.0
    assert it.memory() < before + (512 << 20 if SANITIZER else 32 << 20)
    assert it.cli("show", "--terse", "demo.N").value == "99"


def test_answers_go_on_once_a_full_link_has_room(box, redis):
    for _ in range(3):
        it, peer = box("burst"), Peer(redis)
        asked = peer.send("X", "5")
        peer.barrier()
        redis.pause()
        (it.directory / "go").touch()
        it.credisd.wait_log("written, but not stored yet")
        redis.resume()
        if "bytes wait to be written already" in it.credisd.log():
            break
        # The machine is slow: the lease was in doubt before the link was full.
        (it.directory / "go").unlink()
        it.credisd.stop()
        peer.close()
    else:
        pytest.skip("the machine is too slow to fill a link while a lease lasts")
    assert "bytes wait to be written already" in peer.final(asked)["body"]
    assert peer.ask("OTHER", "1")["is"] == "done"
    peer.close()


@pytest.mark.parametrize("how,complaint", [("twice", "answered twice, or too late"),
                                           ("unasked", "request 4711 was answered and never made")])
def test_answer_to_nothing_is_complained_of(box, how, complaint):
    it = box(how)
    assert it.cli("modify", "demo.X=5").status == 0
    it.credisd.wait_log(complaint)
    assert it.cli("show", "--terse", "demo.X").value == "5"
    assert it.serves_others()


def test_driver_that_never_answers_is_probed_and_then_killed(box):
    it = box("never", timeout="300 milliseconds")
    done = it.cli("modify", "--json", "demo.X=5")
    assert done.status != 0 and done.json["code"] == "timeout"
    assert it.serves_others()
    it.credisd.wait_log("it does not answer")
    wait_for(lambda: len(it.pids()) == 2)
    wait_for(lambda: is_gone(it.pids()[0]))
    it.wait_valid()


def test_driver_that_answers_the_probe_lives_on(box):
    it = box("slow", timeout="300 milliseconds")
    for _ in range(3):
        assert it.cli("modify", "--json", "demo.X=5").json["code"] == "timeout"
    probed = len([line for line in it.notes("requests") if '"read"' in line])
    assert probed >= 7 + 1
    assert it.cli("show", "--refresh", "--terse", "demo.X").value == "1"
    assert len(it.pids()) == 1


def test_killed_driver_is_invalid_within_a_second_and_valid_again(box):
    it = box()
    assert it.cli("modify", "demo.X=5").status == 0
    monitor = it.cli.start("monitor", "demo.X")
    monitor.wait_line("demo.X 5")
    killed = time.monotonic()
    os.kill(it.pids()[0], signal.SIGKILL)
    monitor.wait_line("[invalid]")
    assert time.monotonic() - killed < 1.0
    assert "demo.X 1" in monitor.wait_line("demo.X")
    wait_for(lambda: it.severity("GO") == ("none", ""))
    assert it.serves_others()
    assert len(it.pids()) == 2 and len(it.notes("stopped")) == 0


def test_write_under_way_fails_when_its_driver_dies_and_says_why(box):
    it = box("dying")
    done = it.cli("modify", "--json", "demo.X=5")
    assert done.status == 1 and done.json["code"] == "driver"
    assert "driver box is not running: it ended with status 1: out of film" in done.json["error"]
    assert it.cli("show", "--terse", "demo.DISPERROR").value.endswith("driver box is not running: it ended with status 1: out of film")
    # That it ended, and that the write has failed.
    wait_for(lambda: it.cli("status", "--json", "demo").json["faults"] == 2)


def test_writes_to_a_driver_that_is_down_are_refused_saying_why(credisd, cli, tmp_path):
    services = SERVICES.replace("@DRIVER@", str(tmp_path / "missing")).replace("@TIMEOUT@", "30 seconds")
    daemon = credisd(services=services.replace("@MORE@", ""))
    daemon.wait_log("missing is not installed")
    done = cli("modify", "--json", "demo.X=5")
    assert done.json["code"] == "driver"
    assert f"driver box is not running: {tmp_path}/missing is not installed" in done.json["error"]
    reading = cli("show", "--json", "demo.X").json
    assert reading["severity"] == "invalid" and "is not installed" in reading["reason"]
    assert cli("modify", "demo.OTHER=1").status == 0
    assert daemon.log().count("missing is not installed") < 5


def test_closed_standard_input_is_noticed_at_the_next_request(box):
    it = box("shut_input")
    assert it.cli("modify", "demo.X=5").status == 0
    wait_for(lambda: not os.path.exists(f"/proc/{it.pids()[0]}/fd/0"))
    done = it.cli("modify", "--json", "demo.X=6")
    assert done.json["code"] == "driver" and "it closed its standard input" in done.json["error"]
    wait_for(lambda: len(it.pids()) == 2)
    it.wait_valid()


def test_closed_standard_output_is_the_end_of_a_driver(box):
    it = box("shut_output")
    done = it.cli("modify", "--json", "demo.X=5")
    assert done.json["code"] == "driver" and "it closed its standard output" in done.json["error"]
    wait_for(lambda: len(it.pids()) == 2)
    it.wait_valid()


def test_grandchild_that_holds_the_pipes_ends_with_its_driver(box):
    it = box("parent")
    done = it.cli("modify", "--json", "demo.X=5")
    assert "it ended with status 3" in done.json["error"]
    wait_for(lambda: is_gone(int(it.notes("grandchild")[0])))
    it.wait_valid()
    assert len(it.pids()) == 2


def test_requests_that_nobody_reads_are_bounded(credisd, cli, tmp_path):
    keywords = ",".join(f'{{ name = "S{n}"; type = "string"; max_length = 200000; driver = "box"; timeout = "2 seconds"; }}'
                        for n in range(14))
    daemon = credisd(services=f"""services = ( {{ name = "demo"; drivers = ( {{ name = "box";
        command = [ "{DRIVER}", "{tmp_path}", "deaf" ]; }} ); keywords = ( {keywords} ); }} );""")
    daemon.wait_log("+driver")
    done = cli("modify", *[f"demo.S{n}={'x' * 100000}" for n in range(14)])
    assert done.status != 0
    refused = [line for line in done.err.splitlines() if "driver box does not read its requests:" in line]
    stalled = [line for line in done.err.splitlines() if "seconds" in line]
    assert len(refused) in (2, 3) and len(stalled) == 14 - len(refused), done.err
    daemon.wait_log("it does not answer")
    wait_for(lambda: len((tmp_path / "pid").read_text().split()) == 2)


def test_value_that_is_not_allowed_makes_its_keyword_invalid(box):
    it = box("limits")
    assert it.cli("modify", "demo.X=5").status == 1
    severity, reason = it.severity()
    assert severity == "invalid" and "above the maximum 1000" in reason
    assert it.cli("show", "--terse", "demo.X").value == "1"


def test_driver_is_asked_to_stop(box):
    it = box()
    it.credisd.stop()
    assert it.notes("stopped") == ["in good order"]
    assert is_gone(it.pids()[0])


def test_driver_that_starts_with_its_service_is_no_fault(box):
    it = box("well")
    assert it.cli("show", "--terse", "demo.DISPERROR").value == ""
    assert "fault" not in it.credisd.log()


def test_driver_that_will_not_stop_is_killed(box):
    it = box("stubborn")
    assert it.cli("modify", "demo.X=5").status == 0
    started = time.monotonic()
    it.credisd.stop()
    assert time.monotonic() - started < 10
    assert is_gone(it.pids()[0])


def test_driver_has_three_descriptors_and_no_environment_of_ours(box, monkeypatch):
    monkeypatch.setenv("SECRET", "of the daemon")
    it = box("surroundings", more='environment = ( "PORT=/dev/ttyS0", "LANG=C" ); directory = "/tmp";')
    seen = json.loads(it.notes("surroundings")[0])
    assert seen["descriptors"] == [0, 1, 2]
    path = seen["environment"].pop("PATH")
    assert path.split(":")[-1] == "/bin"
    seen["environment"].pop("LC_CTYPE", None)  # Python's own
    assert seen["environment"] == {"CREDIS_SERVICE": "demo", "CREDIS_DRIVER": "box", "PORT": "/dev/ttyS0",
                                   "LANG": "C"}
    assert seen["directory"] == "/tmp" and seen["group"]
    assert seen["blocked"] == 0
    # The first two Python ignores itself; the others the C library keeps for itself, as they came.
    known = (signal.SIGPIPE, signal.SIGXFSZ, 32, 33)
    assert seen["ignored"] & ~sum(1 << number - 1 for number in known) == 0
    assert seen["argv"][1:] == [str(it.directory), "surroundings"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may start programs as another user")
def test_driver_runs_as_the_user_it_is_told(credisd, cli):
    directory = pathlib.Path(tempfile.mkdtemp(dir="/tmp"))
    directory.chmod(0o755)
    script = directory / "who"
    script.write_text('#!/bin/sh\necho "{\\"keyword\\":\\"WHO\\",\\"value\\":\\"$(id -u):$(id -G)\\"}"\n'
                      "while read -r line; do :; done\n")
    script.chmod(0o755)
    credisd(services=f"""services = ( {{ name = "demo";
        drivers = ( {{ name = "who"; command = [ "{script}" ]; user = "nobody"; }} );
        keywords = ( {{ name = "WHO"; type = "string"; access = "read"; driver = "who"; }} ); }} );""")
    nobody = pwd.getpwnam("nobody")
    wait_for(lambda: cli("show", "--terse", "demo.WHO").value == f"{nobody.pw_uid}:{nobody.pw_gid}",
             what=lambda: cli("show", "demo.WHO").out)
    shutil.rmtree(directory)


def test_reload_leaves_an_unchanged_driver_alone(box):
    it = box()
    it.credisd.write_services(it.services.replace('"N"; type = "integer"', '"N"; type = "integer"; help = "new"'))
    it.credisd.reload()
    assert it.cli("modify", "demo.X=5").status == 0
    assert it.severity() == ("none", "")
    assert len(it.pids()) == 1


def test_reload_restarts_a_driver_that_has_changed(box):
    it = box()
    it.credisd.write_services(it.write(more='environment = ( "A=1" );'))
    it.credisd.reload()
    wait_for(lambda: len(it.pids()) == 2)
    it.wait_valid()
    assert it.notes("stopped") == ["in good order"]
    assert it.cli("modify", "demo.X=5").status == 0


def test_reload_ends_a_driver_that_is_gone_and_its_keywords_are_fine(box):
    it = box("dying")
    it.cli("modify", "demo.X=5")
    without = re.sub(r"drivers = .*", "", it.services).replace('driver = "box";', "")
    it.credisd.write_services(without)
    it.credisd.reload()
    wait_for(lambda: all(is_gone(pid) for pid in it.pids()))
    it.wait_valid()
    assert it.cli("modify", "demo.X=6").status == 0
    assert it.cli("show", "--terse", "demo.X").value == "6"


def test_shipped_mount_slews_stops_at_its_limit_and_parks(credisd, cli):
    text = (ROOT / "etc/services.d/telescope.conf").read_text()
    text = text.replace('"../drivers/mount", "--sim"', f'"{ROOT}/etc/drivers/mount", "--speed", "500"')
    credisd(services=text)
    wait_for(lambda: cli("show", "--json", "telescope.STATE").json["severity"] == "none")
    assert cli("modify", "telescope.AZ=120").status == 0
    assert cli("show", "--terse", "telescope.AZ").value == "120.000"
    assert cli("-t", "10s", "wait", "$telescope.STATE == tracking").status == 0
    done = cli("modify", "telescope.AZ=359")
    assert done.status == 1 and "limit switch at 355 deg" in done.error
    assert cli("modify", "telescope.PARK=true").status == 0
    assert cli("show", "--terse", "telescope.EL").value == "90.000"


def test_shipped_weather_station_speaks_and_answers(credisd, cli):
    text = (ROOT / "etc/services.d/weather.conf").read_text()
    credisd(services=text.replace("../drivers/weather", f"{ROOT}/etc/drivers/weather"))
    wait_for(lambda: cli("show", "--terse", "weather.SKY").value != "unknown")
    assert cli("show", "--refresh", "--terse", "weather.HUMIDITY").status == 0
    assert float(cli("show", "--refresh", "--terse", "weather.LOAD").value) >= 0


def test_driver_runs_where_its_service_is_served_and_nowhere_else(box, credisd, cli):
    first = box()
    second = credisd(services=first.services, ready=False)
    second.wait_status("standing by")
    assert len(first.pids()) == 1
    first.credisd.stop()
    second.wait_ready()
    wait_for(lambda: len(first.pids()) == 2)
    first.wait_valid()
    assert is_gone(first.pids()[0]) and cli("modify", "demo.X=5").status == 0


def test_driver_goes_on_while_the_store_is_away(box, redis):
    it = box()
    redis.kill()
    it.credisd.wait_status("degraded")
    redis.restart()
    it.credisd.wait_status("ready")
    wait_for(lambda: it.cli("modify", "demo.X=5").status == 0)
    it.wait_valid()
    assert len(it.pids()) == 1


def test_driver_that_ends_again_and_again_is_started_after_longer_pauses(credisd):
    daemon = credisd(services="""services = ( { name = "demo"; drivers = ( { name = "box"; command = [ "false" ]; } );
        keywords = ( { name = "X"; type = "double"; driver = "box"; } ); } );""")
    daemon.wait_or_explain(lambda: daemon.log().count("+driver") >= 5, 20, "five starts")
    starts = [datetime.datetime.fromisoformat(line.split()[0].rstrip("Z"))
              for line in daemon.log().splitlines() if " +driver " in line]
    pauses = [(b - a).total_seconds() for a, b in zip(starts, starts[1:])]
    # What is logged is when each has started, which takes a time of its own.
    assert all(pause > 0.7 * least for pause, least in zip(pauses, (0.1, 0.2, 0.4, 0.8))), pauses


def test_driver_ends_with_a_credisd_that_is_killed(box):
    it = box()
    it.credisd.kill()
    wait_for(lambda: is_gone(it.pids()[0]))


def test_metrics_count_drivers_and_their_garbage(credisd, cli, tmp_path):
    services = SERVICES.replace("@DRIVER@", str(DRIVER)).replace("@DIR@", str(tmp_path)).replace("@HOW@", "garbage")
    daemon = credisd('metrics = { listen = "127.0.0.1:0"; };',
                     services.replace("@TIMEOUT@", "30 seconds").replace("@MORE@", ""))
    wait_for(lambda: cli("show", "--json", "demo.X").json["severity"] == "none")
    assert cli("modify", "demo.X=5").status == 0
    page = urllib.request.urlopen(re.search(r"http://\S+/metrics", daemon.log()).group(0), timeout=10).read().decode()
    figures = dict(re.findall(r"^credis_(\w+) (\S+)$", page, re.M))
    assert (figures["drivers_running"], figures["driver_starts_total"]) == ("1", "1")
    assert int(figures["driver_garbage_total"]) == 9
    assert int(figures["driver_lines_total"]) >= 9 + 8
