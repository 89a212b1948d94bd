"""Links that fail on demand, for tests: proxy.py, told by name what to do to which."""

import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))


class Links:
    """Links("a=LISTEN=TARGET", …): addresses and modes are those of proxy.py."""

    def __init__(self, *words, log=None):
        self.popen = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", "--", sys.executable, os.path.join(HERE, "proxy.py"), *words],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True)
        self.answer()

    def answer(self):
        line = self.popen.stdout.readline()
        assert line == "ok\n", f"the proxy ended: {line!r}"

    def tell(self, name, mode, number=""):
        self.popen.stdin.write(f"{name} {mode} {number}\n")
        self.popen.stdin.flush()
        self.answer()

    def close(self):
        self.popen.stdin.close()
        self.popen.wait(10)
        self.popen.stdout.close()
