"""Waiting for a condition, never for a time; and where the programs under test are."""

import os
import pathlib
import time

ROOT = pathlib.Path(__file__).resolve().parents[3]
BUILD = ROOT / os.environ.get("CREDIS_BUILD", "build")
# What it was built with: "address,undefined", "thread" or "".
SANITIZER = next((s for s in ("address,undefined", "thread") if BUILD.name == "build-" + s), "")

# Longest wait for what should come at once: far beyond any honest delay on a loaded machine, also
# with sanitizers. Tests of a promised time measure it themselves.
LIMIT = 20.0


def wait_for(condition, limit=LIMIT, what=None):
    """Polls until condition() is true and returns what it gave; fails past the limit."""
    deadline = time.monotonic() + limit
    interval = 0.002
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > deadline:
            break
        time.sleep(interval)
        interval = min(interval * 1.5, 0.05)
    what = what or getattr(condition, "__doc__", None) or getattr(condition, "__name__", "condition")
    if callable(what):
        what = what()
    raise AssertionError(f"not within {limit} s: {what} (last: {result!r})")
