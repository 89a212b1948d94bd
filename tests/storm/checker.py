"""The promises of credis, each a rule that looks for requests, readings and monitors for which it was not kept.

Knows records.py and audit.py; knows nothing of how the campaign was run. Each rule yields a sentence a violation."""

import bisect
import fnmatch
from dataclasses import dataclass, field

from audit import Loss, Write

# Outcomes that promise that the request was and will not be executed; all others but "done" leave it open.
NOT_EXECUTED = {"type", "range", "values", "length", "pattern", "read-only", "write-only", "conflict", "busy",
                "malformed", "no-service", "unknown-keyword", "expired", "unreachable", "unserved", "invalid"}

LATE_US = 2_000_000         # a client's outcome after its deadline
CLOCK_US = 100_000          # between the clocks of a dispatcher and a client


@dataclass
class Case:
    """What there is to judge."""
    records: object
    audit: object
    snapshot: dict = field(default_factory=dict)        # keyword: (seq, token) after healing
    calm_flushes: set = field(default_factory=set)      # FLUSHALLs, from 0, beside which nothing else went wrong
    stalls: list = field(default_factory=list)          # (from, to) when clients were not let run
    lost: set = field(default_factory=set)              # (keyword, token, seq) of writes that a failover lost
    clock_us: int = 0                                   # the wall clock less the monotonic one
    clients: int = 0                                    # that should have come to their end

    def __post_init__(self):
        self.written = {}       # token: its Writes in order
        for history in self.audit.history.values():
            for write in history:
                if isinstance(write, Write):
                    self.written.setdefault((write.keyword, write.token), []).append(write)

    def writes_of(self, request):
        return self.written.get((request.keyword, request.id), [])

    def write_shown(self, keyword, seq, token):
        """The places where this very value stood under this very number."""
        return [w.at for w in self.written.get((keyword, token), []) if w.seq == seq]

    def answered(self, request, code="done"):
        return request.kind != "send" and any(end.code == code for end in request.ends)


def check_answered_once(case):
    """Every request comes to exactly one outcome."""
    for r in case.records.requests.values():
        if r.wire:
            told = {(end.code, end.seq) for end in r.ends if end.code not in ("unknown", "deadline")}
            if len(told) > 1:
                yield f"answers differ: {r}"
            if not r.ends:
                yield f"no answer: {r}"
        elif len(r.ends) != (r.refused_at_once is None):
            yield f"{len(r.ends)} outcomes{' though it was not taken' * (r.refused_at_once is not None)}: {r}"
        elif r.ends and any(t > r.end.time for t in r.accepted):
            yield f"accepted after its outcome: {r}"
    for look in case.records.looks.values():
        if len(look.ends) > 1:
            yield f"{len(look.ends)} outcomes: {look}"


def check_in_time(case):
    """An outcome comes by the deadline."""
    for r in case.records.requests.values():
        deadline = r.expires_us - case.clock_us
        awake = max([deadline] + [until for since, until in case.stalls if since <= deadline + LATE_US])
        if r.ends and not r.wire and r.end.time > awake + LATE_US:
            yield f"{(r.end.time - deadline) / 1e6:.3f} s after its deadline: {r}"


def check_done_is_done(case):
    """What was answered done was written as it was asked, under the number that was told."""
    for r in case.records.requests.values():
        for end in r.ends:
            if end.code != "done" or r.kind == "send":
                continue
            if not any(w.seq == end.seq for w in case.writes_of(r)):
                yield f"done but not written: {r}; written: {case.writes_of(r)}"
            elif end.length != r.length or end.token != r.id:
                yield f"done with another value than was asked: {r}"
        for write in case.writes_of(r):
            if write.length != r.length:
                yield f"written with {write.length} bytes of {r.length}: {r}"


def check_refused_is_not_done(case):
    """What was refused, had expired or could not be sent was not written."""
    for r in case.records.requests.values():
        beyond = case.written.get((r.keyword, str(int(r.id) + 10**12)), [])
        refused = r.kind == "wrong" or r.refused_at_once or any(e.code in NOT_EXECUTED for e in r.ends)
        if refused and (case.writes_of(r) or beyond):
            yield f"written all the same: {r}; written: {case.writes_of(r) + beyond}"
        if r.kind == "wrong" and case.answered(r):
            yield f"done though it is not allowed: {r}"


def values_done(case):
    """(keyword, token) of everything that was answered done."""
    return {(r.keyword, r.id) for r in case.records.requests.values() if case.answered(r)}


