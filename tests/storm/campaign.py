#!/usr/bin/python3
"""A storm over credis: clients at work while everything fails, then a judgement from what they put down.

campaign.py [--seconds N] [--seed N] [--clients N] [--build DIR] [--only KIND,KIND] [--sentinel] [--figures FILE] [--keep]. A seed replays: it
decides every fault and every client's habits. Ends with status 1, and keeps the evidence, when a promise was broken."""

import argparse
import heapq
import itertools
import os
import pathlib
import random
import shutil
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
REST_SECONDS = 20.0         # for requests to come to their outcomes once the load is over
SETTLE_SECONDS = 2.0        # for monitors to show what the store holds, from then on
AFTER_SECONDS = 3.0         # of load after the last fault is healed


def options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 30))
    parser.add_argument("--clients", type=int, default=24)
    parser.add_argument("--build", default=os.environ.get("CREDIS_BUILD", "build"))
    parser.add_argument("--only", type=lambda text: text.split(","), help="kinds of faults, as the table names them")
    parser.add_argument("--sentinel", action="store_true", help="a store that Redis Sentinel leads, with failovers")
    parser.add_argument("--figures", help="a file to add a line to, for summary.py")
    parser.add_argument("--keep", action="store_true", help="the evidence of a good run, too")
    return parser.parse_args()


OPTIONS = options() if __name__ == "__main__" else None
if OPTIONS:
    os.environ["CREDIS_BUILD"] = OPTIONS.build
sys.path[:0] = [str(HERE), str(HERE.parent / "e2e")]

import audit  # noqa: E402
import checker  # noqa: E402
import faults  # noqa: E402
import records  # noqa: E402
import report  # noqa: E402
import world as worlds  # noqa: E402
from sentinel_world import SentinelWorld  # noqa: E402
from harness.waiting import SANITIZER, wait_for  # noqa: E402

# Most that a program may have resident, in MB; not under sanitizers.
MEMORY_MAX = {"redis-server": 300, "credisd": 64, "clients0": 96, "clients1": 96, "peers": 96}


class Watchman(threading.Thread):
    """Looks at every process now and then: that it lives, and how much memory it has."""

    def __init__(self, world):
        super().__init__(daemon=True)
        self.world = world
        self.memory = {}            # program: most MB
        self.complaints = []
        self.over = threading.Event()

    def run(self):
        while not self.over.wait(0.5):
            self.look()

    def look(self):
        for what, process, meant in self.world.processes():
            alive = process.is_running()
            if alive:
                self.memory[what] = max(self.memory.get(what, 0.0), peak_mb(process.pid))
            elif meant and not self.is_known(process):
                self.complaints.append(f"{what} ended by itself with {process.popen.returncode}; its log ends:\n"
                                       + process.log()[-2000:])

    def is_known(self, process):
        known = getattr(process, "known_dead", False)
        process.known_dead = True
        return known

    def verdicts(self):
        yield from (("processes", complaint) for complaint in self.complaints)
        for what, most in self.memory.items():
            allowed = MEMORY_MAX[what.split()[0]]
            if not SANITIZER and most > allowed:
                yield "memory", f"{what} had {most:.0f} MB resident, more than {allowed}"


def peak_mb(pid):
    try:
        with open(f"/proc/{pid}/status", encoding="ascii") as status:
            return next((int(line.split()[1]) / 1024 for line in status if line.startswith("VmHWM")), 0.0)
    except OSError:
        return 0.0


class Event:
    """A fault that was brought about: when it began and was healed, monotonic microseconds."""

    def __init__(self, fault, names, began):
        self.fault, self.names, self.began, self.ended = fault, names, began, None


