#!/usr/bin/python3
"""What many keywords cost credisd: from start to ready, memory a keyword, and throughput as they grow more.

keywords.py [--build DIR] [--short]; `make bench` calls it. On a private redis-server, nothing pinned."""

import pathlib
import statistics
import subprocess
import time

from run import SERVICE, World, options

COUNTS = (10, 10_000, 100_000, 1_000_000)
NULL_MAX = 100_000    # it subscribes them all at once
REQUESTS = 200_000
TEXTS = 'units = "mm"; help = "Position of the axis number {n}"; range = [ 0.0, 1000.0 ]; '


def configuration(count):
    """As people write them; a million in few words, as a configuration may have 64 MiB."""
    for n in range(count):
        yield f'{{ name = "K{n}"; type = "double"; {TEXTS.format(n=n) if count < 1_000_000 else ""}}}{"," * (n + 1 < count)}\n'


def start(world, conf):
    """credisd, and how many seconds it took to say that it is ready."""
    began = time.monotonic()
    process = subprocess.Popen([world.build / "credisd", "-c", conf], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                               text=True)
    world.running.append(process)
    for line in process.stderr:
        if "+ready" in line:
            return process, time.monotonic() - began
    raise AssertionError("credisd ended before it was ready")


def resident(process):
    for line in pathlib.Path(f"/proc/{process.pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise AssertionError("no VmRSS")


def measure(build, count, repeats):
    """Seconds from start to ready with an empty store and with a full one, resident bytes, requests a second; and of
    the null dispatcher on as many keywords."""
    world = World(build, "unpinned", False)
    conf = world.path / "many.conf"
    with open(conf, "w", encoding="ascii") as out:
        out.write(f'store = {{ url = "unix://{world.socket}"; }};\nservices_dir = "";\n'
                  f'services = ( {{ name = "{SERVICE}"; keywords = (\n')
        out.writelines(configuration(count))
        out.write(") } );\n")
    first, again, sizes, rates, plain = [], [], [], [], []
    try:
        for _ in range(repeats):
            world.cli("flushall")
            for seconds in (first, again):
                process, took = start(world, conf)
                seconds.append(took)
                sizes.append(resident(process))
                if seconds is again:
                    rates.append(world.load(64, REQUESTS, keywords=count)[0])
                process.stderr.close()
                world.stop(process)
            if count <= NULL_MAX:
                process = world.dispatch("null", count)
                plain.append(world.load(64, REQUESTS, keywords=count)[0])
                world.stop(process)
    finally:
        world.close()
    return [statistics.median(values) if values else None for values in (first, again, sizes, rates, plain)]


def main():
    args = options(__doc__, "not more than 10,000").parse_args()
    print("\n| keywords | ready, s, empty store · full store | bytes a keyword, its texts among them | k/s at W = 64 | ÷ that of 10 "
          "| null, ÷ that of 10 |\n" + "|---" * 6 + "|")
    base = None
    for count in COUNTS if not args.short else COUNTS[:2]:
        first, again, size, rate, plain = measure(args.build, count, 3 if count < 1_000_000 else 1)
        base = base or (size, rate, plain)
        beside = f"{plain / base[2]:.2f}" if plain is not None else "—"
        each = f"{(size - base[0]) / (count - COUNTS[0]):.0f}" if count > COUNTS[0] else "—"
        print(f"| {count:,} | {first:.2f} · {again:.2f} | {each} | {rate / 1000:.0f} | {rate / base[1]:.2f} | {beside} |",
              flush=True)


if __name__ == "__main__":
    main()
