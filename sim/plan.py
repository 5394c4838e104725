"""What is to happen in one episode: a list of actions that follows from the seed, each with dice of its own.

So an action does the same whether or not the others happen, as far as the nodes let it: that is what makes shortening
a failing list possible.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace

from federation.protocol import Limits
from sim.machine import NEWER
from sim.world import NODES

HOUR = 3600.0


@dataclass(frozen=True, slots=True)
class Action:
    """``kind`` happens at ``at`` (seconds) to ``node`` (and ``other``); ``amount``: seconds or what the kind says."""

    at: float
    kind: str
    node: str
    other: str = ""
    amount: float = 0.0
    dice: int = 0

    def __str__(self) -> str:
        hours, seconds = divmod(self.at, HOUR)
        pair = f"{self.node}-{self.other}" if self.other else self.node
        return f"{int(hours):02d}:{seconds / 60:06.3f} {self.kind:<12} {pair:<16} {self.amount:g} [{self.dice}]"


@dataclass(frozen=True, slots=True)
class Plan:
    """One episode. ``routed``: commands go to the responsible node, as consoles' do; else each node does what it is
    told, which makes the most of contradictions."""

    seed: int
    nodes: tuple[str, ...]
    hours: float
    limits: Limits
    routed: bool
    actions: tuple[Action, ...]

    def only(self, actions: Sequence[Action]) -> "Plan":
        return replace(self, actions=tuple(actions))


@dataclass(frozen=True, slots=True)
class Kind:
    """How often something happens per simulated hour in a network, and for how many seconds or how much."""

    per_hour: float
    low: float = 0.0
    high: float = 0.0
    pair: bool = False


# Everything a bad day is made of. The days are worse than any real one.
KINDS = {
    "command": Kind(7.0),
    "twin": Kind(0.5, pair=True),
    "repeat": Kind(0.3),
    "cut": Kind(0.18, 60, 3 * HOUR, pair=True),
    "one_way": Kind(0.08, 60, HOUR, pair=True),
    "flap": Kind(0.05, 3, 12, pair=True),
    "island": Kind(0.05, 600, 4 * HOUR),
    "reset": Kind(0.2, pair=True),
    "slow_line": Kind(0.08, 1, 20, pair=True),
    "crash": Kind(0.3, 1, 900),
    "crash_now": Kind(0.08, 1, 900),
    "slow_disk": Kind(0.15, 1, 45),
    "clock_step": Kind(0.08, -2 * HOUR, 2 * HOUR),
    "drift": Kind(0.03, -500, 500),
    "backup": Kind(0.06),
    "restore": Kind(0.07),
    "replace": Kind(0.02),
    "older": Kind(0.04, 600, 5 * HOUR),
    "stray": Kind(0.1, pair=True),
    "take_over": Kind(0.12, pair=True),
    "forget": Kind(0.05),
    "sign": Kind(0.15),
}
FAULTS = frozenset(KINDS) - {"command", "twin", "repeat", "take_over", "forget", "sign", "backup"}

BEATS = (30.0, 60.0, 60.0, 120.0)


def limits(beat: float, *, tiny: bool) -> Limits:
    """The times of the protocol, stretched so that an hour is hundreds of beats and not thousands."""
    stretched = replace(
        Limits(), beat_seconds=beat, silence_seconds=2.6 * beat, handshake_seconds=5 * beat, relay_seconds=2.5 * beat
    )
    if tiny:
        return replace(stretched, unacked_rows=7, batch_rows=3, batch_bytes=6_000, row_bytes=200_000, live_entries=5)
    return stretched


def make(seed: int, hours: float | None = None, *, nodes: int | None = None) -> Plan:
    """The episode of a seed. ``hours`` and ``nodes`` replace what the seed says."""
    dice = random.Random(seed)
    count = dice.choice((2, 2, 2, 2, 2, 2, 3, 3, 3, 3, 4, 5))
    length = dice.choice((10.0, 16.0, 24.0))
    if dice.random() < 0.03:
        count, length = dice.randint(6, 12), 6.0
    count, length = nodes or count, hours or length
    names = NODES[:count]
    beat, tiny, routed = dice.choice(BEATS), dice.random() < 0.3, dice.random() < 0.6
    mood = {kind: dice.choice((0.0, 0.5, 1.0, 1.0, 2.0)) if kind in FAULTS else 1.0 for kind in KINDS}
    actions = [action for kind in KINDS for action in _of(dice, kind, names, length, mood[kind])]
    return Plan(seed, names, length, limits(beat, tiny=tiny), routed, tuple(sorted(actions, key=_order)))


def _order(action: Action) -> tuple[float, str, int]:
    return action.at, action.kind, action.dice


def _of(dice: random.Random, name: str, nodes: Sequence[str], hours: float, mood: float) -> list[Action]:
    kind = KINDS[name]
    busy = 1.0 + 0.25 * (len(nodes) - 2)
    expected = kind.per_hour * hours * mood * busy
    actions: list[Action] = []
    for _number in range(int(expected) + (dice.random() < expected % 1)):
        node, other = dice.sample(nodes, 2)
        # Most of what people do they do in bursts, at the same time in all rooms.
        at = dice.random() * hours * HOUR
        if name == "command" and actions and dice.random() < 0.6:
            at = actions[-1].at + dice.random() * 120
        spread = kind.low + (kind.high - kind.low) * dice.random() ** 2
        actions.append(
            Action(round(at, 3), name, node, other if kind.pair else "", round(spread, 1), dice.getrandbits(32))
        )
    return actions


def newer_types(dice: random.Random) -> frozenset[str]:
    """What an older version does not know."""
    return frozenset(dice.sample(sorted(NEWER), dice.randint(1, len(NEWER))))
