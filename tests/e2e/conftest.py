"""The fixtures of the end-to-end tests: redis, redis_server, credisd, cli. Each test has its own, in
short directories under /tmp, so that tests run in any order and beside each other.
CREDIS_BUILD names the build under test: build, build-address,undefined, build-thread."""

import os
import signal
import sys
import threading

import pytest

sys.path.insert(0, os.path.dirname(__file__))

from harness import waiting  # noqa: E402
from harness.command import Credis  # noqa: E402
from harness.daemon import Credisd  # noqa: E402
from harness.redis_server import RedisServer  # noqa: E402


# Tests in the background, or under nohup, ignore some signals. They still do, but what they start does not.
if threading.current_thread() is threading.main_thread():
    for ignored in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP, signal.SIGTERM):
        if signal.getsignal(ignored) is signal.SIG_IGN:
            signal.signal(ignored, lambda *_: None)


def close_all(things):
    """Closes in reverse; the first that ended badly is the test's failure."""
    failures = []
    for thing in reversed(things):
        try:
            thing.close()
        except AssertionError as failure:
            failures.append(failure)
    if failures:
        raise failures[0]


@pytest.fixture
def redis_server():
    """redis_server(*options): further Redis servers of the test's own."""
    servers = []

    def start(*options, **settings):
        servers.append(RedisServer(*options, **settings))
        servers[-1].start()
        return servers[-1]

    yield start
    close_all(servers)


@pytest.fixture
def redis(redis_server):
    """A private Redis server, running and empty."""
    return redis_server()


@pytest.fixture
def credisd(redis):
    """credisd(config_text=…, services=…): a credisd on 'redis', ready. See harness/daemon.py."""
    daemons = []

    def start(config_text=None, services=None, **settings):
        url = settings.pop("url", redis.url)
        ready = settings.pop("ready", True)
        daemons.append(Credisd(url, config_text, services, **settings))
        daemons[-1].start(ready)
        return daemons[-1]

    yield start
    close_all(daemons)


@pytest.fixture
def cli(redis):
    """cli("show", "demo.POS"): credis on 'redis'. See harness/command.py."""
    credis = Credis(redis.url)
    yield credis
    credis.close()


@pytest.fixture
def wait_for():
    """wait_for(condition, limit): polls until it is true."""
    return waiting.wait_for


@pytest.fixture(scope="session")
def build():
    """Where the programs under test are."""
    return waiting.BUILD