def is_asked(write):
    """Whether a request wrote it; otherwise it is what a keyword starts with."""
    return write.token.isdigit() and len(write.token) >= 9


def check_history(case):
    """Numbers grow; nothing is written twice; what was done is replaced by what came later only."""
    done = values_done(case)
    for keyword, history in case.audit.history.items():
        for place, write in enumerate(history):
            if isinstance(write, Write):
                yield from check_number(case, history, place)
        if not keyword.startswith("DISP"):
            yield from check_repetitions(case, history, done)


def check_repetitions(case, history, done):
    last = {}                   # token: place in 'history' of its last write
    newest_done = None          # place of the newest write that was answered done, when it was first written
    for place, write in enumerate(history):
        if isinstance(write, Loss):
            continue
        seen = last.get(write.token)
        if (seen is not None or not is_asked(write)) and newest_done is not None and (seen or 0) < newest_done:
            yield from check_undone(case, history, newest_done, place)
        elif seen is not None:
            yield from check_repetition(history, seen, place)
        elif (write.keyword, write.token) in done:
            newest_done = place
        last[write.token] = place


def same_owner(case, loss, write):
    """Whether whoever stored 'write' had it all in memory when it was lost."""
    return loss.flush in case.calm_flushes or case.audit.owner(loss.at) == case.audit.owner(write.at)


def last_loss(history, after, before):
    losses = [entry for entry in history[after + 1:before] if isinstance(entry, Loss)]
    return losses[-1] if losses else None


def check_number(case, history, place):
    """The number of a write against the one it follows."""
    write = history[place]
    if write.before is not None:
        before = write.before
        if write.seq <= before.seq and (write.seq, write.token) != (before.seq, before.token):
            yield f"number went back: {write} after {before}"
        return
    if place == 0:
        return
    loss = history[place - 1]
    if write.seq < loss.before.seq and same_owner(case, loss, write):
        yield f"number went back after the store was emptied: {write} after {loss.before}"


def check_undone(case, history, done_place, place):
    """An older value where a newer one had been answered done: only where all who knew it are gone."""
    write, done = history[place], history[done_place]
    loss = last_loss(history, done_place, place)
    if loss is None:
        yield f"a write that was done is undone: {write} after {done}"
    elif same_owner(case, loss, write):
        yield f"a write that was done is lost though its dispatcher lived: {write} after {done}"


def check_repetition(history, seen, place):
    """The same value again: to heal, under its number, or where the store stood elsewhere or nowhere."""
    write, before = history[place], history[seen]
    if write.seq != before.seq and write.before is not None and write.before.token == write.token:
        yield f"written twice: {before}, {write}"


def check_order(case):
    """What was asked after another was done comes after it; a reading shows nothing older."""
    floors = floors_by_keyword(case)
    for r in case.records.requests.values():
        writes = case.writes_of(r)
        floor = floor_at(floors, r.keyword, r.asked)
        if writes and writes[0].at < floor:
            yield f"written before what had been done when it was asked: {r}; {writes[0]}, not after [{floor}]"
    for look in case.records.looks.values():
        for end in look.ends:
            if end.code != "done" or end.seq == 0:
                continue
            shown = case.write_shown(look.keyword, end.seq, end.token)
            if (look.keyword, end.token, end.seq) in case.lost and not shown:
                continue
            if not shown:
                yield f"shows what never was: {look}"
            elif shown[-1] < floor_at(floors, look.keyword, look.asked):
                yield f"older than what had been done when it was asked: {look}"


def floors_by_keyword(case):
    """For each keyword: times, and how far its history had come in what was done by then."""
    done = {}
    for r in case.records.requests.values():
        for end in r.ends:
            if end.code == "done" and r.kind != "send" and case.writes_of(r):
                done.setdefault(r.keyword, []).append((end.time, case.writes_of(r)[0].at))
    floors = {}
    for keyword, pairs in done.items():
        times, places, floor = [], [], 0
        for time, at in sorted(pairs):
            floor = max(floor, at)
            times.append(time)
            places.append(floor)
        floors[keyword] = (times, places)
    return floors


def floor_at(floors, keyword, time):
    times, places = floors.get(keyword, ([], []))
    n = bisect.bisect_left(times, time)
    return places[n - 1] if n else 0


