"""One program under test: started with a clean environment, its output in a file, ended by pid."""

import os
import signal
import subprocess

from harness.waiting import LIMIT

# What a sanitizer finds must end the program with a status that no test takes for an answer.
SANITIZERS = {
    "ASAN_OPTIONS": "exitcode=99:detect_leaks=1:abort_on_error=0",
    "UBSAN_OPTIONS": "exitcode=99:halt_on_error=1:print_stacktrace=1",
    "TSAN_OPTIONS": "exitcode=99:halt_on_error=1:second_deadlock_stack=1",
    "LSAN_OPTIONS": "exitcode=99",
}


def environment(**more):
    """The caller's environment without what would change an outcome, and with 'more'."""
    env = {k: v for k, v in os.environ.items() if not k.startswith(("CREDIS_", "NOTIFY_", "WATCHDOG_"))
           and k not in ("STATE_DIRECTORY", "RUNTIME_DIRECTORY", "LISTEN_FDS", "LISTEN_PID")}
    env.update({"LC_ALL": "C.UTF-8", "TZ": "UTC", "CREDIS_CONF": "", **SANITIZERS})
    env.update({k: str(v) for k, v in more.items()})
    return env


class Process:
    """A long-running program. It dies with the test run, whatever becomes of that."""

    def __init__(self, words, log_path, env=None, cwd=None, stdout=None):
        self.log_path = log_path
        self.name = os.path.basename(words[0])
        with open(log_path, "ab") as log:
            self.popen = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", "--", *map(str, words)],
                stdin=subprocess.DEVNULL, stdout=stdout or log, stderr=log, cwd=cwd,
                env=env or environment())

    @property
    def pid(self):
        return self.popen.pid

    def log(self):
        with open(self.log_path, "r", encoding="utf-8", errors="replace") as log:
            return log.read()

    def is_running(self):
        return self.popen.poll() is None

    def send(self, number):
        self.popen.send_signal(number)

    def wait(self, limit=LIMIT):
        """Its exit status; fails, and kills it, when it does not end."""
        try:
            return self.popen.wait(limit)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(
                f"{self.name} did not end within {limit} s; its log:\n{self.log()}") from None

    def kill(self, number=signal.SIGKILL):
        """Ends it without its consent."""
        if self.is_running():
            self.popen.send_signal(number)
            if number == signal.SIGKILL:
                self.popen.wait()

    def check_log(self):
        """No sanitizer had anything to say."""
        log = self.log()
        assert "Sanitizer" not in log and "runtime error:" not in log, log

    def stop(self, number=signal.SIGTERM, limit=LIMIT):
        """Ends it and demands that it ends well."""
        if self.is_running():
            self.popen.send_signal(number)
        status = self.wait(limit)
        assert status == 0, f"{self.name} ended with {status}; its log:\n{self.log()}"
