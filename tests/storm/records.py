"""What clients put down, read back: requests with all that came of them, readings, monitors.

Knows the lines of client.c and peers.py; times are monotonic microseconds of this machine. A request's
number is also the token of the value it wrote."""


class Request:
    """One write asked for."""

    __slots__ = ("id", "keyword", "kind", "set", "if_seq", "asked", "expires_us", "length", "refused_at_once",
                 "accepted", "ends", "wire")

    def __init__(self, fields):
        self.asked = int(fields[0])
        self.id = fields[1]
        self.keyword = fields[2]
        self.kind = fields[3]               # modify, wrong (to be refused), send (no answer wanted)
        self.set = fields[4]                # all-or-nothing set; "0": none
        self.if_seq = int(fields[5])        # -1: none
        self.expires_us = int(fields[6])    # Unix, by the store's clock
        self.length = int(fields[7])
        self.refused_at_once = None         # the library did not take it: no outcome may follow
        self.accepted = []                  # times
        self.ends = []                      # every outcome that came
        self.wire = False                   # by a peer of the wire, which hears repetitions too

    @property
    def end(self):
        return self.ends[0] if self.ends else None

    def __repr__(self):
        return (f"request {self.id} ({self.kind} {self.keyword}, asked at {self.asked}"
                f"{', set ' + self.set if self.set != '0' else ''}): {self.ends or 'no outcome'}")


class End:
    """An outcome: "done" or the word of a code, with what was stored."""

    __slots__ = ("time", "code", "seq", "token", "length")

    def __init__(self, time, code, seq, token, length):
        self.time, self.code, self.seq, self.token, self.length = int(time), code, int(seq), token, int(length)

    def __repr__(self):
        return f"{self.code} seq {self.seq} = {self.token} at {self.time}"


class Look:
    """One reading asked for."""

    __slots__ = ("id", "keyword", "refresh", "asked", "ends")

    def __init__(self, fields):
        self.asked = int(fields[0])
        self.id, self.keyword = fields[1], fields[2]
        self.refresh = fields[3] == "1"
        self.ends = []

    def __repr__(self):
        return f"reading {self.id} ({self.keyword}, asked at {self.asked}): {self.ends}"


class Watch:
    """One monitor: what it showed, in order, and what it said of itself."""

    def __init__(self, number, began, patterns):
        self.id, self.began = number, int(began)
        self.patterns = patterns
        self.shown = []                     # (time, keyword, seq, token, length)
        self.events = []                    # (time, word)
        self.ended = None


class Records:
    """All of a campaign's records together."""

    def __init__(self):
        self.requests = {}
        self.looks = {}
        self.watches = {}
        self.last = 0                       # time of the last line
        self.quiet = []                     # when each client had no request left
        self.complete = 0                   # clients who came to their end
        self.strange = []                   # lines that fit nothing

    def read(self, path):
        with open(path, encoding="utf-8", errors="replace") as file:
            for line in file:
                self.take(line)
        return self

    def take(self, line):
        word, *fields = line.split()
        try:
            getattr(self, "take_" + word)(*fields)
            self.last = max(self.last, int(fields[0]))
        except (AttributeError, KeyError, ValueError, IndexError, TypeError) as fault:
            self.strange.append(f"{line.strip()!r}: {fault!r}")

    def take_ask(self, *fields):
        self.requests[fields[1]] = Request(fields)

    def take_wire(self, *fields):
        self.requests[fields[1]] = Request(fields)
        self.requests[fields[1]].wire = True

    def take_untaken(self, _, number, code):
        if number in self.requests:
            self.requests[number].refused_at_once = code

    def take_accepted(self, time, number):
        self.requests[number].accepted.append(int(time))

    def take_end(self, time, number, code, seq, token, length):
        self.requests[number].ends.append(End(time, code, seq, token, length))

    def take_look(self, *fields):
        self.looks[fields[1]] = Look(fields)

    def take_saw(self, time, number, code, seq, token, length):
        self.looks[number].ends.append(End(time, code, seq, token, length))

    def take_watch(self, time, number, *patterns):
        self.watches[number] = Watch(number, time, patterns)

    def take_unwatch(self, time, number):
        self.watches[number].ended = int(time)

    def take_value(self, time, number, keyword, seq, token, length):
        self.watches[number].shown.append((int(time), keyword, int(seq), token, int(length)))

    def take_gone(self, time, number, *_):
        self.watches[number].events.append((int(time), "gone"))

    def take_primed(self, time, number, _):
        self.watches[number].events.append((int(time), "primed"))

    def take_gap(self, time, number, _):
        self.watches[number].events.append((int(time), "gap"))

    def take_restored(self, time, number, _):
        self.watches[number].events.append((int(time), "restored"))

    def take_failed(self, time, number, _):
        self.watches[number].events.append((int(time), "failed"))
        self.watches[number].ended = int(time)

    def take_quiet(self, time):
        self.quiet.append(int(time))

    def take_bye(self, _):
        self.complete += 1
