"""Everything at once for a while: writers, monitors, kills, restarts and reloads. CREDIS_SOAK is how
many seconds (make soak: 600); a short run is part of every test run. CREDIS_SOAK_SEED repeats one."""

import os
import random
import threading
import time

from harness.daemon import DEMO
from harness.waiting import SANITIZER, wait_for

SECONDS = float(os.environ.get("CREDIS_SOAK", "6"))
SEED = int(os.environ.get("CREDIS_SOAK_SEED", random.randrange(1 << 30)))

# What a write may come to while things are killed: done, deadline, no store, no service yet, nobody serves,
# and "unknown", where an earlier dispatcher may have executed it.
OUTCOMES = {0, 1, 3, 4, 5, 6}


class Writer(threading.Thread):
    """Writes a keyword of its own and remembers what was acknowledged."""

    def __init__(self, cli, keyword, until):
        super().__init__()
        self.cli, self.keyword, self.until = cli, keyword, until
        self.acknowledged = None
        self.later = set()      # written after that, with an outcome that leaves it open
        self.done = 0
        self.strange = []

    def run(self):
        n = 0
        while time.monotonic() < self.until:
            n += 1
            value = n % 100
            result = self.cli("-t", "5s", "modify", f"demo.{self.keyword}={value}")
            if result.status == 0:
                self.acknowledged, self.later = str(value), set()
                self.done += 1
            else:
                self.later.add(str(value))
            if result.status not in OUTCOMES:
                self.strange.append(result)


def resources(pid):
    """Resident kB, open descriptors."""
    with open(f"/proc/{pid}/statm", encoding="ascii") as statm:
        pages = int(statm.read().split()[1])
    return pages * os.sysconf("SC_PAGESIZE") // 1024, len(os.listdir(f"/proc/{pid}/fd"))


def disturb(choice, daemon, redis):
    """Does one thing to them; tells whether the store lost what was in it."""
    if choice == "kill redis":
        redis.kill()
        redis.restart(empty=True)
    elif choice == "flush":
        redis.connection().flushall()
    elif choice == "cut":
        redis.connection().client_kill_filter(_type="normal", skipme=True)
        redis.connection().client_kill_filter(_type="pubsub")
    elif choice == "wrong type":
        connection = redis.connection()
        connection.delete("credis:{demo}:GAIN")
        connection.rpush("credis:{demo}:GAIN", "junk")
    elif choice == "reload":
        daemon.write_services(DEMO if random.random() < 0.5 else DEMO.replace('"nobody"', '"somebody"'))
        daemon.reload()
    elif choice == "restart credisd":
        # What neither the store nor the dispatcher holds any more is nobody's to restore.
        connection = redis.connection()
        wait_for(lambda: all(connection.hexists("credis:{demo}:" + k, "value") for k in ("COUNT", "NAME", "DISPBEAT")))
        daemon.stop()
        daemon.start()


def test_nothing_acknowledged_is_lost_while_everything_is_disturbed(credisd, cli, redis):
    random.seed(SEED)
    daemon = credisd()
    monitor = cli.start("monitor", "demo.COUNT", "demo.NAME")
    monitor.wait_line("demo.NAME nobody")
    until = time.monotonic() + SECONDS
    writers = [Writer(cli, keyword, until) for keyword in ("COUNT", "NAME")]
    for writer in writers:
        writer.start()
    history = []
    began = resources(daemon.pid)
    while time.monotonic() < until:
        choice = random.choice(["kill redis", "flush", "cut", "wrong type", "reload", "restart credisd"])
        history.append(choice)
        disturb(choice, daemon, redis)
        if choice == "restart credisd":
            began = resources(daemon.pid)
        assert daemon.is_running(), daemon.log()
        time.sleep(random.uniform(0, 0.5))
    for writer in writers:
        writer.join()
    what = f"seed {SEED}: {history}"
    assert all(not writer.strange for writer in writers), (what, [w.strange for w in writers])
    assert all(writer.done for writer in writers), what
    connection = redis.connection()
    for keyword in ("COUNT", "GAIN"):
        wait_for(lambda: connection.type("credis:{demo}:" + keyword) == "hash", what=what)
    assert wait_for(lambda: cli("modify", "demo.POS=5").status == 0, what=what)
    for writer in writers:
        stored = connection.hget("credis:{demo}:" + writer.keyword, "value")
        assert stored in writer.later | {writer.acknowledged}, (what, writer.keyword, stored, writer.acknowledged)
    assert cli("modify", "demo.COUNT=-42").status == 0
    monitor.wait_line("demo.COUNT -42")
    resident, descriptors = resources(daemon.pid)
    assert descriptors <= began[1] + 3, what
    assert SANITIZER or resident < began[0] + 20_000, what
