#!/usr/bin/python3
"""What a request costs credisd beside the null dispatcher, and a value its monitor, in counts that are the same on
every machine: system calls and instructions in user space.

counts.py [--build DIR] [--short]; `make bench` calls it. tests/e2e/test_cost.py holds some of them to bounds."""

import pathlib
import subprocess
import sys

from run import KEYWORDS, SERVICE, World, options

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))

from harness.counting import Instructions, SystemCalls, cost  # noqa: E402

WAYS = (("lone", 1), ("W = 64", 64), ("W = 256", 256), ("W = 64, batched", 64, "batch"))
MONITORS, RATE = 20, 50


def of_request(world, who, counter, count, width, *more):
    def serve(under, requests):
        process = world.dispatch(who, under=under)
        world.load(width, requests, *more)
        world.stop(process)

    return cost(counter, world.path, serve, count, 2 * count)


def of_value(world, count):
    """Of each value in the hands of libcredis' monitors, the clients' share alone."""
    def see(under, changes):
        words = [world.build / "tests/bench/watch", world.socket, SERVICE, KEYWORDS, MONITORS, RATE, changes]
        subprocess.run([*under, *map(str, words)], check=True, capture_output=True, timeout=120)

    return cost(Instructions, world.path, see, count, 2 * count) / MONITORS


def main():
    args = options(__doc__, "few requests").parse_args()
    count = 1000 if args.short else 5000
    world = World(args.build, "unpinned", False)
    try:
        print("\n| a request, in flight | system calls, credisd · null | instructions, credisd · null |\n" + "|---" * 3 + "|")
        for name, *way in WAYS:
            cells = [" · ".join(f"{of_request(world, who, counter, count, *way):{form}}" for who in ("credisd", "null"))
                     for counter, form in ((SystemCalls, ".2f"), (Instructions, ",.0f"))]
            print(f"| {name} | {' | '.join(cells)} |", flush=True)
        process = world.dispatch("credisd")
        print(f"\nA value in a monitor's hand: {of_value(world, count // 20):,.0f} instructions of its client.")
        world.stop(process)
    finally:
        world.close()


if __name__ == "__main__":
    main()
