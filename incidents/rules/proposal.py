"""Fill what the plans need with the units that get there first. Pure.

Exact, not greedy: a unit that several lines could use goes where it is missed most. In this order: as many obligatory
places filled as possible, as many of all places as possible, as few new units as possible, the least sum of times.
Nothing is ever silently short: what is missing is counted and said.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from incidents.rules.candidates import Candidate, Readiness
from incidents.rules.matching import cheapest
from incidents.rules.plans import Need, Plan

# A substitute is only taken where it is there this much earlier, or where there is nothing else; the second
# substitute of a line must be as much earlier again.
ALTERNATIVE_GAIN_SECONDS: Final = 180
# Weights far apart, so that no sum of a lower level ever outweighs one step of a higher one.
NOTHING_ELSE: Final = 10**7
NEW_UNIT: Final = 10**11
PROMISED_UNIT: Final = 10**10
NICE_UNFILLED: Final = 10**15
MUST_UNFILLED: Final = 10**18


@dataclass(frozen=True, slots=True)
class Line:
    """One need of one plan and what fills it, the earliest first. ``present`` are those already at the incident."""

    plan: Plan
    need: Need
    filled: tuple[Candidate, ...]
    present: tuple[Candidate, ...]

    @property
    def count(self) -> int:
        """How many are still to be sent."""
        return self.need.count - len(self.present)

    @property
    def missing(self) -> int:
        return self.count - len(self.filled)


def fill(plans: Iterable[Plan], candidates: Iterable[Candidate], *, urgent: bool) -> list[Line]:
    """Distribute the candidates over the plans' needs.

    urgent: False for orders without lights and siren, where a substitute that is merely faster is no reason to take it
    (an ambulance must not do patient transport because it is nearer). The order of ``candidates`` does not matter.
    """
    usable = sorted((c for c in candidates if c.readiness in (Readiness.FREE, Readiness.PRESENT)), key=lambda c: c.rank)
    lines = [(plan, need) for plan in plans for need in plan.needs]
    per_line = [_costs(need, usable, urgent) for _plan, need in lines]
    slots = [line for line, (_plan, need) in enumerate(lines) for _ in range(need.count)]
    undone = [MUST_UNFILLED if lines[line][1].must else NICE_UNFILLED for line in slots]
    chosen: list[list[Candidate]] = [[] for _ in lines]
    for line, worker in zip(slots, cheapest([per_line[line] for line in slots], len(usable), undone), strict=True):
        if worker is not None:
            chosen[line].append(usable[worker])
    return [
        Line(
            plan,
            need,
            tuple(sorted((c for c in units if c.readiness is Readiness.FREE), key=lambda c: c.rank)),
            tuple(sorted((c for c in units if c.readiness is Readiness.PRESENT), key=lambda c: c.seen.unit)),
        )
        for (plan, need), units in zip(lines, chosen, strict=True)
    ]


def _costs(need: Need, usable: Sequence[Candidate], urgent: bool) -> dict[int, int]:
    costs: dict[int, int] = {}
    for index, candidate in enumerate(usable):
        place = choice(need, candidate)
        if place is not None and not too_far(need, candidate):
            costs[index] = _cost(candidate, place, urgent)
    return costs


def _cost(candidate: Candidate, place: int, urgent: bool) -> int:
    if candidate.readiness is Readiness.PRESENT:
        return place
    base = PROMISED_UNIT if candidate.promised else NEW_UNIT
    return base + place * (ALTERNATIVE_GAIN_SECONDS if urgent else NOTHING_ELSE) + candidate.eta_seconds


def choice(need: Need, candidate: Candidate) -> int | None:
    """0: what is wanted, 1, 2 …: which substitute, None: does not fit."""
    for place, kind in enumerate(need.accepts):
        if candidate.seen.accepts(kind):
            return place
    return None


def too_far(need: Need, candidate: Candidate) -> bool:
    """True if a new unit would be there later than the plan allows."""
    if need.max_minutes is None or candidate.readiness is Readiness.PRESENT:
        return False
    return candidate.eta_seconds > need.max_minutes * 60
