#!/usr/bin/python3
"""What credisd does beside what Redis does, in one run: a table in Markdown, and a plot.

run.py [--build DIR] [--short] [--svg FILE]; `make bench` calls it. All on a private redis-server.
Ratios come from repeats that are interleaved, so that whatever else the machine does hits all alike."""

import argparse
import os
import pathlib
import platform
import re
import signal
import statistics
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
WIDTHS = (1, 16, 64, 256)
KEYWORDS = 10
PLACEMENTS = {"one CPU": ("0", "0", "0"), "split": ("0", "1", "1"), "unpinned": (None, None, None)}
SERVICE = "bench"


def pinned(cpu, words):
    return (["taskset", "-c", cpu] if cpu is not None else []) + [str(word) for word in words]


class World:
    """A redis-server, and at most one dispatcher on it."""

    def __init__(self, build, placement, durable):
        self.build, (self.server, self.dispatcher, self.client) = build, PLACEMENTS[placement]
        self.directory = tempfile.TemporaryDirectory(prefix="credis-bench.")
        self.path = pathlib.Path(self.directory.name)
        self.socket = self.path / "redis"
        self.running = []
        options = ["--appendonly", "yes", "--appendfsync", "everysec"] if durable else []
        self.redis = self.start(self.server, "redis-server", "--port", 0, "--unixsocket", self.socket, "--save", "",
                                "--dir", self.path, "--notify-keyspace-events", "Kh", *options)
        self.wait(lambda: self.cli("ping") == "PONG")
        keywords = "".join(f'{{ name = "K{n}"; type = "double"; range = [ 0.0, 1000.0 ]; }},\n' for n in range(KEYWORDS))
        (self.path / "credisd.conf").write_text(
            f'store = {{ url = "unix://{self.socket}"; }};\n'
            f'services = ( {{ name = "{SERVICE}"; keywords = (\n{keywords[:-2]} ); }} );\n')

    def start(self, cpu, *words):
        self.running.append(subprocess.Popen(pinned(cpu, words), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        return self.running[-1]

    def stop(self, process):
        process.send_signal(signal.SIGTERM)
        process.wait(20)
        self.running.remove(process)

    def close(self):
        for process in reversed(list(self.running)):
            self.stop(process)
        self.directory.cleanup()

    def cli(self, *words):
        done = subprocess.run(["redis-cli", "-s", self.socket, *words], capture_output=True, text=True)
        return done.stdout.strip()

    def wait(self, condition, limit=30):
        end = time.monotonic() + limit
        while not condition():
            assert time.monotonic() < end, "not ready in time"
            time.sleep(0.01)

    def dispatch(self, which, keywords=KEYWORDS, under=()):
        """under: the words of a program that watches it."""
        words = {"null": (self.build / "tests/bench/null", self.socket, SERVICE, keywords),
                 "credisd": (self.build / "credisd", "-c", self.path / "credisd.conf")}[which]
        process = self.start(self.dispatcher, *under, *words)
        self.wait(lambda: self.cli("pubsub", "numsub", f"credis:{{{SERVICE}}}:K{keywords - 1}:modify").endswith("1"))
        return process

    def load(self, width, count, *more, keywords=KEYWORDS):
        """Requests a second, and p50, p99 and p99.9 in microseconds."""
        words = pinned(self.client, [self.build / "tests/bench/load", self.socket, SERVICE, keywords, width, count,
                                     *more])
        done = subprocess.run(words, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        return [float(word) for word in done.stdout.split()]

    def redis_set(self, pipeline, count):
        words = pinned(self.client, ["redis-benchmark", "-s", self.socket, "-t", "set", "-n", count, "-P", pipeline,
                                     "-c", 1 if pipeline == 1 else 50, "-r", 10, "-d", 3, "--csv"])
        out = subprocess.run(words, capture_output=True, text=True, timeout=120, check=True).stdout
        return [float(re.search(r'"SET","([\d.]+)"', out).group(1)), 0, 0, 0]


def cpu_seconds(process):
    fields = pathlib.Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(build, placement, durable, repeats, count):
    """{(who, what): [values of one run, a repeat each]}; also the CPU of credisd by that of redis at W=256."""
    world = World(build, placement, durable)
    found, shares = {}, []
    try:
        for _ in range(repeats):
            for pipeline in (1, 16):
                found.setdefault(("SET", pipeline), []).append(world.redis_set(pipeline, count * (pipeline > 1) + count))
            for who in ("null", "credisd"):
                process = world.dispatch(who)
                for width in WIDTHS:
                    for more in ((), ("batch",)) if width > 1 else ((),):
                        before = cpu_seconds(process), cpu_seconds(world.redis)
                        found.setdefault((who, width, *more), []).append(
                            world.load(width, count // 4 if width == 1 else count, *more))
                        if who == "credisd" and width == 256 and not more:
                            daemon, redis = cpu_seconds(process) - before[0], cpu_seconds(world.redis) - before[1]
                            shares.append(daemon / max(redis, 0.01))
                world.stop(process)
    finally:
        world.close()
    return found, statistics.median(shares)


def middle(found, key, column=0):
    return statistics.median(run[column] for run in found[key])


def ratio(found, one, other, column=0):
    """Of runs of the same repeat, seconds apart: the machine is a slower one some minutes later."""
    return statistics.median(run[column] / beside[column] for run, beside in zip(found[one], found[other]))


def rows(placement, durable, found, share):
    """The lines of the table: ratios first, then what they are made of."""
    def rates(who, widths, *more):
        return " · ".join(f"{middle(found, (who, width, *more)) / 1000:.0f}" for width in widths)

    def by_null(*more):
        return " · ".join(f"{ratio(found, ('credisd', width, *more), ('null', width, *more)):.2f}" for width in WIDTHS[1:])

    cells = [
        f"{placement}, AOF {'everysec' if durable else 'off'}",
        by_null(), by_null("batch"),
        f"{ratio(found, ('credisd', 1), ('null', 1), 1):.2f}",
        " · ".join(f"{ratio(found, ('credisd', 256, *more), ('SET', 16)):.2f}" for more in ((), ("batch",))),
        f"{share:.2f}",
        " · ".join(f"{middle(found, ('credisd', 1), column):.0f}" for column in (1, 2, 3)),
        rates("credisd", WIDTHS), rates("credisd", WIDTHS[1:], "batch"), rates("null", WIDTHS), rates("SET", (1, 16)),
    ]
    return "| " + " | ".join(cells) + " |"


HEAD = ("| placement | credisd ÷ null, W = 16 · 64 · 256 | the same, batched | lone round trip ÷ null "
        "| W = 256 ÷ SET -P16 · batched | CPU of credisd ÷ redis "
        "| lone p50 · p99 · p99.9, µs | credisd, k/s at W = 1 · 16 · 64 · 256 | batched, W = 16 · 64 · 256 | null, k/s "
        "| SET, k/s -P1 · -P16 |\n" + "|---" * 11 + "|")


def plot(path, found):
    """Throughput by requests in flight; SET beside it as a level."""
    rates = {key: middle(found, key) for key in found}
    top = max(rates["SET", 16], rates["null", 256], rates["credisd", 256, "batch"]) * 1.05

    def at(column, rate):
        return f"{80 + column * 150},{320 - 280 * rate / top:.0f}"

    lines = [("credisd", "#06c", [at(n, rates["credisd", width]) for n, width in enumerate(WIDTHS)]),
             ("credisd, batched", "#090", [at(n + 1, rates["credisd", width, "batch"]) for n, width in enumerate(WIDTHS[1:])]),
             ("null dispatcher", "#888", [at(n, rates["null", width]) for n, width in enumerate(WIDTHS)]),
             ("SET -P16", "#c00", [at(0, rates["SET", 16]), at(3, rates["SET", 16])])]
    text = ['<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 720 370" font-family="sans-serif" font-size="12">',
            '<rect width="720" height="370" fill="#fff"/><path d="M80 40V320H540" fill="none" stroke="#000"/>']
    for n, width in enumerate(WIDTHS):
        text.append(f'<text x="{80 + 150 * n}" y="338" text-anchor="middle">{width}</text>')
    for n in range(5):
        text.append(f'<text x="72" y="{324 - 70 * n}" text-anchor="end">{top * n / 4000:.0f}</text>')
    text.append('<text x="310" y="360" text-anchor="middle">requests in flight</text>'
                '<text x="80" y="25">thousand acknowledged requests a second, all on one CPU</text>')
    for n, (name, color, points) in enumerate(lines):
        text.append(f'<polyline points="{" ".join(points)}" fill="none" stroke="{color}" stroke-width="2"/>'
                    f'<text x="560" y="{60 + 20 * n}" fill="{color}">{name}</text>')
    pathlib.Path(path).write_text("\n".join([*text, "</svg>", ""]))


def options(description, short):
    """What every section of the bench is told: where it was built, and whether to be short, which means 'short'."""
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    parser.add_argument("--build", default="build", type=lambda path: (ROOT / path).resolve())
    parser.add_argument("--short", action="store_true", help=short)
    return parser


def main():
    parser = options(__doc__, "one placement, few requests")
    parser.add_argument("--svg", default="tests/bench/throughput.svg")
    args = parser.parse_args()
    repeats, count = (3, 20000) if args.short else (5, 100000)
    print(f"{platform.machine()}, {os.cpu_count()} CPUs, {platform.system()} {platform.release()}; "
          f"medians of {repeats} interleaved repeats of {count} requests, {KEYWORDS} keywords, unix socket\n\n{HEAD}")
    for placement in PLACEMENTS if not args.short else ("one CPU",):
        for durable in (False, True) if not args.short else (False,):
            found, share = measure(args.build, placement, durable, repeats, count)
            print(rows(placement, durable, found, share), flush=True)
            if placement == "one CPU" and not durable:
                plot(ROOT / args.svg, found)


if __name__ == "__main__":
    main()
