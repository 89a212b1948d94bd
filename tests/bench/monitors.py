#!/usr/bin/python3
"""How soon many monitors have a value in hand: as credis' monitors do it, beside monitors that must fetch each value.

monitors.py [--build DIR] [--short]; `make bench` calls it. The second kind is the same client, as a user whom Redis
does not let listen to values; the third is a raw subscriber that fetches on each event and knows nothing else."""

import statistics
import subprocess

from run import KEYWORDS, SERVICE, World, options, pinned

RATE, LISTENERS = 200, (1, 10, 100)
NO_VALUES = ("acl", "setuser", "fetcher", "on", ">fetcher", "~*", "+@all", "resetchannels", "&__keyspace*",
             f"&credis:{{{SERVICE}}}:K*", f"&credis:{{{SERVICE}}}:about", "&credis:answer:*")


def watch(world, listeners, changes, user="", *more):
    """Values a second, p50 and p99 in microseconds, and the share of all values that was seen."""
    words = pinned(world.client, [world.build / "tests/bench/watch", f"{user}{world.socket}", SERVICE, KEYWORDS, listeners,
                                  RATE, changes, *more])
    done = subprocess.run(words, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return [float(word) for word in done.stdout.split()]


def measure(build, placement, repeats, changes):
    world = World(build, placement, False)
    try:
        assert world.cli(*NO_VALUES) == "OK"
        world.dispatch("credisd")
        for listeners in LISTENERS:
            ways = [[], [], []]
            for _ in range(repeats):
                ways[0].append(watch(world, listeners, changes))
                ways[1].append(watch(world, listeners, changes, "fetcher:fetcher@"))
                ways[2].append(watch(world, listeners, changes, "", "plain"))
            ours, fetching, raw = ([statistics.median(column) for column in zip(*rows)] for rows in ways)
            print(f"| {listeners}, {placement} | {ours[1] / fetching[1]:.2f} | {ours[1]:.0f} · {ours[2]:.0f} | "
                  f"{fetching[1]:.0f} · {fetching[2]:.0f} | {raw[1]:.0f} · {raw[2]:.0f} | {ours[0]:.0f} |", flush=True)
    finally:
        world.close()


def main():
    args = options(__doc__, "few changes, one placement").parse_args()
    repeats, changes = (1, 200) if args.short else (3, 1000)
    print("\n| monitors | p50 ÷ fetching | p50 · p99, µs | fetching, p50 · p99 | raw fetching, p50 · p99 | values/s |\n" + "|---" * 6 + "|")
    for placement in ("one CPU", "unpinned") if not args.short else ("one CPU",):
        measure(args.build, placement, repeats, changes)


if __name__ == "__main__":
    main()
