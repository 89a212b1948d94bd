"""credis bench: figures for each number of requests in flight, and nothing left behind however it ends."""

import re
import signal
import time

import pytest

SCRATCH = """services = ( {{ name = "{name}"; help = "{help}"; keywords = ( {{ name = "K0"; type = "double"; }} ); }} );"""


def bench_keys(redis):
    return [key for key in redis.connection().keys("*") if "bench-" in key] + [
        name for name in redis.connection().smembers("credis:services") if name.startswith("bench-")]


def test_each_width_has_its_rates_and_nothing_is_left(redis, cli):
    rows = cli("bench", "--json").objects
    assert [row["in_flight"] for row in rows] == [1, 16, 64, 256]
    for row in rows:
        for what in ("modify", "set"):
            assert row[f"{what}_per_second"] > 0
            assert 0 < row[f"{what}_p50_us"] <= row[f"{what}_p99_us"] <= row[f"{what}_max_us"]
    assert bench_keys(redis) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_interrupted_it_leaves_nothing_behind(redis, cli, wait_for, number):
    bench = cli.start("bench")
    wait_for(lambda: bench_keys(redis), what="the scratch service is served")
    assert bench.stop(number) == -number
    assert bench_keys(redis) == [] and bench.seen == []


def test_a_store_that_is_away_is_a_sentence(redis, cli):
    redis.stop()
    result = cli("bench", "-t", "200ms")
    assert result.status == 4
    assert re.fullmatch("no scratch service could be served in time: bench-.*: No such file or directory", result.error)


def test_a_store_that_permits_no_service_is_a_sentence(redis, cli):
    redis.connection().execute_command("ACL", "SETUSER", "weak", "on", ">p", "~*", "&*", "+@all", "-eval")
    result = cli("bench", "-t", "2s", url=f"unix://weak:p@{redis.socket}")
    assert result.status == 4 and "could be served in time: bench-" in result.error and "NOPERM" in result.error


def test_a_store_that_goes_away_ends_it(redis, cli, wait_for):
    bench = cli.start("bench")
    wait_for(lambda: redis.connection().keys("bench-*"), what="it measures SETs")
    redis.stop()
    assert bench.wait() == 4 and bench.err.startswith("credis: ") and bench.seen == []


def test_a_store_that_does_not_answer_any_more_ends_it(redis, cli, wait_for):
    bench = cli.start("bench")
    wait_for(lambda: redis.connection().keys("bench-*"), what="it measures SETs")
    redis.pause()
    assert bench.wait(20) == 4
    assert bench.err.startswith("credis: the scratch service is not served any more: bench-"), bench.err


def test_it_removes_what_earlier_runs_left_and_nothing_else(redis, cli, credisd, wait_for):
    old, now = "bench-77-5f000000", f"bench-78-{int(time.time()):x}"
    mine = {"a.conf": SCRATCH.format(name=old, help="Scratch of credis bench")}
    others = {"b.conf": SCRATCH.format(name=now, help="Scratch of credis bench"),
              "c.conf": SCRATCH.format(name="bench-79-5f000000", help="A workbench"),
              "d.conf": SCRATCH.format(name="bench-80", help="Scratch of credis bench")}
    served = {"e.conf": SCRATCH.format(name="bench-81-5f000000", help="Scratch of credis bench")}
    credisd(services=served)
    credisd(services={**mine, **others}).kill()
    redis.connection().set(old, "7")
    wait_for(lambda: len(redis.connection().keys("credis:{*}:dispatcher")) == 1, what="the leases have lapsed")
    assert cli("bench").status == 0
    assert sorted(redis.connection().smembers("credis:services")) == sorted([now, "bench-79-5f000000", "bench-80", "bench-81-5f000000"])
    assert [key for key in redis.connection().keys("*") if old in key] == []
