#!/usr/bin/python3
"""The same work done by what else people use, in one run: an acknowledged request to the program that owns a value,
which makes it visible and answers; and how soon monitors have it in hand.

others.py [--build DIR] [--short]; `make bench` calls it. What Debian has and is not installed is left out, and named."""

import shutil
import statistics
import subprocess

from monitors import LISTENERS, RATE, watch
from run import KEYWORDS, World, options

WIDTH = 64
MOSQUITTO = ("listener 0 {socket}\nallow_anonymous true\nuser root\npersistence false\nlog_dest none\n"
             "max_inflight_messages 0\nmax_queued_messages 0\n")
NO_NETWORK = ("unshare", "--map-root-user", "--net")


def program(name):
    return shutil.which(name, path="/usr/bin:/usr/sbin")


class Client:
    """A client by its library, that others.c drives, at 'socket'; 'inside' are the words that let it reach that."""

    inside = ()

    def run(self, *words):
        done = subprocess.run([str(word) for word in (*self.inside, self.client, self.socket, KEYWORDS, *words)],
                              capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        return [float(word) for word in done.stdout.split()]

    def load(self, width, count):
        return self.run(count, width)

    def watch(self, listeners, changes):
        return self.run(changes, RATE, listeners)


class Credisd(Client):
    name = "credisd"

    def __init__(self, world):
        self.world, self.client, self.socket = world, world.build / "tests/bench/credis_load", world.socket
        world.dispatch("credisd")

    def watch(self, listeners, changes):
        return watch(self.world, listeners, changes)


class Mosquitto(Client):
    name, needs = "mosquitto, QoS 1", "Debian's mosquitto and libmosquitto-dev"

    @staticmethod
    def is_there(build):
        return program("mosquitto") and (build / "tests/bench/mqtt_load").exists()

    def __init__(self, world):
        self.client, self.socket = world.build / "tests/bench/mqtt_load", world.path / "mqtt"
        config = world.path / "mosquitto.conf"
        config.write_text(MOSQUITTO.format(socket=self.socket))
        world.start(None, program("mosquitto"), "-c", config)
        world.wait(self.socket.exists)
        owner = subprocess.Popen([world.build / "tests/bench/mqtt_null", self.socket], stdout=subprocess.PIPE, text=True)
        world.running.append(owner)
        with owner.stdout:
            assert owner.stdout.readline() == "ready\n"


class Indi(Client):
    """indiserver listens on every address of the machine, so it gets a network of its own that has none."""

    name, needs = "INDI", "Debian's indi-bin, and unshare --net"

    @staticmethod
    def is_there(_):
        return program("indiserver") and subprocess.run([*NO_NETWORK, "true"], stderr=subprocess.DEVNULL).returncode == 0

    def __init__(self, world):
        self.client, self.socket = world.build / "tests/bench/indi_load", world.path / "indi"
        server = world.start(None, *NO_NETWORK, program("indiserver"), "-u", self.socket,
                             world.build / "tests/bench/indi_null")
        self.inside = ("nsenter", f"--target={server.pid}", "--user", "--net", "--preserve-credentials")
        world.wait(self.answers)

    def answers(self):
        try:
            return self.load(width=1, count=1)
        except AssertionError:
            return False


def measure(who, repeats, count, changes):
    """Of each: lone p50 and p99, requests a second at WIDTH, p50 of each number of monitors."""
    found = {one: [] for one in who}
    for _ in range(repeats):
        for one in who:
            lone, many = one.load(1, count // 5), one.load(WIDTH, count)
            found[one].append([*lone[1:3], many[0], *(one.watch(listeners, changes)[1] for listeners in LISTENERS)])
    return {one: [statistics.median(column) for column in zip(*rows)] for one, rows in found.items()}


def row(name, it, ours):
    p50, p99, rate, *seen = it
    cells = [name, f"{p50:.0f} · {p99:.0f}", f"{rate / 1000:.1f}", " · ".join(f"{us:.0f}" for us in seen)]
    ratios = [f"{our / its:.2f}" for our, its in zip(ours, it)]
    cells += [ratios[0], ratios[2], " · ".join(ratios[3:])] if it is not ours else ["—"] * 3
    return "| " + " | ".join(cells) + " |"


def main():
    args = options(__doc__, "few requests, one repeat").parse_args()
    repeats, count, changes = (1, 5000, 100) if args.short else (3, 50000, 400)
    print(f"\n| unpinned, unix sockets, nothing kept on disk | lone p50 · p99, µs | W = {WIDTH}, k/s "
          f"| in hand of {' · '.join(map(str, LISTENERS))} monitors, p50, µs "
          f"| lone p50, credisd ÷ it | W = {WIDTH}, credisd ÷ it | in hand, credisd ÷ it |\n" + "|---" * 7 + "|")
    others = [other for other in (Mosquitto, Indi) if other.is_there(args.build)]
    world = World(args.build, "unpinned", False)
    try:
        found = measure([kind(world) for kind in (Credisd, *others)], repeats, count, changes)
    finally:
        world.close()
    for one, it in found.items():
        print(row(one.name, it, next(iter(found.values()))))
    for other in (Mosquitto, Indi):
        if other not in others:
            print(f"\n{other.name}: left out; it needs {other.needs}")


if __name__ == "__main__":
    main()
