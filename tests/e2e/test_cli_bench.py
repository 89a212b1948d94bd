"""credis bench: figures for each number of requests in flight, and nothing left behind however it ends."""

import signal

import pytest


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


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_it_leaves_nothing_behind(redis, cli, wait_for, number):
    bench = cli.start("bench")
    wait_for(lambda: bench_keys(redis), what="the scratch service is served")
    assert bench.stop(number) == 0
    assert bench_keys(redis) == [] and bench.seen == []


def test_a_store_that_is_away_is_a_sentence(redis, cli):
    redis.stop()
    result = cli("bench", "-t", "200ms")
    assert result.status == 4 and "no scratch service could be served" in result.error
