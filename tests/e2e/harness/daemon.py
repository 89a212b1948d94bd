"""A credisd of the test's own: its configuration, its directories, its service manager."""

import os
import shutil
import signal
import socket
import tempfile
import threading

from harness.process import Process, environment
from harness.waiting import BUILD, LIMIT, wait_for

# What most tests ask for: one keyword of every kind.
DEMO = """
services = ( {
    name = "demo";
    help = "One keyword of every kind";
    keywords = (
        { name = "POS"; type = "double"; units = "mm"; range = [ 0.0, 10.0 ]; initial = "3"; help = "Position"; },
        { name = "COUNT"; type = "integer"; range = [ -100, 100 ]; initial = "0"; help = "A whole number"; },
        { name = "GAIN"; type = "float"; initial = "1.5"; help = "A single"; },
        { name = "NAME"; type = "string"; max_length = 1000; initial = "nobody"; help = "Any text"; },
        { name = "CODE"; type = "string"; pattern = "^[a-z]+$"; initial = "abc"; help = "Letters only"; },
        { name = "LIT"; type = "boolean"; initial = "false"; help = "Lamp"; },
        { name = "FILTER"; type = "enumerated"; values = ( "open", "U", "B", "V", "R", "I" ); initial = "open"; help = "Filter"; },
        { name = "LAMPS"; type = "mask"; values = ( "neon", "argon", "flat" ); help = "Lamps"; },
        { name = "OFFSET"; type = "double array"; length = [ 2, 2 ]; initial = "[0, 0]"; units = "arcsec"; help = "Offset"; },
        { name = "WORDS"; type = "string array"; initial = "[]"; help = "Words"; },
        { name = "SCRATCH"; type = "integer"; persist = false; initial = "7"; help = "Forgotten at a restart"; },
        { name = "VERSION"; type = "string"; access = "read"; initial = "1"; help = "May not be written"; },
        { name = "SECRET"; type = "string"; access = "write"; help = "May not be read"; }
    );
} );
"""


class ServiceManager:
    """The other end of NOTIFY_SOCKET: collects what the daemon says of itself."""

    def __init__(self, directory):
        self.path = os.path.join(directory, "notify")
        self.lines = []
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        self.socket.bind(self.path)
        # A full queue would stall the daemon, so somebody reads at all times.
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        while True:
            datagram = self.socket.recv(65536)
            if not datagram:
                return
            self.lines += datagram.decode("utf-8", "replace").splitlines()

    def said(self, line):
        return line in list(self.lines)

    def statuses(self):
        return [line[len("STATUS="):] for line in list(self.lines) if line.startswith("STATUS=")]

    def close(self):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as last:
            last.sendto(b"", self.path)
        self.reader.join(LIMIT)
        self.socket.close()


class Credisd:
    """services: a configuration text, or {file name: text}; None is DEMO, "" is none. under: the words of
    a program that watches it, such as valgrind."""

    def __init__(self, store_url, config_text=None, services=None, args=(), env=None, under=()):
        self.directory = tempfile.mkdtemp(prefix="cd-", dir="/tmp")
        self.config = os.path.join(self.directory, "credisd.conf")
        self.services_dir = os.path.join(self.directory, "services.d")
        self.state_dir = os.path.join(self.directory, "state")
        self.runtime_dir = os.path.join(self.directory, "run")
        for path in (self.services_dir, self.state_dir, self.runtime_dir):
            os.mkdir(path)
        self.store_url = store_url
        self.write_config(config_text)
        self.write_services(services)
        self.manager = None
        self.process = None
        self.args = list(args)
        self.env = env or {}
        self.under = list(under)

    def write_config(self, text=None):
        """Writes the main file; directories and store are added unless the text names them."""
        text = text or ""
        more = {"store": f'store = {{ url = "{self.store_url}"; }};',
                "state_dir": f'state_dir = "{self.state_dir}";',
                "runtime_dir": f'runtime_dir = "{self.runtime_dir}";',
                "services_dir": f'services_dir = "{self.services_dir}";'}
        lines = [line for name, line in more.items() if not has_setting(text, name)]
        with open(self.config, "w", encoding="utf-8") as file:
            file.write(text + "\n" + "\n".join(lines) + "\n")

    def write_services(self, services=None):
        """Writes services.d anew."""
        if services is None:
            services = DEMO
        if isinstance(services, str):
            services = {"services.conf": services} if services else {}
        shutil.rmtree(self.services_dir)
        os.mkdir(self.services_dir)
        for name, text in services.items():
            with open(os.path.join(self.services_dir, name), "w", encoding="utf-8") as file:
                file.write(text)

    def start(self, ready=True):
        """Starts it (again); 'ready' waits until it says so."""
        assert self.process is None or not self.process.is_running()
        if self.manager is not None:
            self.manager.close()
            os.unlink(self.manager.path)
        self.manager = ServiceManager(self.directory)
        self.process = Process([*self.under, BUILD / "credisd", "-c", self.config, *self.args],
                               os.path.join(self.directory, "log"),
                               env=environment(NOTIFY_SOCKET=self.manager.path, **self.env))
        if ready:
            self.wait_ready()

    def wait_ready(self, limit=LIMIT):
        self.wait_notify("READY=1", limit)

    def wait_notify(self, line, limit=LIMIT):
        """Waits until the service manager was told this line."""
        self.wait_or_explain(lambda: self.manager.said(line), limit, f"credisd said {line}")

    def wait_status(self, text, limit=LIMIT):
        """Waits until its last STATUS holds the text."""
        self.wait_or_explain(lambda: any(text in s for s in self.manager.statuses()[-1:]), limit,
                             f"status holds {text!r}")

    def wait_log(self, word, limit=LIMIT, after=0):
        """Waits until its log, from 'after' (see mark()) on, holds the word."""
        self.wait_or_explain(lambda: word in self.log()[after:], limit, f"log holds {word!r}")

    def wait_or_explain(self, condition, limit, what):
        def holds():
            if condition():
                return True
            assert self.process.is_running(), (
                f"credisd ended with {self.process.popen.returncode} before {what}; its log:\n{self.log()}")
            return False
        wait_for(holds, limit, lambda: f"{what}; said: {self.manager.lines[-10:]}; its log:\n{self.log()[-8000:]}")

    @property
    def pid(self):
        return self.process.pid

    def is_running(self):
        return self.process.is_running()

    def log(self):
        return self.process.log()

    def mark(self):
        """Where the log ends now, for wait_log(after=…)."""
        return len(self.log())

    def reload(self, limit=LIMIT):
        """SIGHUP, and waits until it is ready again (also when the new configuration is refused)."""
        said = self.manager.lines.count("READY=1")
        self.process.send(signal.SIGHUP)
        self.wait_or_explain(lambda: self.manager.lines.count("READY=1") > said, limit, "ready after reload")

    def stop(self, limit=LIMIT):
        """SIGTERM; demands exit status 0."""
        self.process.stop(limit=limit)

    def kill(self, number=signal.SIGKILL):
        self.process.kill(number)

    def send(self, number):
        self.process.send(number)

    def wait(self, limit=LIMIT):
        return self.process.wait(limit)

    def close(self):
        """The test is over: whatever still runs must end well."""
        try:
            if self.process.is_running():
                self.process.send(signal.SIGCONT)
                self.process.stop()
            self.process.check_log()
        finally:
            self.process.kill()
            self.manager.close()
            shutil.rmtree(self.directory, ignore_errors=True)


def has_setting(text, name):
    return any(line.split("=")[0].split(":")[0].strip() == name for line in text.splitlines())
