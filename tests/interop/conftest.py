"""The fixtures of the end-to-end tests, and a client of another make on the same Redis."""

import importlib.util
import pathlib
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "e2e")]
spec = importlib.util.spec_from_file_location("e2e_conftest", HERE.parent / "e2e" / "conftest.py")
e2e = importlib.util.module_from_spec(spec)
spec.loader.exec_module(e2e)
redis_server, redis, credisd, cli, wait_for = e2e.redis_server, e2e.redis, e2e.credisd, e2e.cli, e2e.wait_for

from cauldron import Client  # noqa: E402


@pytest.fixture
def client(redis):
    """A client of Cauldron's for the service 'demo'."""
    with redis.connection() as connection:
        yield Client(connection)
