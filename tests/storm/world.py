"""Everything a campaign runs: a Redis server, a pair of credisd, links between them, clients; and how each fault
is brought about and healed. Knows nothing of when (faults.py) or whether it mattered (checker.py)."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import redis as redis_py

from audit import Audit
from harness.daemon import Credisd
from harness.links import Links
from harness.process import Process
from harness.redis_server import RedisServer, free_port
from harness.waiting import BUILD, wait_for

HERE = os.path.dirname(os.path.abspath(__file__))
KEYWORDS = [f"{letter}{n}" for n in range(8) for letter in "IS"]
LENGTH_MAX = 4096
RANGE_MAX = 10**11 - 1
LEASE_KEY = "credis:{storm}:dispatcher"
# Complete whatever is killed, and never rewritten: see audit.py.
STORE_OPTIONS = ["--appendonly", "yes", "--appendfsync", "always", "--auto-aof-rewrite-percentage", "0",
                 "--enable-protected-configs", "local", "--client-output-buffer-limit", "pubsub 4mb 1mb 5"]


def describe(keyword):
    if keyword[0] == "I":
        return f'{{ name = "{keyword}"; type = "integer"; range = ( 0, {RANGE_MAX}L ); initial = "0"; }}'
    return f'{{ name = "{keyword}"; type = "string"; max_length = {LENGTH_MAX}; initial = "init"; }}'


SERVICE = 'services = ( { name = "storm"; help = "In a storm"; keywords = (\n' + ",\n".join(map(describe, KEYWORDS)) + "); } );\n"


class World:
    def __init__(self, directory, seed, clients):
        self.directory = directory
        self.seed = seed
        self.client_count = clients
        self.notes = []                 # what could not be done, and why
        self.daemons = {}
        self.started = {}               # when, monotonic seconds
        self.programs = []              # clients and peers
        self.down = set()               # daemons that are not to run
        self.stalled = set()
        self.disk = None                # mounted, and too small
        self.disk_is_full = False
        self.kept = None                # the only connection that Redis takes
        self.last_owner = "a"
        self.promotions = []            # of replicas, monotonic microseconds

    def start(self):
        self.redis = RedisServer(*STORE_OPTIONS, tcp=True)
        self.redis.start()
        self.sockets = {name: os.path.join(self.redis.directory, name + ".sock") for name in "ab"}
        self.port = free_port()
        with open(os.path.join(self.directory, "proxy.log"), "ab") as log:
            self.links = Links(f"a={self.sockets['a']}={self.redis.socket}", f"b={self.sockets['b']}={self.redis.port}",
                               f"clients={self.port}={self.redis.port}", log=log)
        for name in "ab":
            self.daemons[name] = Credisd(f"unix://{self.sockets[name]}", services=SERVICE)
            self.start_daemon(name)
        wait_for(self.is_served, what="somebody serves")
        self.start_clients()

    def start_daemon(self, name):
        self.daemons[name].start(ready=False)
        self.started[name] = time.monotonic()

    def is_served(self):
        for daemon in self.daemons.values():
            assert daemon.is_running(), "credisd ended:\n" + daemon.log()
        return self.owner() is not None

    def start_clients(self):
        """Two programs of asynchronous clients, half of them behind a link that fails; and peers of the wire."""
        half = self.client_count // 2
        direct, behind = f"unix://{self.redis.socket}", f"redis://127.0.0.1:{self.port}"
        for n, (first, count) in enumerate(((1, half), (1 + half, self.client_count - half))):
            record = os.path.join(self.directory, f"clients{n}.record")
            self.programs.append(Process(
                [BUILD / "tests/storm/client", "-u", direct, "-u", behind, "-o", record, "-k", ",".join(KEYWORDS),
                 "-n", count, "-f", first, "-S", self.seed], os.path.join(self.directory, f"clients{n}.log")))
        self.programs.append(Process(
            [sys.executable, os.path.join(HERE, "peers.py"), self.redis.port, os.path.join(self.directory, "peers.record"),
             ",".join(KEYWORDS), str(1 + self.client_count), str(self.seed)], os.path.join(self.directory, "peers.log")))

    # Who is who

    def connection(self):
        return self.redis.connection(socket_timeout=2.0)

    def lease(self):
        try:
            with self.connection() as connection:
                text = connection.get(LEASE_KEY)
            return json.loads(text) if text else None
        except (redis_py.RedisError, OSError, ValueError):
            return None

    def owner(self):
        """a or b, whoever the lease says; None while nobody holds it."""
        held = self.lease()
        return next((name for name, d in self.daemons.items() if held and d.process and d.pid == held["pid"]), None)

    def resolve(self, role):
        """The daemons that a role means now."""
        if role == "both":
            return ["a", "b"]
        if role not in ("owner", "standby"):
            return [role]
        owner = self.owner() or self.last_owner
        self.last_owner = owner
        return [owner] if role == "owner" else ["b" if owner == "a" else "a"]

    # credisd

    def begin_kill(self, fault, names):
        for name in names:
            self.daemons[name].kill()
            self.down.add(name)
            self.stalled.discard(name)

    def end_kill(self, fault, names):
        for name in names:
            if not self.daemons[name].is_running():
                self.start_daemon(name)
            self.down.discard(name)

    def begin_stall(self, fault, names):
        for name in names:
            self.daemons[name].send(signal.SIGSTOP)
            self.stalled.add(name)

    def end_stall(self, fault, names):
        for name in names:
            if self.daemons[name].is_running():
                self.daemons[name].send(signal.SIGCONT)
            self.stalled.discard(name)

    def begin_restart(self, fault, names):
        for name in names:
            self.down.add(name)
            self.daemons[name].send(signal.SIGTERM)

    def end_restart(self, fault, names):
        for name in names:
            self.daemons[name].stop()
            self.start_daemon(name)
            self.down.discard(name)

    def begin_reload(self, fault, names):
        for name in names:
            self.daemons[name].send(signal.SIGHUP)

    # redis-server

    def begin_kill_store(self, fault, _):
        self.redis.kill()

    def end_kill_store(self, fault, _):
        if not self.redis.process.is_running():
            self.redis.start()

    def begin_restart_store(self, fault, _):
        if self.disk_is_full:
            raise Skipped("it does not stop while it cannot save")
        self.redis.resume()
        self.redis.stop()

    end_restart_store = end_kill_store

    def begin_stall_store(self, fault, _):
        self.redis.pause()

    def end_stall_store(self, fault, _):
        self.redis.resume()

    def begin_flush(self, fault, names):
        names[:] = self.resolve("owner")    # whose memory it takes to heal
        self.connection().flushall()

    def begin_empty_store(self, fault, names):
        """As a server without persistence that died."""
        self.begin_flush(fault, names)
        self.redis.kill()

    end_empty_store = end_kill_store

    def begin_meddle(self, fault, _):
        """Somebody's hand in the store."""
        with self.connection() as connection, connection.pipeline(transaction=True) as hand:
            if fault.target in ("delete", "another type"):
                key = "credis:{storm}:" + KEYWORDS[int(fault.number * len(KEYWORDS))]
                hand.delete(key)
                if fault.target == "another type":
                    hand.rpush(key, "junk")
            elif fault.target == "no about":
                hand.delete("credis:{storm}:about")
            elif fault.target == "no lease":
                hand.delete(LEASE_KEY)
            else:
                hand.set(LEASE_KEY, "somebody", px=1000)
            hand.execute()

    def begin_stall_clients(self, fault, _):
        for program in self.programs[:2]:
            program.send(signal.SIGSTOP)

    def end_stall_clients(self, fault, _):
        for program in self.programs[:2]:
            program.send(signal.SIGCONT)

    def begin_hang_up(self, fault, _):
        if self.kept is not None:
            raise Skipped("it would cut off the only connection there may be")
        with self.connection() as connection:
            if fault.target in ("normal", "pubsub"):
                connection.client_kill_filter(_type=fault.target, skipme=True)
                return
            held = self.lease()
            if held is None:
                raise Skipped("nobody holds the lease")
            connection.client_kill_filter(_id=held["connections"]["owner's intake" == fault.target])

    def begin_client_pause(self, fault, _):
        self.connection().client_pause(int(fault.length * 1000), all=fault.target == "ALL")

    def configure(self, name, value):
        with self.connection() as connection:
            connection.config_set(name, value)

    def begin_out_of_memory(self, fault, _):
        self.configure("maxmemory", 1)

    def end_out_of_memory(self, fault, _):
        self.configure("maxmemory", 0)

    def begin_disk_full(self, fault, _):
        """A snapshot that finds no room on its disk makes Redis refuse writes."""
        if self.disk is None:
            self.disk = tempfile.mkdtemp(prefix="cr-full-", dir="/tmp")
            if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", self.disk], check=False).returncode:
                self.disk = ""
        if not self.disk:
            raise Skipped("no file system can be mounted here")
        with contextlib.suppress(OSError), open(os.path.join(self.disk, "ballast"), "wb") as ballast:
            ballast.write(bytes(1 << 20))
        self.disk_is_full = True
        with self.connection() as connection:
            connection.config_set("dir", self.disk)
            connection.config_set("save", "3600 1")
            connection.bgsave()
            wait_for(lambda: connection.info("persistence")["rdb_last_bgsave_status"] == "err", 5, "the disk is full")

    def end_disk_full(self, fault, _):
        with self.connection() as connection:
            connection.config_set("save", "")
            connection.config_set("dir", self.redis.directory)
        self.disk_is_full = False

    def begin_read_only(self, fault, _):
        with self.connection() as connection:
            connection.execute_command("REPLICAOF", "127.0.0.1", "1")

    def end_read_only(self, fault, _):
        with self.connection() as connection:
            connection.execute_command("REPLICAOF", "NO", "ONE")

    def begin_full_house(self, fault, _):
        """No room for new connections, and none of the old ones left."""
        self.kept = self.connection()
        self.kept.config_set("maxclients", 1)
        self.kept.client_kill_filter(_type="normal", skipme=True)
        self.kept.client_kill_filter(_type="pubsub", skipme=True)

    def make_room(self):
        try:
            return self.kept.config_set("maxclients", 10000)
        except (redis_py.RedisError, OSError):
            return False    # the connection kept was lost as well: the next try is another

    def end_full_house(self, fault, _):
        wait_for(self.make_room, what="redis-server takes connections again")
        self.kept.close()
        self.kept = None

    # all of them

    def begin(self, fault):
        """Brings it about; returns whom it hit."""
        names = self.resolve(fault.target)
        if fault.kind in DAEMON_KINDS and any(n in self.down | self.stalled for n in names):
            raise Skipped("it is down already")
        if fault.kind in ("restart", "reload") and any(time.monotonic() < self.started[n] + 1 for n in names):
            raise Skipped("it has hardly begun")    # and takes no signals yet
        if fault.kind in LINK_KINDS:
            self.tell(names, fault.kind, fault.number)
        else:
            getattr(self, "begin_" + method(fault.kind))(fault, names)
        return names

    def tell(self, names, mode, number=0.0):
        for name in names:
            self.links.tell(name, mode, f"{number:.3f}")

    def end(self, fault, names):
        if fault.kind in LINK_KINDS - {"cut"}:
            self.tell(names, "pass")
        ending = getattr(self, "end_" + method(fault.kind), None)
        if ending is not None:
            ending(fault, names)

    def heal(self):
        """Everything as it should be, whatever a fault could not take back."""
        self.redis.resume()
        if not self.redis.process.is_running():
            self.redis.start()
        if self.kept is not None:
            self.end_full_house(None, None)
        wait_for(self.redis.answers, what="redis-server answers")
        for name, value in (("maxmemory", 0), ("save", ""), ("dir", self.redis.directory), ("maxclients", 10000)):
            self.configure(name, value)
        self.end_read_only(None, None)
        self.connection().client_unpause()
        self.tell(("a", "b", "clients"), "pass")
        self.end_stall_clients(None, None)
        self.heal_daemons()

    def heal_daemons(self):
        for daemon in self.daemons.values():
            daemon.send(signal.SIGCONT)
            if not daemon.is_running():
                daemon.start(ready=False)
        self.down.clear()
        self.stalled.clear()

    def snapshot(self):
        """What the store holds: keyword: (seq, value)."""
        with self.redis.connection(decode_responses=False) as connection:
            found = {k: connection.hmget(f"credis:{{storm}}:{k}", "seq", "value") for k in KEYWORDS}
        return {k: (int(seq or 0), value or b"") for k, (seq, value) in found.items()}

    def history(self):
        """All that the store did, from a copy of its append-only file; and what it lost, which is nothing."""
        copy = os.path.join(self.directory, "appendonlydir")
        shutil.copytree(os.path.join(self.redis.directory, "appendonlydir"), copy)
        return Audit.of(copy), set()

    def stop_asking(self):
        for program in self.programs:
            program.send(signal.SIGUSR1)

    def processes(self):
        """(what, process, whether it is meant to run) of all."""
        rows = [("redis-server", self.redis.process, None)]
        rows += [(f"credisd {name}", d.process, name not in self.down) for name, d in self.daemons.items() if d.process]
        rows += [(os.path.basename(p.log_path).removesuffix(".log"), p, True) for p in self.programs]
        return rows

    def close(self):
        """Stops everything; what did not end well, as sentences."""
        complaints = []
        steps = [p.stop for p in self.programs] + [d.close for d in self.daemons.values()]
        steps += [p.check_log for p in self.programs] + [self.close_store]
        for step in steps:
            try:
                step()
            except (AssertionError, OSError) as fault:
                complaints.append(str(fault))
        return complaints

    def close_store(self):
        self.links.close()
        self.redis.close()
        if self.disk:
            subprocess.run(["umount", self.disk], check=False)
            os.rmdir(self.disk)


class Skipped(Exception):
    """A fault that could not be brought about here and now."""


LINK_KINDS = {"cut", "refuse", "hold", "freeze", "deaf", "lose", "delay", "dribble"}
DAEMON_KINDS = {"kill", "stall", "restart", "reload"}


def method(kind):
    return kind.replace(" ", "_").replace("-", "_")
