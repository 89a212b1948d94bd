"""The credis command: run to its end, or in the background with its lines read one by one."""

import json
import os
import queue
import signal
import subprocess
import tempfile
import threading

from harness.process import Process, environment
from harness.waiting import BUILD, LIMIT


class Result:
    """What one run of credis came to."""

    def __init__(self, words, done):
        self.words = words
        self.status = done.returncode
        self.out = done.stdout
        self.err = done.stderr
        assert self.status >= 0 and self.status != 99, f"{self!r}"

    def __repr__(self):
        return f"{' '.join(self.words)}: status {self.status}\nout: {self.out}\nerr: {self.err}"

    @property
    def lines(self):
        return self.out.splitlines()

    @property
    def error(self):
        """The first line on stderr, without the program's name; "" when there is none."""
        return self.err.splitlines()[0].removeprefix("credis: ") if self.err else ""

    @property
    def value(self):
        """What follows " = " in the only line; the whole of it where nothing does."""
        assert len(self.lines) == 1, repr(self)
        name, mark, value = self.out.rstrip("\n").partition(" = ")
        return value if mark else name

    @property
    def json(self):
        """The only object printed."""
        objects = self.objects
        assert len(objects) == 1, repr(self)
        return objects[0]

    @property
    def objects(self):
        """One object a line, errors included; notes for people are none."""
        return [json.loads(line) for line in self.lines if line]


class Background(Process):
    """credis at work beside the test: its output line by line, each within a deadline."""

    def __init__(self, words, env):
        super().__init__(words, tempfile.mkstemp(prefix="credis-")[1], env, stdout=subprocess.PIPE)
        self.queue = queue.Queue()
        self.seen = []
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        for line in self.popen.stdout:
            self.queue.put(line.decode("utf-8", "replace").rstrip("\n"))
        self.queue.put(None)

    def read_line(self, limit=LIMIT):
        """The next line; None at the end of its output."""
        try:
            line = self.queue.get(timeout=limit)
        except queue.Empty:
            raise AssertionError(f"no line within {limit} s; seen {self.seen[-10:]}, "
                                 f"stderr:\n{self.log()}") from None
        if line is not None:
            self.seen.append(line)
        return line

    def wait_line(self, text, limit=LIMIT):
        """The next line that holds the text; those before it are passed over."""
        while True:
            line = self.read_line(limit)
            assert line is not None, f"ended without {text!r}; seen {self.seen[-10:]}, stderr:\n{self.log()}"
            if text in line:
                return line

    @property
    def err(self):
        return self.log()

    def stop(self, number=signal.SIGINT, limit=LIMIT):
        """Ends it as Ctrl-C does; its exit status is the test's to judge."""
        if self.is_running():
            self.send(number)
        return self.wait(limit)

    def close(self):
        self.kill()
        self.wait()
        self.reader.join(LIMIT)
        try:
            # Closing would wait for the reader.
            assert not self.reader.is_alive(), "what it has started outlives it, and holds its output"
            self.popen.stdout.close()
            self.check_log()
        finally:
            os.unlink(self.log_path)


class Credis:
    """cli("show", "demo.POS") runs it to its end; cli.start("monitor", …) leaves it running."""

    def __init__(self, url):
        self.url = url
        self.background = []

    def words(self, args, url):
        url = self.url if url is None else url
        return [str(BUILD / "credis"), *(["-u", url] if url else []), *map(str, args)]

    def __call__(self, *args, url=None, stdin=None, env=None, limit=60):
        """url="" leaves -u out."""
        words = self.words(args, url)
        done = subprocess.run(words, input=stdin or "", capture_output=True, timeout=limit, text=True,
                              errors="surrogateescape", env=environment(**(env or {})))
        return Result(words, done)

    def start(self, *args, url=None, env=None, under=()):
        """under: the words of a program that watches it, such as valgrind."""
        started = Background([*under, *self.words(args, url)], environment(**(env or {})))
        self.background.append(started)
        return started

    def close(self):
        for started in self.background:
            started.close()
