"""Three Redis Sentinels that watch a primary and its replica, all on loopback ports of their own."""

import os

from harness.process import Process
from harness.redis_server import RedisServer, free_port
from harness.waiting import wait_for

import redis as redis_py


class Sentinels:
    """Starts a primary, a replica and three sentinels; url leads to whichever is primary."""

    NAME = "obs"

    def __init__(self, down_after_ms=1000, options=()):
        self.primary = RedisServer(*options, tcp=True)
        self.primary.start()
        self.replica = RedisServer("--replicaof", "127.0.0.1", self.primary.port,
                                   "--repl-diskless-sync-delay", "0", *options, tcp=True)
        self.replica.start()
        wait_for(lambda: self.replica.connection().info("replication")["master_link_status"] == "up",
                 what="the replica follows")
        self.sentinels = [self.start_sentinel(n, down_after_ms) for n in range(3)]
        wait_for(self.is_known, what="the sentinels know each other and the replica")

    def start_sentinel(self, number, down_after_ms):
        port = free_port()
        path = os.path.join(self.primary.directory, f"sentinel{number}.conf")
        with open(path, "w", encoding="utf-8") as file:
            file.write(f"port {port}\nbind 127.0.0.1\ndir {self.primary.directory}\n"
                       f"sentinel monitor {self.NAME} 127.0.0.1 {self.primary.port} 2\n"
                       f"sentinel down-after-milliseconds {self.NAME} {down_after_ms}\n"
                       f"sentinel failover-timeout {self.NAME} 5000\n")
        return port, Process(["redis-server", path, "--sentinel"], path + ".log")

    def ask(self, *words):
        for port, process in self.sentinels:
            if not process.is_running():
                continue
            with redis_py.Redis(port=port, decode_responses=True, socket_timeout=1.0, socket_connect_timeout=1.0) as connection:
                try:
                    return connection.execute_command("SENTINEL", *words)
                except redis_py.exceptions.RedisError:
                    continue
        return None

    def is_known(self):
        fields = self.ask("MASTER", self.NAME) or []
        state = dict(zip(fields[::2], fields[1::2]))
        return state.get("num-other-sentinels") == "2" and state.get("num-slaves") == "1"

    @property
    def url(self):
        hosts = ",".join(f"127.0.0.1:{port}" for port, _ in self.sentinels)
        return f"redis+sentinel://{hosts}/{self.NAME}/0"

    def close(self):
        for _, process in self.sentinels:
            process.kill()
        for server in (self.replica, self.primary):
            server.close()
