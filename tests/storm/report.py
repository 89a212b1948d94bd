"""The table of a campaign: what was done to credis, what became of requests, how soon it was back."""

import bisect
import collections
import json

# From the moment they strike; the others from the moment they are healed, as nothing can work before.
STRIKES = {"kill", "restart", "stall", "reload", "flush", "hang up", "cut", "meddle"}
PROMOTION = "(promotion, to the next write)"


def percentile(values, share):
    return values[min(len(values) - 1, int(share * len(values)))]


def dones(records):
    """(asked, told) of every request that was answered done, by when it was asked."""
    return sorted((r.asked, r.end.time) for r in records.requests.values()
                  if r.kind != "send" and r.end is not None and r.end.code == "done")


def writes(case):
    """(asked, written) of every request that was written: before there is another replica, none is done."""
    return sorted((r.asked, case.writes_of(r)[0].time_us - case.clock_us)
                  for r in case.records.requests.values() if case.writes_of(r))


def recoveries(events, case, promotions):
    """Kind: seconds until a request that was asked after the event was done; where no other fault was near."""
    answered, written = dones(case.records), writes(case)
    found = collections.defaultdict(list)
    for event in events:
        since = event.began if event.fault.kind in STRIKES else event.ended or event.began
        back = next_done(answered, since)
        if back is not None and not any(other is not event and other.began < back and (other.ended or back) > since
                                        for other in events):
            found[name(event.fault)].append((back - since) / 1e6)
    for since in promotions:
        back = next_done(written, since)
        if back is not None and not any(hinders(event, since, back) for event in events):
            found[PROMOTION].append((back - since) / 1e6)
    return found


def hinders(event, since, back):
    """Whether a promotion had more to do with than the fault that it answers."""
    within = event.began < back and (event.ended or back) > since
    return within and (event.began > since or event.fault.kind in ("kill", "stall", "restart"))


def next_done(answered, since):
    n = bisect.bisect_left(answered, (since, 0))
    # Those asked first need not be done first: look a little on.
    return min((told for _, told in answered[n:n + 500]), default=None)


def name(fault):
    return f"{fault.kind} {fault.target}".strip()


class Figures:
    """What a campaign came to, in numbers: of one, or of several together."""

    def __init__(self):
        self.seconds = 0.0
        self.violations = self.skipped = self.requests = self.readings = self.monitors = self.shown = self.gaps = 0
        self.times = collections.Counter()          # by fault
        self.back = collections.defaultdict(list)   # by fault: seconds to the next done
        self.answered = collections.Counter()
        self.unanswered = collections.Counter()     # outcomes of requests that wanted no answer
        self.memory = {}

    @classmethod
    def of(cls, campaign, watchman):
        figures, records = cls(), campaign.case.records
        figures.seconds = campaign.args.seconds
        figures.violations, figures.skipped = len(campaign.violations), len(campaign.skipped)
        figures.requests, figures.readings = len(records.requests), len(records.looks)
        figures.monitors = len(records.watches)
        figures.shown = sum(len(watch.shown) for watch in records.watches.values())
        figures.gaps = sum(word == "gap" for watch in records.watches.values() for _, word in watch.events)
        figures.times.update(name(event.fault) for event in campaign.events)
        if campaign.world.promotions:
            figures.times[PROMOTION] = len(campaign.world.promotions)
        figures.back.update(recoveries(campaign.events, campaign.case, campaign.world.promotions))
        for request in records.requests.values():
            if request.end:
                (figures.unanswered if request.kind == "send" else figures.answered)[request.end.code] += 1
        figures.memory = dict(watchman.memory)
        return figures

    def add(self, other):
        for word, value in vars(other).items():
            if word == "memory":
                for what, most in value.items():
                    self.memory[what] = max(self.memory.get(what, 0.0), most)
            elif word == "back":
                for fault, seconds in value.items():
                    self.back[fault] += seconds
            elif isinstance(value, collections.Counter):
                getattr(self, word).update(value)
            else:
                setattr(self, word, getattr(self, word) + value)
        return self

    def to_json(self):
        return json.dumps(vars(self))

    @classmethod
    def from_json(cls, text):
        figures = cls()
        for word, value in json.loads(text).items():
            present = getattr(figures, word)
            setattr(figures, word, type(present)(value) if isinstance(present, collections.Counter) else value)
        return figures


def rows(figures):
    """(fault, times, alone, p50, p99, max), the last three None where it never came alone."""
    for fault in sorted(figures.times):
        seconds = sorted(figures.back.get(fault, []))
        yield (fault, figures.times[fault], len(seconds),
               *((percentile(seconds, 0.5), percentile(seconds, 0.99), seconds[-1]) if seconds else (None,) * 3))


def table(figures, skipped=()):
    lines = [f"  {'fault':31}{'times':>6}  {'alone':>6}  {'p50':>8}{'p99':>8}{'max':>8}  seconds to the next done"]
    lines += [f"  {fault:31}{times:6}  {alone:6}  " + "".join(f"{x:8.3f}" for x in spans if x is not None)
              for fault, times, alone, *spans in rows(figures)]
    lines.append(f"  faults: {sum(figures.times.values())}, skipped: {figures.skipped}")
    lines.append(f"  requests: {figures.requests}; answered: {count(figures.answered)}; without answer: {count(figures.unanswered)}")
    lines.append(f"  readings: {figures.readings}; monitors: {figures.monitors}, which showed {figures.shown} values and {figures.gaps} gaps")
    lines.append("  memory, MB at most: " + ", ".join(f"{what} {most:.0f}" for what, most in sorted(figures.memory.items())))
    lines += [f"  skipped: {fault} ({why.partition(chr(10))[0]})" for fault, why in skipped]
    return "\n".join(lines)


def count(counter):
    return ", ".join(f"{n} {code}" for code, n in collections.Counter(counter).most_common())
