#!/usr/bin/python3
"""drivers_rate.py [SECONDS]: what a driver of 1,000 keywords at 10 Hz each costs credisd: 10,000 values a second
through one pipe, each stored and broadcast. Prints the share of one core that credisd and redis-server take.
  --keywords N, --hertz N"""

import argparse
import json
import os
import pathlib
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))

from harness.daemon import Credisd  # noqa: E402
from harness.redis_server import RedisServer  # noqa: E402

TARGET = 0.35  # of one core


def drive(keywords, hertz):
    """The driver itself: rounds of values, in time, with nothing but prepared text."""
    threading.Thread(target=sys.stdin.read, daemon=True).start()
    count = 0
    start = time.monotonic()
    slices = 10  # a round comes in so many portions
    while True:
        for part in range(slices):
            names = range(part * keywords // slices, (part + 1) * keywords // slices)
            text = "".join(f'{{"keyword":"K{n}","value":{count + n / 1000}}}\n' for n in names)
            sys.stdout.write(text)
            sys.stdout.flush()
            due = start + (count + (part + 1) / slices) / hertz
            time.sleep(max(0.0, due - time.monotonic()))
        count += 1


def cpu_seconds(pid):
    """To the nanosecond: short bursts of work slip through between the ticks of /proc/PID/stat."""
    return int(pathlib.Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9


def processed(redis):
    return redis.connection().info("stats")["total_commands_processed"]


def measure(options):
    redis = RedisServer()
    redis.start()
    rows = ",\n".join(f'{{ name = "K{n}"; type = "double"; access = "read"; driver = "rate"; }}'
                      for n in range(options.keywords))
    words = json.dumps([sys.executable, os.path.abspath(__file__), "--drive", "--keywords", str(options.keywords),
                        "--hertz", str(options.hertz)])
    daemon = Credisd(redis.url, None, f'services = ( {{ name = "bench"; drivers = ( {{ name = "rate"; '
                     f"command = {words}; }} ); keywords = ( {rows} ); }} );")
    daemon.start()
    daemon.wait_log("+driver")
    time.sleep(2)
    pids = {"credisd": daemon.pid, "redis-server": redis.pid}
    before = {name: cpu_seconds(pid) for name, pid in pids.items()}
    commands = processed(redis)
    started = time.monotonic()
    time.sleep(options.seconds)
    elapsed = time.monotonic() - started
    shares = {name: (cpu_seconds(pid) - before[name]) / elapsed for name, pid in pids.items()}
    stored = (processed(redis) - commands) / elapsed
    daemon.stop()
    daemon.close()
    redis.close()
    return shares, stored


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition(":")[2])
    parser.add_argument("seconds", nargs="?", type=float, default=10.0)
    parser.add_argument("--keywords", type=int, default=1000)
    parser.add_argument("--hertz", type=float, default=10.0)
    parser.add_argument("--drive", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.drive:
        drive(options.keywords, options.hertz)
    shares, stored = measure(options)
    rate = options.keywords * options.hertz
    print(f"{rate:.0f} values/s, {stored:.0f} commands of the store: " + ", ".join(f"{name} {100 * share:.1f} %" for name, share in shares.items())
          + f" of one core (credisd may take {100 * TARGET:.0f} %)")
    sys.exit(shares["credisd"] > TARGET)


if __name__ == "__main__":
    main()
