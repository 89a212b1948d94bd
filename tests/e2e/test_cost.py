"""What a request and an update cost, in counts that do not depend on the clock: system calls and
instructions. Each is the difference of two runs, one twice as long: what starting costs falls out.

A bound is what was measured when it was last set, and a tenth: whoever lowers the cost lowers it."""

import re
import subprocess

import pytest
from harness.waiting import BUILD, LIMIT, SANITIZER, wait_for

pytestmark = pytest.mark.skipif(SANITIZER != "", reason="counts are those of what is shipped")

CALLS_PER_LONE_MODIFY = 10
INSTRUCTIONS_PER_MODIFY = 7750  # 64 in flight
INSTRUCTIONS_PER_UPDATE = 16300  # printing included
INSTRUCTIONS_PER_KEYWORD = 82000  # from its line in a file to ready, and back again

SERVICE = """services = ( { name = "bench"; keywords = (
    %s ); } );""" % ",\n    ".join(f'{{ name = "K{n}"; type = "double"; range = [ 0.0, 1000.0 ]; }}' for n in range(10))


def load(redis, width, count):
    """Keeps 'width' requests in flight until 'count' are answered."""
    subprocess.run([BUILD / "tests/bench/load", redis.socket, "bench", "10", str(width), str(count)],
                   check=True, timeout=60, stdout=subprocess.DEVNULL)


def valgrind(report):
    return ["valgrind", "--tool=callgrind", f"--callgrind-out-file={report}"]


def instructions(report):
    return int(re.search(r"^(?:summary|totals): (\d+)", report.read_text(), re.M).group(1))


def total_calls(report):
    """strace writes its table when what it follows has ended, a moment later."""
    line = re.compile(r"^100\.00\s+\S+\s+\S+\s+(\d+)", re.M)
    return int(wait_for(lambda: report.exists() and line.search(report.read_text())).group(1))


def serve(credisd, redis, under, width, count):
    """A credisd of its own that answers 'count' requests under another program's eyes."""
    daemon = credisd(services=SERVICE, under=under)
    load(redis, width, count)
    daemon.stop(60)


def test_lone_modify_costs_few_system_calls(credisd, redis, tmp_path):
    def calls(count):
        report = tmp_path / f"calls.{count}"
        serve(credisd, redis, ["strace", "-D", "-f", "-c", "-o", str(report)], 1, count)
        return total_calls(report)

    cost = (calls(1000) - calls(500)) / 500
    print(f"{cost:.2f} system calls")
    assert 3 < cost <= CALLS_PER_LONE_MODIFY


def test_modify_costs_no_more_instructions_than_it_did(credisd, redis, tmp_path):
    def cost_of(count):
        report = tmp_path / f"daemon.{count}"
        serve(credisd, redis, valgrind(report), 64, count)
        return instructions(report)

    cost = (cost_of(4000) - cost_of(2000)) / 2000
    print(f"{cost:.0f} instructions")
    assert 1000 < cost <= INSTRUCTIONS_PER_MODIFY


def test_update_costs_its_monitor_no_more_instructions_than_it_did(credisd, redis, cli, tmp_path):
    credisd(services=SERVICE)
    connection = redis.connection()

    def cost_of(count):
        report = tmp_path / f"monitor.{count}"
        monitor = cli.start("monitor", "bench.K0", under=valgrind(report))
        monitor.wait_line("bench.K0")
        for n in range(count):  # each seen before the next is sent: none is conflated
            connection.publish("credis:{bench}:K0:modify", f"{n % 1000}.{count}")
            monitor.wait_line(f" {n % 1000}.{count}")
        assert monitor.stop(limit=LIMIT) == 0
        return instructions(report)

    cost = (cost_of(401) - cost_of(201)) / 200
    print(f"{cost:.0f} instructions")
    assert 1000 < cost <= INSTRUCTIONS_PER_UPDATE


def test_keyword_costs_no_more_instructions_to_start_and_stop_than_it_did(credisd, redis, tmp_path):
    def cost_of(count):
        keywords = ",\n".join(f'{{ name = "K{n}"; type = "double"; units = "mm"; help = "Position of axis {n}"; '
                              "range = [ 0.0, 1000.0 ]; }" for n in range(count))
        report = tmp_path / f"start.{count}"
        redis.connection().flushall()
        daemon = credisd(services=f'services = ( {{ name = "bench"; keywords = ( {keywords} ); }} );',
                         under=valgrind(report))
        daemon.stop(60)
        return instructions(report)

    cost = (cost_of(4000) - cost_of(2000)) / 2000
    print(f"{cost:.0f} instructions")
    assert 10000 < cost <= INSTRUCTIONS_PER_KEYWORD