class Campaign:
    def __init__(self, args, directory):
        self.args = args
        self.directory = directory
        kinds = faults.SENTINEL_KINDS if args.sentinel else faults.KINDS
        self.schedule = faults.schedule(args.seed, args.seconds, {k: kinds[k] for k in args.only or kinds})
        self.world = (SentinelWorld if args.sentinel else worlds.World)(directory, args.seed, args.clients)
        self.events = []
        self.skipped = []
        self.violations = []
        (pathlib.Path(directory) / "schedule").write_text("".join(f"{f}\n" for f in self.schedule), encoding="ascii")
        self.log = open(os.path.join(directory, "events"), "w", encoding="utf-8", buffering=1)

    def note(self, word, fault, more=""):
        print(time.monotonic_ns() // 1000, word, fault.kind, fault.target, more, file=self.log)

    def run(self):
        self.world.start()
        watchman = Watchman(self.world)
        watchman.start()
        try:
            self.storm()
            self.calm_down()
        finally:
            watchman.over.set()
            watchman.join()
        self.violations += watchman.verdicts()
        return watchman

    def storm(self):
        """Carries the schedule out; beginnings and endings in the order of their times."""
        start, order = time.monotonic(), itertools.count()
        agenda = [(fault.start, next(order), fault, None) for fault in self.schedule]
        heapq.heapify(agenda)
        while agenda:
            due, _, fault, event = heapq.heappop(agenda)
            time.sleep(max(0.0, start + due - time.monotonic()))
            if event is not None:
                self.end(event)
            elif (event := self.begin(fault)) is not None:
                heapq.heappush(agenda, (due + fault.length, next(order), fault, event))
        time.sleep(max(0.0, start + self.args.seconds - time.monotonic()))

    def begin(self, fault):
        began = time.monotonic_ns() // 1000
        try:
            event = Event(fault, self.world.begin(fault), began)
        except (worlds.Skipped, worlds.redis_py.RedisError, OSError, AssertionError) as why:
            self.note("skipped", fault, str(why).partition("\n")[0])
            self.skipped.append((fault, str(why)))
            return None
        self.note("begin", fault, event.names)
        self.events.append(event)
        return event

    def end(self, event):
        try:
            self.world.end(event.fault, event.names)
        except (worlds.redis_py.RedisError, OSError) as why:
            self.note("not ended", event.fault, why)    # heal() will
        except AssertionError as why:
            self.violations.append(("processes", f"{event.fault}: {why}"))
        event.ended = time.monotonic_ns() // 1000
        self.note("end", event.fault)

    def calm_down(self):
        """Heals everything, lets the load run on and out, and takes down what the store then holds."""
        self.world.heal()
        wait_for(self.world.owner, what="somebody serves after healing")
        time.sleep(AFTER_SECONDS)
        self.world.stop_asking()
        try:
            wait_for(self.at_rest, REST_SECONDS, "every request has come to an outcome")
        except AssertionError as late:
            self.violations.append(("in time", str(late)))
        time.sleep(SETTLE_SECONDS)
        self.snapshot = {k: (seq, audit.token(value)) for k, (seq, value) in self.world.snapshot().items()}

    def record_paths(self):
        return sorted(pathlib.Path(self.directory).glob("*.record"))

    def at_rest(self):
        return all("\nquiet " in tail(path) for path in self.record_paths())

    def judge(self):
        """Stops everything and holds what was put down against the promises."""
        clients = len(self.world.programs)
        history, lost = self.world.history()
        for name, daemon in self.world.daemons.items():
            shutil.copy(daemon.process.log_path, os.path.join(self.directory, f"credisd-{name}.log"))
        shutil.copy(self.world.redis.log_path, self.directory)
        self.violations += (("processes", complaint) for complaint in self.world.close())
        self.records = records.Records()
        for path in self.record_paths():
            self.records.read(path)
        clock_us = (time.time_ns() - time.monotonic_ns()) // 1000
        self.case = checker.Case(self.records, history, self.snapshot, self.calm_flushes(), self.stalls(), lost,
                                 clock_us, clients)
        self.violations += checker.check(self.case)

    def stalls(self):
        return [(event.began, event.ended or self.records.last) for event in self.events
                if event.fault.kind == "stall clients"]

    def calm_flushes(self):
        """The FLUSHALLs beside which nothing else hit the store or whoever served."""
        flushes = [event for event in self.events if event.fault.kind in ("flush", "empty store")]
        return {n for n, flush in enumerate(flushes)
                if not any(other is not flush and near(other, flush) and matters(other, flush) for other in self.events)}


def near(other, event, us=4_000_000):
    return other.began < event.began + us and (other.ended or other.began) > event.began - us


def matters(other, flush):
    return other.names == [""] or other.fault.kind in ("hang up", "client pause") or set(other.names) & set(flush.names)


def tail(path, size=1 << 20):
    """What is at its end; monitors may have said much since."""
    with open(path, "rb") as file:
        file.seek(0, os.SEEK_END)
        file.seek(max(0, file.tell() - size))
        return "\n" + file.read().decode("utf-8", "replace")


def main():
    directory = tempfile.mkdtemp(prefix=f"storm-{OPTIONS.seed}-", dir="/tmp")
    campaign = Campaign(OPTIONS, directory)
    more = " STORM=--sentinel" if OPTIONS.sentinel else ""
    again = f"make soak SECONDS={OPTIONS.seconds:g} SEED={OPTIONS.seed}{more}"
    print(f"seed {OPTIONS.seed}: {len(campaign.schedule)} faults in {OPTIONS.seconds:g} s; again: {again}", flush=True)
    try:
        watchman = campaign.run()
    finally:
        if sys.exc_info()[0] is not None:
            campaign.world.close()
    campaign.judge()
    figures = report.Figures.of(campaign, watchman)
    text = report.table(figures, campaign.skipped)
    print(text)
    if OPTIONS.figures:
        with open(OPTIONS.figures, "a", encoding="utf-8") as file:
            print(figures.to_json(), file=file)
    shown = campaign.violations[:40]
    for rule, sentence in shown:
        print(f"VIOLATION {rule}: {sentence[:1500]}")
    if len(campaign.violations) > len(shown):
        print(f"… and {len(campaign.violations) - len(shown)} more")
    with open(os.path.join(directory, "report"), "w", encoding="utf-8") as file:
        file.write(text + "".join(f"\n{rule}: {sentence}" for rule, sentence in campaign.violations))
    print(f"violations: {len(campaign.violations)}")
    if campaign.violations or OPTIONS.keep:
        print(f"evidence: {directory}; again: {again}")
    else:
        shutil.rmtree(directory)
    return 1 if campaign.violations else 0


if __name__ == "__main__":
    sys.exit(main())
