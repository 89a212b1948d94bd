"""A redis-server of the test's own: on a unix socket in a short directory, without a port."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile

import redis as redis_py

from harness.process import Process
from harness.waiting import LIMIT, wait_for


def free_port():
    """A loopback port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class RedisServer:
    """Server options as for the command line: RedisServer("--requirepass", "secret")."""

    def __init__(self, *options, tcp=False, password=None, under=()):
        # Socket names are limited to 107 bytes: keep it short whatever pytest's directory is.
        self.directory = tempfile.mkdtemp(prefix="cr-", dir="/tmp")
        self.socket = os.path.join(self.directory, "redis.sock")
        self.log_path = os.path.join(self.directory, "redis.log")
        self.options = list(options)
        self.port = free_port() if tcp else 0
        self.password = password
        if password is not None:
            self.options += ["--requirepass", password]
        self.under = list(under)    # the words of a program that starts it
        self.process = None

    @property
    def url(self):
        login = f":{self.password}@" if self.password is not None else ""
        if self.port:
            return f"redis://{login}127.0.0.1:{self.port}/0"
        return f"unix://{login}{self.socket}"

    @property
    def pid(self):
        return self.process.pid

    def connection(self, **options):
        """A python3-redis client, through the socket."""
        options.setdefault("decode_responses", True)
        options.setdefault("password", self.password)
        return redis_py.Redis(unix_socket_path=self.socket, **options)

    def cli(self, *words, stdin=None):
        """What redis-cli prints for a command; fails when it fails."""
        login = ["-a", self.password, "--no-auth-warning"] if self.password is not None else []
        done = subprocess.run(["redis-cli", "-s", self.socket, *login, *map(str, words)],
                              input=stdin, capture_output=True, text=True, timeout=LIMIT)
        assert done.returncode == 0, done.stderr
        return done.stdout.rstrip("\n")

    def start(self):
        assert self.process is None or not self.process.is_running()
        if os.path.exists(self.socket):
            os.unlink(self.socket)
        self.process = Process(
            [*self.under, "redis-server", "--port", self.port, "--bind", "127.0.0.1", "--unixsocket", self.socket,
             "--save", "", "--dir", self.directory, "--daemonize", "no", *self.options], self.log_path)
        wait_for(self.answers, what=lambda: "redis-server answers PING; its log:\n" + self.process.log())

    def answers(self):
        assert self.process.is_running(), "redis-server ended:\n" + self.process.log()
        try:
            with self.connection() as connection:
                return connection.ping()
        except redis_py.exceptions.RedisError:
            return False

    def stop(self):
        """Stops it as an operator would, and demands that it ends well."""
        self.process.stop()

    def kill(self):
        """It is gone, without a word to anyone."""
        self.process.kill()

    def restart(self, empty=True):
        """Stops it if it runs and starts it again, with nothing in it unless 'empty' is False."""
        if self.process.is_running():
            if not empty:
                self.connection().save()
            self.stop()
        if empty:
            for name in ("dump.rdb", "appendonlydir", "appendonly.aof"):
                path = os.path.join(self.directory, name)
                shutil.rmtree(path) if os.path.isdir(path) else os.path.exists(path) and os.unlink(path)
        self.start()

    def pause(self):
        self.process.send(signal.SIGSTOP)

    def resume(self):
        self.process.send(signal.SIGCONT)

    def close(self):
        try:
            if self.process is not None and self.process.is_running():
                self.resume()
                self.stop()
        finally:
            if self.process is not None:
                self.process.kill()
            shutil.rmtree(self.directory, ignore_errors=True)
