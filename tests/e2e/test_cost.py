"""What a request and an update cost, in counts that do not depend on the clock: system calls and
instructions. Each is the difference of two runs, one twice as long: what starting costs falls out.

A bound is what was measured when it was last set, and a tenth: whoever lowers the cost lowers it."""

import subprocess

import pytest
from harness.counting import Instructions, SystemCalls, cost
from harness.waiting import BUILD, LIMIT, SANITIZER

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


def served(credisd, redis, width):
    """Lets a credisd of its own answer so many requests under another program's eyes."""
    def run(under, count):
        daemon = credisd(services=SERVICE, under=under)
        load(redis, width, count)
        daemon.stop(60)

    return run


def test_lone_modify_costs_few_system_calls(credisd, redis, tmp_path):
    calls = cost(SystemCalls, tmp_path, served(credisd, redis, 1), 500, 1000)
    print(f"{calls:.2f} system calls")
    assert 3 < calls <= CALLS_PER_LONE_MODIFY


def test_modify_costs_no_more_instructions_than_it_did(credisd, redis, tmp_path):
    instructions = cost(Instructions, tmp_path, served(credisd, redis, 64), 2000, 4000)
    print(f"{instructions:.0f} instructions")
    assert 1000 < instructions <= INSTRUCTIONS_PER_MODIFY


def test_update_costs_its_monitor_no_more_instructions_than_it_did(credisd, redis, cli, tmp_path):
    credisd(services=SERVICE)
    connection = redis.connection()

    def see(under, count):
        monitor = cli.start("monitor", "bench.K0", under=under)
        monitor.wait_line("bench.K0")
        for n in range(count):  # each seen before the next is sent: none is conflated
            connection.publish("credis:{bench}:K0:modify", f"{n % 1000}.{count}")
            monitor.wait_line(f" {n % 1000}.{count}")
        assert monitor.stop(limit=LIMIT) == 0

    instructions = cost(Instructions, tmp_path, see, 201, 401)
    print(f"{instructions:.0f} instructions")
    assert 1000 < instructions <= INSTRUCTIONS_PER_UPDATE


def test_keyword_costs_no_more_instructions_to_start_and_stop_than_it_did(credisd, redis, tmp_path):
    def start_and_stop(under, count):
        keywords = ",\n".join(f'{{ name = "K{n}"; type = "double"; units = "mm"; help = "Position of axis {n}"; '
                              "range = [ 0.0, 1000.0 ]; }" for n in range(count))
        redis.connection().flushall()
        daemon = credisd(services=f'services = ( {{ name = "bench"; keywords = ( {keywords} ); }} );', under=under)
        daemon.stop(60)

    instructions = cost(Instructions, tmp_path, start_and_stop, 2000, 4000)
    print(f"{instructions:.0f} instructions")
    assert 10000 < instructions <= INSTRUCTIONS_PER_KEYWORD
