"""Programs under the eyes of others that count: instructions in user space, system calls. Counts do not depend on
the clock; what starting and ending cost falls out of the difference between two runs, one longer than the other."""

import pathlib
import re

from .waiting import wait_for


class Instructions:
    """Callgrind's; the words in 'under' start the program that is counted."""

    def __init__(self, report):
        self.report = pathlib.Path(report)
        self.under = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={self.report}"]

    def total(self):
        return int(re.search(r"^(?:summary|totals): (\d+)", self.report.read_text(), re.M).group(1))


class SystemCalls:
    """strace's, of all threads. It writes its table when what it follows has ended, a moment later."""

    def __init__(self, report):
        self.report = pathlib.Path(report)
        self.under = ["strace", "-D", "-f", "-c", "-o", str(self.report)]

    def total(self):
        line = re.compile(r"^100\.00\s+\S+\s+\S+\s+(\d+)", re.M)
        return int(wait_for(lambda: self.report.exists() and line.search(self.report.read_text())).group(1))


def cost(counter, directory, run, few, many):
    """What one thing costs when run(under, n) does n things."""
    def total(count):
        counted = counter(directory / f"{counter.__name__}.{count}")
        run(counted.under, count)
        return counted.total()

    return (total(many) - total(few)) / (many - few)
