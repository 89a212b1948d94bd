"""What can go wrong, when, and for how long: one schedule from one seed.

A fault begins and ends by calling the world (world.py); who "the owner" is turns out when it begins, everything
else is decided here, before anything runs, so that a seed replays."""

import random
from dataclasses import dataclass

QUIET_SECONDS = 2.0         # at the beginning, for everything to come up


@dataclass
class Fault:
    kind: str
    target: str             # a role: owner, standby, both, redis, clients; "" where there is but one
    start: float            # seconds into the campaign
    length: float           # until it is healed
    number: float = 0.0     # what else the kind needs

    def __str__(self):
        return f"{self.start:8.3f} +{self.length:.3f} {self.kind} {self.target} {self.number or ''}".rstrip()


@dataclass(frozen=True)
class Kind:
    weight: int
    targets: tuple
    shortest: float
    longest: float
    lowest: float = 0.0
    highest: float = 0.0


ENDS = ("owner", "owner", "standby", "clients")
KINDS = {
    # credisd
    "kill": Kind(12, ("owner", "owner", "standby", "both"), 0.1, 4.0),
    "stall": Kind(10, ("owner", "owner", "standby", "both"), 0.2, 6.0),
    "restart": Kind(6, ("owner", "owner", "standby"), 0.0, 2.0),
    "reload": Kind(2, ("owner",), 0.0, 0.0),
    # the clients themselves
    "stall clients": Kind(4, ("",), 0.2, 4.0),
    # redis-server
    "kill store": Kind(6, ("",), 0.0, 3.0),
    "restart store": Kind(4, ("",), 0.0, 2.0),
    "stall store": Kind(8, ("",), 0.2, 6.0),
    "flush": Kind(6, ("",), 0.0, 0.0),
    "empty store": Kind(3, ("",), 0.0, 2.0),
    "meddle": Kind(6, ("delete", "another type", "no lease", "another's lease", "no about"), 0.0, 0.0, 0.0, 0.999),
    "hang up": Kind(8, ("normal", "pubsub", "owner's commands", "owner's intake"), 0.0, 0.0),
    "client pause": Kind(4, ("WRITE", "ALL"), 0.1, 3.0),
    "out of memory": Kind(4, ("",), 0.2, 3.0),
    "disk full": Kind(3, ("",), 0.2, 3.0),
    "read-only": Kind(4, ("",), 0.2, 3.0),
    "full house": Kind(2, ("",), 0.2, 3.0),
    # links
    "cut": Kind(8, ENDS, 0.0, 0.0),
    "refuse": Kind(3, ENDS, 0.1, 3.0),
    "hold": Kind(8, ENDS, 0.2, 6.0),
    "freeze": Kind(8, ENDS, 1.0, 8.0),
    "deaf": Kind(6, ENDS, 0.2, 5.0),
    "lose": Kind(4, ENDS, 0.1, 4.0),
    "delay": Kind(4, ENDS, 0.5, 4.0, 0.02, 0.8),
    "dribble": Kind(4, ENDS, 0.5, 3.0),
}


SENTINEL_KINDS = {
    **{name: KINDS[name] for name in ("kill", "stall", "restart", "reload", "stall clients")},
    "kill store": Kind(12, ("primary", "primary", "replica"), 0.2, 8.0),
    "stall store": Kind(10, ("primary", "primary", "replica"), 0.2, 6.0),
    "fail over": Kind(8, ("",), 0.0, 0.0),
    "hang up": Kind(6, ("normal", "pubsub", "owner's commands", "owner's intake"), 0.0, 0.0),
    "stall sentinel": Kind(4, ("",), 0.2, 4.0),
}


def pick_fault(chance, kinds, start):
    name = chance.choices(list(kinds), [kind.weight for kind in kinds.values()])[0]
    kind = kinds[name]
    # Short ones often: most races are won or lost within a second.
    length = kind.shortest + (kind.longest - kind.shortest) * chance.random() ** 2
    return Fault(name, chance.choice(kind.targets), start, length, chance.uniform(kind.lowest, kind.highest))


def schedule(seed, seconds, kinds):
    """All faults of a campaign in order; now and then one begins before another is over."""
    chance = random.Random(seed)
    faults, now = [], QUIET_SECONDS
    while True:
        fault = pick_fault(chance, kinds, now)
        if fault.start + fault.length > seconds - 1.0:
            return faults
        faults.append(fault)
        together = chance.random() < 0.25
        now += chance.uniform(0.0, 0.5) if together else fault.length + chance.uniform(0.2, 3.5)
