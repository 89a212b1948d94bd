"""A store led by Redis Sentinel: both connections follow the primary wherever it goes."""

import time

import pytest
from harness.sentinels import Sentinels


@pytest.fixture
def sentinels():
    sentinels = Sentinels()
    yield sentinels
    sentinels.close()


def test_a_failover_is_followed_and_everything_registered_again(sentinels, credisd, cli, wait_for):
    daemon = credisd(url=sentinels.url)
    assert cli("modify", "demo.POS=4", url=sentinels.url).status == 0
    wait_for(lambda: sentinels.replica.connection().hget("credis:{demo}:POS", "value") == "4")
    monitor = cli.start("monitor", "demo.POS", url=sentinels.url)
    monitor.wait_line("demo.POS 4")
    sentinels.primary.kill()
    wait_for(lambda: sentinels.replica.connection().role()[0] == "master", 30, "the replica is promoted")
    promoted = time.monotonic()
    wait_for(lambda: cli("modify", "demo.POS=5", "-t", "1s", url=sentinels.url).status == 0, 20, "it is served again")
    assert time.monotonic() - promoted < 6
    assert sentinels.replica.connection().hget("credis:{demo}:POS", "value") == "5"
    monitor.wait_line("demo.POS 5")
    assert daemon.is_running()


def test_a_primary_that_the_sentinels_do_not_know_is_told(sentinels, cli):
    url = sentinels.url.replace("/obs/", "/nope/")
    result = cli("show", "demo.POS", url=url)
    assert result.status == 4
    assert "knows no primary 'nope'" in result.err


def test_without_any_sentinel_the_sentence_names_one(cli):
    result = cli("show", "demo.POS", url="redis+sentinel://127.0.0.1:1/obs")
    assert result.status == 4
    assert "redis+sentinel://127.0.0.1:1/obs/0" in result.err
