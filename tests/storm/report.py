"""The table of a campaign: what was done to credis, what became of requests, how soon it was back."""

import bisect
import collections

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
        if (back := next_done(written, since)) is not None:
            found[PROMOTION].append((back - since) / 1e6)
    return found


def next_done(answered, since):
    n = bisect.bisect_left(answered, (since, 0))
    # Those asked first need not be done first: look a little on.
    return min((told for _, told in answered[n:n + 500]), default=None)


def name(fault):
    return f"{fault.kind} {fault.target}".strip()


def rows(campaign):
    counts = collections.Counter(name(event.fault) for event in campaign.events)
    found = recoveries(campaign.events, campaign.case, campaign.world.promotions)
    if campaign.world.promotions:
        counts[PROMOTION] = len(campaign.world.promotions)
    for kind in sorted(counts):
        seconds = sorted(found.get(kind, []))
        figures = [f"{x:8.3f}" for x in (percentile(seconds, 0.5), percentile(seconds, 0.99), seconds[-1])] if seconds else []
        yield f"  {kind:31}{counts[kind]:6}  {len(seconds):6}  {''.join(figures)}"


def table(campaign, watchman):
    records = campaign.case.records
    codes = collections.Counter(r.end.code for r in records.requests.values() if r.end and r.kind != "send")
    sent = collections.Counter(r.end.code for r in records.requests.values() if r.end and r.kind == "send")
    shown = sum(len(watch.shown) for watch in records.watches.values())
    gaps = sum(word == "gap" for watch in records.watches.values() for _, word in watch.events)
    lines = [f"  {'fault':31}{'times':>6}  {'alone':>6}  {'p50':>8}{'p99':>8}{'max':>8}  seconds to the next done", *rows(campaign)]
    lines.append(f"  faults: {len(campaign.events)}, skipped: {len(campaign.skipped)}")
    lines.append(f"  requests: {len(records.requests)}; answered: {count(codes)}; without answer: {count(sent)}")
    lines.append(f"  readings: {len(records.looks)}; monitors: {len(records.watches)}, which showed {shown} values and {gaps} gaps")
    lines.append("  memory, MB at most: " + ", ".join(f"{what} {most:.0f}" for what, most in sorted(watchman.memory.items())))
    lines += [f"  skipped: {fault} ({why.partition(chr(10))[0]})" for fault, why in campaign.skipped]
    return "\n".join(lines)


def count(counter):
    return ", ".join(f"{n} {code}" for code, n in counter.most_common())
