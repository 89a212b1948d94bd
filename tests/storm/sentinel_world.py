"""The world of a campaign whose store is led by Redis Sentinel: a primary, its replica, three sentinels.

What was answered done has reached the replica (durability replicas:1), so that no failover may lose it."""

import os
import signal
import threading
import time

from audit import Audit, Write
from harness.daemon import Credisd
from harness.process import Process
from harness.sentinels import Sentinels
from harness.waiting import BUILD, wait_for
from lineage import Archive, Lineage
from world import KEYWORDS, SERVICE, STORE_OPTIONS, Skipped, World, redis_py

OPTIONS = [*STORE_OPTIONS, "--aof-use-rdb-preamble", "no", "--repl-timeout", "5", "--repl-ping-replica-period", "1"]


class SentinelWorld(World):
    def start(self):
        self.sentinels = Sentinels(options=OPTIONS)
        self.servers = [self.sentinels.primary, self.sentinels.replica]
        self.primary = self.servers[0]
        self.archive = Archive(self.directory)
        self.over = threading.Event()
        self.follower = threading.Thread(target=self.follow, daemon=True)
        self.follower.start()
        store = f'store = {{ url = "{self.sentinels.url}"; durability = "replicas:1"; }};'
        for name in "ab":
            self.daemons[name] = Credisd(self.sentinels.url, config_text=store, services=SERVICE)
            self.start_daemon(name)
        wait_for(self.is_served, what="somebody serves")
        self.start_clients()

    def start_clients(self):
        half = self.client_count // 2
        for n, (first, count) in enumerate(((1, half), (1 + half, self.client_count - half))):
            self.programs.append(Process(
                [BUILD / "tests/storm/client", "-u", self.sentinels.url, "-o", os.path.join(self.directory, f"clients{n}.record"),
                 "-k", ",".join(KEYWORDS), "-n", count, "-f", first, "-S", self.seed],
                os.path.join(self.directory, f"clients{n}.log")))

    @property
    def redis(self):
        return self.primary

    def follow(self):
        """Knows who is primary, and keeps every file, at all times."""
        while not self.over.wait(0.02):
            for n, server in enumerate(self.servers):
                self.archive.look(f"server{n}", os.path.join(server.directory, "appendonlydir"))
            found = self.named_primary()
            if found is not None and found is not self.primary and role(found) == "master":
                self.primary = found
                self.promotions.append(time.monotonic_ns() // 1000)

    def named_primary(self):
        try:
            address = self.sentinels.ask("GET-MASTER-ADDR-BY-NAME", Sentinels.NAME)
        except (redis_py.RedisError, OSError):
            return None
        return next((s for s in self.servers if address and s.port == int(address[1])), None)

    def resolve(self, role_name):
        if role_name == "primary":
            return [self.servers.index(self.primary)]
        if role_name == "replica":
            return [1 - self.servers.index(self.primary)]
        return super().resolve(role_name)

    def begin_kill_store(self, fault, names):
        self.servers[names[0]].kill()

    def end_kill_store(self, fault, names):
        """As its configuration, rewritten by Sentinel, would have it."""
        server = self.servers[names[0]]
        leader = self.named_primary() or self.primary
        server.options = [*OPTIONS, "--repl-diskless-sync-delay", "0"]
        if server is not leader:
            server.options += ["--replicaof", "127.0.0.1", str(leader.port)]
        if not server.process.is_running():
            server.start()

    def begin_stall_store(self, fault, names):
        self.servers[names[0]].pause()

    def end_stall_store(self, fault, names):
        self.servers[names[0]].resume()

    def begin_fail_over(self, fault, _):
        if self.sentinels.ask("FAILOVER", Sentinels.NAME) is None:
            raise Skipped("no sentinel will")

    def begin_stall_sentinel(self, fault, _):
        self.sentinels.sentinels[0][1].send(signal.SIGSTOP)

    def end_stall_sentinel(self, fault, _):
        self.sentinels.sentinels[0][1].send(signal.SIGCONT)

    def is_whole(self):
        """Both servers run, and the replica follows."""
        other = self.servers[1 - self.servers.index(self.primary)]
        try:
            info = other.connection(socket_timeout=1.0).info("replication")
        except (redis_py.RedisError, OSError):
            return False
        return info["role"] == "slave" and info["master_link_status"] == "up" and info["master_port"] == self.primary.port

    def heal(self):
        for n, server in enumerate(self.servers):
            server.resume()
            if not server.process.is_running():
                self.end_kill_store(None, [n])
        self.end_stall_sentinel(None, None)
        self.end_stall_clients(None, None)
        self.heal_daemons()
        wait_for(self.is_whole, 60, "the replica follows again")

    def tell(self, names, mode, number=0.0):
        raise Skipped("no links here")

    def processes(self):
        return [row for row in super().processes() if row[0] != "redis-server"] + [
            (f"redis-server {n}", server.process, None) for n, server in enumerate(self.servers)]

    def history(self):
        """All that led to what the primary holds, and the writes that a failover lost."""
        lineage = Lineage(self.archive.pairs, f"server{self.servers.index(self.primary)}")
        lost = [w for history in Audit(lineage.lost).history.values() for w in history if isinstance(w, Write)]
        return Audit(lineage.history), {(w.keyword, w.token, w.seq) for w in lost}

    def close_store(self):
        self.over.set()
        self.follower.join()
        self.sentinels.close()


def role(server):
    try:
        with server.connection(socket_timeout=0.5) as connection:
            return connection.role()[0]
    except (redis_py.RedisError, OSError):
        return None
