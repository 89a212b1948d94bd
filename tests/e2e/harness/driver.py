#!/usr/bin/python3
"""A driver that does what a test wants. driver.py DIRECTORY HOW: keeps values, writes every request to
DIRECTORY/requests and its pid to DIRECTORY/pid, and misbehaves in the way named (see the functions)."""

import json
import os
import signal
import subprocess
import sys
import time

directory, how = sys.argv[1], (sys.argv[2:] or ["well"])[0]
values = {}


def say(**members):
    print(json.dumps(members), flush=True)


def note(name, text):
    with open(os.path.join(directory, name), "a", encoding="utf-8") as file:
        file.write(text + "\n")


def answer(request):
    """As it should be."""
    if request["op"] == "stop":
        note("requests", json.dumps(request))
        note("stopped", "in good order")
        sys.exit(0)
    if request["op"] == "write":
        values[request["keyword"]] = request["value"]
        say(id=request["id"])
    else:
        say(id=request["id"], value=values.get(request["keyword"], 1))


def well(request):
    answer(request)


def refusing(request):
    if request["op"] == "write":
        say(id=request["id"], error="limit switch")
    else:
        answer(request)


def blind(request):
    if request["op"] == "read":
        say(id=request["id"], error="no light")
    else:
        answer(request)


def worn(request):
    if request["op"] == "read":
        say(id=request["id"], value=5, severity="minor", reason="worn", time=1700000000.25)
    else:
        answer(request)


def speaking(request):
    """Of its own accord, once it was asked to write."""
    if request["op"] == "write":
        say(keyword="S", value="then", time=1700000000.25)
        say(keyword="N", value=3, severity="minor", reason="worn")
        say(keyword="E", severity="invalid", reason="no light")
        say(keyword="b", value=True)
        say(log="homed")
        print("a complaint", file=sys.stderr, flush=True)
    answer(request)


def garbage(request):
    if request["op"] == "write":
        sys.stdout.buffer.write(b"no JSON\n[1]\n{}\n\xff\xfe\0\n{\"id\":\"x\"}\n{\"keyword\":\"NOBODY\",\"value\":1}\n\n"
                                b"{\"keyword\":\"X\",\"value\":{}}\n{\"keyword\":\"X\",\"value\":1,\"severity\":\"bad\"}\n")
    answer(request)


def long_line(request):
    if request["op"] == "write":
        sys.stdout.write("x" * (5 << 20) + "\n")
    answer(request)


def flood(request):
    if request["op"] == "write":
        line = b'{"keyword":"NOBODY","value":"' + b"x" * 9970 + b'"}\n'
        for _ in range(5000):
            sys.stdout.buffer.write(line)
        for _ in range(50):
            sys.stderr.buffer.write(b"x" * 1000000 + b"\n")
    answer(request)


def hose(request):
    if request["op"] == "write":
        for n in range(100):
            sys.stdout.write("".join(f'{{"keyword":"X","value":{n % 10}}}\n{{"keyword":"N","value":{n}}}\n' * 500))
    answer(request)


def burst(request):
    """Says more than the store's link holds before it answers a write, once the test has made way."""
    if request["op"] == "write":
        while not os.path.exists(os.path.join(directory, "go")):
            time.sleep(0.01)
        for n in range(75):
            say(keyword="S", value=f"{n:1000000}")
    answer(request)


def twice(request):
    answer(request)
    if request["op"] == "write":
        say(id=request["id"])


def unasked(request):
    say(id=4711)
    answer(request)


def never(request):
    """Silent for good from the first write on."""
    while request["op"] == "write":
        time.sleep(3600)
    answer(request)


def slow(request):
    """Answers everything but writes."""
    if request["op"] != "write":
        answer(request)


def stubborn(request):
    """Heeds neither 'stop' nor SIGTERM."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    while request["op"] == "stop":
        time.sleep(3600)
    answer(request)


def dying(request):
    if request["op"] == "write":
        sys.exit("out of film")
    answer(request)


def shut_input(request):
    if request["op"] == "write":
        say(id=request["id"])
        os.close(0)
        time.sleep(3600)
    answer(request)


def shut_output(request):
    if request["op"] == "write":
        os.close(1)
        os.open("/dev/null", os.O_WRONLY)
        time.sleep(3600)
    answer(request)


def parent(request):
    """Ends, and leaves a child with its pipes."""
    if request["op"] == "write":
        child = subprocess.Popen(["sleep", "3600"])
        note("grandchild", str(child.pid))
        sys.exit(3)
    answer(request)


def limits(request):
    """A value that is not allowed, and then one that is."""
    if request["op"] == "write":
        say(keyword="X", value=1e6)
        say(id=request["id"], error="see X")
    else:
        answer(request)


def surroundings():
    status = dict(line.split(":", 1) for line in open("/proc/self/status", encoding="utf-8") if ":" in line)
    # 3 is what lists them.
    open_ones = sorted(int(fd) for fd in os.listdir("/proc/self/fd"))
    return {"descriptors": [fd for fd in open_ones if os.path.exists(f"/proc/self/fd/{fd}")],
            "environment": dict(os.environ), "directory": os.getcwd(), "blocked": int(status["SigBlk"], 16),
            "ignored": int(status["SigIgn"], 16), "group": os.getpgrp() == os.getpid(), "uid": os.getuid(),
            "argv": sys.argv}


if __name__ == "__main__":
    note("pid", str(os.getpid()))
    if how == "surroundings":
        note("surroundings", json.dumps(surroundings()))
        how = "well"
    if how == "deaf":
        while True:
            time.sleep(3600)
    act = globals()[how]
    for line in sys.stdin:
        if '"stop"' not in line:
            note("requests", line.rstrip("\n"))
        act(json.loads(line))