def check_sets(case):
    """All of a set or nothing, in one transaction."""
    sets = {}
    lost = {(keyword, token) for keyword, token, _ in case.lost}
    for r in case.records.requests.values():
        if r.set != "0":
            sets.setdefault(r.set, []).append(r)
    for members in sets.values():
        if any((r.keyword, r.id) in lost for r in members):
            continue            # it was written; what memory still held of it, healing wrote again
        first = [case.writes_of(r)[0] if case.writes_of(r) else None for r in members]
        written = [w for w in first if w is not None]
        transactions = {w.set for w in written}
        if 0 < len(written) < len(members):
            yield f"{len(written)} of a set of {len(members)} written: {members}"
        elif (0 in transactions or len(transactions) > 1) and not any(lay_elsewhere(case, w) for w in written):
            yield f"a set written in pieces: {members}; {written}"


def lay_elsewhere(case, write):
    """Whether it had to make way for itself, as something else lay under its key: on its own, then."""
    before = entry_before(case, write)
    return isinstance(before, Loss) and before.flush < 0


def entry_before(case, write):
    return case.audit.history[write.keyword][write.place - 1] if write.place else None


def check_if_seq(case):
    """Written only where the keyword stood at the number asked for."""
    for r in case.records.requests.values():
        writes = case.writes_of(r)
        if r.if_seq >= 0 and writes and stood_at(case, writes[0]) != r.if_seq:
            yield f"written at another number than {r.if_seq}: {r}; {writes[0]} after {writes[0].before}"


def stood_at(case, write):
    """The number before a write; that of memory where the store had lost it."""
    before = entry_before(case, write)
    return before.before.seq if isinstance(before, Loss) else before.seq if before else 0


def check_never_late(case):
    """Nothing is written after its deadline; but what a failover lost is stored again whenever it is noticed."""
    lost = {(keyword, token) for keyword, token, _ in case.lost}
    for r in case.records.requests.values():
        if (r.keyword, r.id) in lost:
            continue
        for write in case.writes_of(r)[:1]:
            if write.time_us > r.expires_us + CLOCK_US:
                yield f"written {(write.time_us - r.expires_us) / 1e6:.3f} s after its deadline: {r}"


def check_monitors(case):
    """A monitor shows what was, never goes back, and ends up right."""
    for watch in case.records.watches.values():
        reached, last = {}, {}
        for time, keyword, seq, token, _ in watch.shown:
            last[keyword] = (seq, token)
            if seq == 0:
                continue
            places = case.write_shown(keyword, seq, token)
            if (keyword, token, seq) in case.lost and not places:
                continue
            if not places:
                yield f"monitor {watch.id} shows what never was at {time}: {keyword} seq {seq} = {token}"
                continue
            onward = [at for at in places if at >= reached.get(keyword, 0)]
            if not onward:
                yield (f"monitor {watch.id} went back at {time}: {keyword} seq {seq} = {token} "
                       f"[{places[-1]}] after [{reached[keyword]}]")
            reached[keyword] = max(reached.get(keyword, 0), onward[0] if onward else 0)
        if watch.ended is None:
            yield from check_settled(case, watch, last)


def check_settled(case, watch, last):
    for keyword, stands in case.snapshot.items():
        if any(fnmatch.fnmatchcase(keyword, pattern) for pattern in watch.patterns) and last.get(keyword) != stands:
            yield (f"monitor {watch.id} ends with {keyword} at {last.get(keyword, 'nothing')}, the store at {stands}; "
                   f"it said {watch.events[-3:]}")


def check_healed(case):
    """In the end every keyword has the value that its history ends with."""
    for keyword, history in case.audit.history.items():
        if isinstance(history[-1], Loss):
            yield f"{keyword} was not stored again after it was lost: {history[-1].before}"
        elif keyword in case.snapshot and case.snapshot[keyword] != (history[-1].seq, history[-1].token):
            yield f"{keyword} stands at {case.snapshot[keyword]}, its history ends with {history[-1]}"


def check_records(case):
    """The witnesses themselves came to their end and were understood."""
    yield from (f"a line of a record fits nothing: {line}" for line in case.records.strange)
    if case.records.complete != case.clients:
        yield f"{case.records.complete} of {case.clients} clients came to their end"
    elif len(case.records.quiet) != case.clients:
        yield f"{len(case.records.quiet)} of {case.clients} clients came to rest: some request has no outcome"


RULES = {
    "answered once": check_answered_once,
    "in time": check_in_time,
    "done is done": check_done_is_done,
    "refused is not done": check_refused_is_not_done,
    "history": check_history,
    "order": check_order,
    "sets": check_sets,
    "if-seq": check_if_seq,
    "never late": check_never_late,
    "monitors": check_monitors,
    "healed": check_healed,
    "records": check_records,
}


def check(case):
    """All violations, as (rule, sentence)."""
    return [(name, sentence) for name, rule in RULES.items() for sentence in rule(case)]
