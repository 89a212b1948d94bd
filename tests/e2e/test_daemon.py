"""The life of credisd: starting, signals, reloading, what it tells its service manager, metrics."""

import os
import re
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request

import pytest

from harness.daemon import DEMO
from harness.process import environment
from harness.waiting import BUILD, LIMIT

ONE = 'services = ( { name = "one"; keywords = ( { name = "A"; type = "integer"; initial = 1; } ); } );\n'
TWO = 'services = ( { name = "two"; keywords = ( { name = "B"; type = "integer"; initial = 2; } ); } );\n'


def value(redis, service, keyword):
    with redis.connection() as connection:
        return connection.hgetall(f"credis:{{{service}}}:{keyword}")


def services(redis):
    with redis.connection() as connection:
        return connection.smembers("credis:services")


def publish(redis, service, keyword, text):
    with redis.connection() as connection:
        return connection.publish(f"credis:{{{service}}}:{keyword}:modify", text)


# Starting and stopping.

def test_transitions_are_words_in_the_log(credisd):
    daemon = credisd()
    daemon.stop()
    words = re.findall(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (?:error|warning|info) (\S+)", daemon.log(), re.M)
    order = [word for word in words if word in ("+start", "+ready", "stopping", "stopped")]
    assert order[:3] == ["+start", "+ready", "stopping"] and order[-1] == "stopped"
    assert len(words) == len(daemon.log().splitlines()), daemon.log()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_stops_cleanly(credisd, redis, number):
    daemon = credisd()
    daemon.send(number)
    assert daemon.wait() == 0
    with redis.connection() as connection:
        assert not connection.exists("credis:{demo}:dispatcher")


def test_a_stop_with_the_store_away_is_a_stop(credisd, redis):
    daemon = credisd()
    redis.kill()
    daemon.wait_log("-ready")
    daemon.stop()


def test_a_second_signal_stops_at_once(credisd, redis, wait_for):
    """A store that sleeps keeps a clean stop waiting; who asks twice does not want that."""
    daemon = credisd()
    redis.pause()
    daemon.send(signal.SIGTERM)
    daemon.wait_log("stopping SIGTERM")
    began = time.monotonic()

    def ended():
        daemon.send(signal.SIGTERM)
        return not daemon.is_running()
    wait_for(ended)
    assert time.monotonic() - began < 1.5
    assert daemon.wait() == 0


def test_stop_is_clean_however_early_it_comes(credisd):
    """While connecting, claiming the lease, registering, subscribing: it ends, and nobody is left serving."""
    daemon = credisd()
    daemon.stop()
    for delay_ms in range(0, 24, 2):
        process = subprocess.Popen([BUILD / "credisd", "-c", daemon.config], env=environment(), stderr=subprocess.DEVNULL)
        wait_until_loop(process.pid)
        time.sleep(delay_ms / 1000)
        process.terminate()
        assert process.wait(LIMIT) == 0, delay_ms


def test_configuration_that_is_missing_is_a_fault(tmp_path):
    done = subprocess.run([BUILD / "credisd", "-c", tmp_path / "no.conf"], capture_output=True, text=True,
                          env=environment(), timeout=LIMIT)
    assert done.returncode == 1
    assert done.stderr == f"{tmp_path}/no.conf:1: {tmp_path}/no.conf: No such file or directory\n"


def test_port_in_use_is_status_3_and_a_sentence(credisd):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        address = f"127.0.0.1:{other.getsockname()[1]}"
        daemon = credisd(f'metrics = {{ listen = "{address}"; }};', ready=False)
        assert daemon.wait() == 3
    assert f"error -start metrics.listen: {address}: Address already in use" in daemon.log()


def test_standard_descriptors_that_are_closed_are_not_taken_for_others(credisd):
    """0, 1 and 2 must be no socket: something would be written there one day."""
    daemon = credisd()
    daemon.stop()
    done = subprocess.Popen(["sh", "-c", f"exec {BUILD}/credisd -c {daemon.config} <&- >&- 2>&-"], env=environment())
    try:
        wait_until_loop(done.pid)
        for fd in ("0", "1", "2"):
            assert os.readlink(f"/proc/{done.pid}/fd/{fd}") == "/dev/null"
    finally:
        done.terminate()
        assert done.wait(LIMIT) == 0


def wait_until_loop(pid):
    """Until it has an event loop."""
    limit = time.monotonic() + LIMIT
    while not any("eventpoll" in link for link in links(pid).values()):
        assert time.monotonic() < limit
        time.sleep(0.01)


def links(pid):
    found = {}
    for fd in os.listdir(f"/proc/{pid}/fd"):
        try:
            found[fd] = os.readlink(f"/proc/{pid}/fd/{fd}")
        except OSError:
            pass
    return found


# Reloading.

def test_reload_adds_changes_and_removes_and_disturbs_nothing_else(credisd, redis, wait_for):
    daemon = credisd(services={"a.conf": DEMO, "b.conf": ONE})
    publish(redis, "demo", "POS", "7.5")
    wait_for(lambda: value(redis, "demo", "POS").get("value") == "7.5")
    before = value(redis, "demo", "POS")
    with redis.connection() as connection:
        lease = connection.get("credis:{demo}:dispatcher")
    daemon.write_services({"a.conf": DEMO.replace('name = "GAIN"', 'name = "GAIN2"'), "c.conf": TWO})
    daemon.reload()
    wait_for(lambda: services(redis) == {"demo", "two"})
    wait_for(lambda: value(redis, "demo", "GAIN2").get("value") == "1.5")
    wait_for(lambda: value(redis, "two", "B").get("value") == "2")
    wait_for(lambda: not value(redis, "one", "A") and not value(redis, "demo", "GAIN"))
    assert value(redis, "demo", "POS") == before
    with redis.connection() as connection:
        assert connection.get("credis:{demo}:dispatcher") == lease
    publish(redis, "two", "B", "22")
    wait_for(lambda: value(redis, "two", "B").get("value") == "22")
    assert "+reload 2 services, 14 keywords" in daemon.log()
    assert ("warning -service one: in the configuration no more; its values and histories are removed from the store"
            in daemon.log())
    assert daemon.log().count("-service") == 1


def test_reload_after_none_says_what_is_not_ready(credisd, redis, wait_for):
    daemon = credisd(services="")
    daemon.write_services(ONE)
    mark = daemon.mark()
    daemon.reload()
    daemon.wait_log("+ready", after=mark)
    lines = daemon.log()[mark:].splitlines()
    assert any(line.endswith("+reload 1 service, 1 keyword") for line in lines)
    assert all(re.search(r" -ready \S", line) for line in lines if " -ready" in line), daemon.log()


def test_faulty_reload_changes_nothing_and_says_so(credisd, redis, wait_for):
    daemon = credisd(services={"a.conf": DEMO, "b.conf": ONE})
    daemon.write_services({"a.conf": DEMO, "b.conf": ONE.replace("integer", "intger"), "c.conf": "services = (\n"})
    daemon.reload()
    daemon.wait_log("-reload 2 faults: the configuration stays as it was")
    assert re.search(r"error -reload \S+/b.conf:1: A: type: 'intger' is no type; did you mean integer", daemon.log())
    assert re.search(r"error -reload \S+/c.conf:1: '\(' is never closed", daemon.log())
    wait_for(lambda: "b.conf:1: A: type" in value(redis, "demo", "DISPERROR").get("value", ""))
    assert len(value(redis, "demo", "DISPERROR")["value"]) <= 201
    with redis.connection() as connection:
        wait_for(lambda: connection.hget("credis:{demo}:statistics", "faults") == "1")
    assert services(redis) == {"demo", "one"}
    publish(redis, "one", "A", "11")
    wait_for(lambda: value(redis, "one", "A").get("value") == "11")


def test_reload_of_what_takes_a_restart_says_which(credisd):
    daemon = credisd()
    daemon.write_config('store = { url = "redis://elsewhere"; };\nmetrics = { listen = "127.0.0.1:0"; };\n'
                        'log = { level = "debug"; };')
    for _ in range(2):
        mark = daemon.mark()
        daemon.reload()
        daemon.wait_log("+reload", after=mark)
        told = re.findall(r"restart (\S+) changed, which takes effect at a restart", daemon.log()[mark:])
        assert told == ["store.url", "metrics.listen"], "told each time, while it is so"
    assert "debug" not in daemon.log().split("+reload")[0]


def test_many_reloads_leave_no_descriptor_behind(credisd):
    daemon = credisd()
    daemon.reload()
    before = len(links(daemon.pid))
    for _ in range(20):
        daemon.reload()
    assert len(links(daemon.pid)) == before


# The service manager.

def test_manager_is_told_of_the_whole_life(credisd):
    daemon = credisd()
    daemon.wait_status("ready: 1 service, 13 keywords")
    daemon.reload()
    daemon.stop()
    said = list(daemon.manager.lines)
    states = [line for line in said if not line.startswith(("STATUS=", "MONOTONIC_USEC="))]
    assert states == ["READY=1", "RELOADING=1", "READY=1", "STOPPING=1"]
    assert re.fullmatch(r"MONOTONIC_USEC=\d{6,}", said[said.index("RELOADING=1") + 1])


def test_store_that_is_away_does_not_keep_the_manager_waiting(credisd, redis, wait_for):
    """READY comes within the manager's patience, and STATUS tells how it is; later all is well by itself."""
    redis.stop()
    daemon = credisd(ready=False)
    daemon.wait_status("degraded: ")
    daemon.wait_ready()
    redis.start()
    daemon.wait_status("ready: 1 service, 13 keywords")
    assert daemon.manager.lines.count("READY=1") == 1


def test_watchdog_is_fed_at_half_its_interval(credisd):
    daemon = credisd(env={"WATCHDOG_USEC": "200000"})
    daemon.wait_or_explain(lambda: daemon.manager.lines.count("WATCHDOG=1") >= 5, LIMIT, "fed five times")


def test_watchdog_of_another_process_is_not_fed(credisd, redis):
    daemon = credisd(env={"WATCHDOG_USEC": "1000", "WATCHDOG_PID": "1"})
    daemon.reload()
    assert "WATCHDOG=1" not in daemon.manager.lines


def test_abstract_socket_of_a_manager_is_reached(credisd):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        name = f"credis-test-{os.getpid()}"
        manager.bind("\0" + name)
        manager.settimeout(LIMIT)
        daemon = credisd()
        daemon.stop()
        process = subprocess.Popen([BUILD / "credisd", "-c", daemon.config], env=environment(NOTIFY_SOCKET="@" + name),
                                   stderr=subprocess.DEVNULL)
        try:
            seen = b""
            while b"READY=1" not in seen:
                seen += manager.recv(4096)
        finally:
            process.terminate()
            assert process.wait(LIMIT) == 0


def test_journal_gets_priorities_instead_of_times(credisd):
    daemon = credisd()
    daemon.stop()
    log = os.path.join(daemon.directory, "journal")
    with open(log, "wb") as file:
        stat = os.fstat(file.fileno())
        process = subprocess.Popen([BUILD / "credisd", "-c", daemon.config], stderr=file,
                                   env=environment(JOURNAL_STREAM=f"{stat.st_dev}:{stat.st_ino}"))
    limit = time.monotonic() + LIMIT
    while "+ready" not in open(log, encoding="utf-8").read() and time.monotonic() < limit:
        time.sleep(0.01)
    process.terminate()
    assert process.wait(LIMIT) == 0
    lines = open(log, encoding="utf-8").read().splitlines()
    assert lines[0].startswith("<6>+start ") and all(re.match(r"<[3467]>\S", line) for line in lines)


# Metrics.

@pytest.fixture
def metrics(credisd):
    """A credisd with a metrics page, and how to ask for it."""
    daemon = credisd('metrics = { listen = "127.0.0.1:0"; };')
    address = re.search(r"\+metrics http://(\S+):(\d+)/metrics", daemon.log())
    daemon.metrics = (address.group(1), int(address.group(2)))
    return daemon


def page(daemon, path="/metrics"):
    with urllib.request.urlopen("http://%s:%d%s" % (*daemon.metrics, path), timeout=LIMIT) as answer:
        assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
        return answer.read().decode()


def ask(daemon, data):
    """All that is answered to these bytes."""
    with socket.create_connection(daemon.metrics, timeout=LIMIT) as client:
        client.sendall(data)
        answer = b""
        while chunk := client.recv(65536):
            answer += chunk
        return answer


def test_metrics_are_in_the_format_of_prometheus(metrics, redis, wait_for):
    publish(redis, "demo", "POS", "1")
    wait_for(lambda: value(redis, "demo", "POS").get("value") == "1")
    lines = page(metrics).splitlines()
    assert 'credis_build_info{version="' in "\n".join(lines)
    names = set()
    for help_line, type_line, sample in zip(lines[0::3], lines[1::3], lines[2::3]):
        name = help_line.split()[2]
        assert help_line.startswith(f"# HELP {name} ") and re.fullmatch(rf"# TYPE {name} (counter|gauge)", type_line)
        assert re.fullmatch(rf"{name}(\{{\S+\}})? \S+", sample) and float(sample.split()[-1]) >= 0
        assert name.startswith("credis_") and name not in names
        assert name.endswith("_total") == ("counter" in type_line)
        names.add(name)
    assert "credis_requests_total" in names


@pytest.mark.parametrize("request_line, status", [
    (b"POST /metrics HTTP/1.1", b"405"), (b"GET / HTTP/1.1", b"404"), (b"GET /metricsx HTTP/1.1", b"404"),
    (b"HEAD /metrics HTTP/1.1", b"200"), (b"GET /metrics?a=b HTTP/1.0", b"200"), (b"nonsense", b"400"),
    (b"GET /metrics SMTP/1.0", b"400"), (b"\x00\xff\x00", b"400")], ids=repr)
def test_metrics_answers_each_request_for_what_it_is(metrics, request_line, status):
    answer = ask(metrics, request_line + b"\r\nHost: x\r\n\r\n")
    assert answer.split()[1] == status
    assert (b"credis_build_info" in answer) == (status == b"200" and not request_line.startswith(b"HEAD"))


def test_metrics_refuses_a_head_without_end(metrics):
    assert ask(metrics, b"GET /metrics HTTP/1.1\r\n" + b"X: y\r\n" * 2000).split()[1] == b"431"


def test_idle_connections_do_not_keep_metrics_from_others(metrics):
    """They fill every place, and are put out in time."""
    idle = [socket.create_connection(metrics.metrics) for _ in range(40)]
    try:
        assert "credis_build_info" in page(metrics)
    finally:
        for client in idle:
            client.close()
    assert len(links(metrics.pid)) < 40
