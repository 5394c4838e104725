"""Which lines of the response plan (AAO) apply to a keyword at a place and a time. Pure.

For each keyword exactly one plan wins, the most specific one that fits: object before county before everywhere, and
among those with a time window before without. ``adds`` of the winner pulls in further keywords, each once.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from resources.availability import within


@dataclass(frozen=True, slots=True)
class Need:
    """One line of need. ``need`` and ``alternatives``: unit types or capabilities; ``max_minutes``: turnout and way."""

    need: str
    count: int = 1
    alternatives: tuple[str, ...] = ()
    must: bool = True
    max_minutes: int | None = None

    @property
    def accepts(self) -> tuple[str, ...]:
        """What fills this need, the wanted kind first."""
        return (self.need, *self.alternatives)


@dataclass(frozen=True, slots=True)
class Plan:
    """A response plan. ``county``, ``place`` empty: everywhere; ``window`` None: always."""

    id: str
    name: str
    keyword: str
    needs: tuple[Need, ...]
    county: str = ""
    place: str = ""
    window: dict[str, Any] | None = None
    adds: tuple[str, ...] = ()
    example: bool = False


@dataclass(frozen=True, slots=True)
class Where:
    """Place and time of an incident as the plans ask for it. ``at`` is aware; ids empty if unknown."""

    county: str
    place: str
    at: datetime


def plan_of(row: dict[str, Any]) -> Plan:
    """A plan from the columns of its table row."""
    return Plan(
        id=row["id"], name=row["name"], keyword=row["keyword_id"], county=row["county_id"] or "",
        place=row["place_id"] or "", window=row["window"], adds=tuple(row["adds"]), example=row["example"],
        needs=tuple(
            Need(n["need"], n["count"], tuple(n["alternatives"]), n["must"], n["max_minutes"])
            for n in row["requirements"]
        ),
    )  # fmt: skip


def applicable(plans: Iterable[Plan], keyword: str, where: Where) -> list[Plan]:
    """The winning plan of ``keyword`` and those it pulls in, in that order; keywords without a plan are left out."""
    by_keyword: dict[str, list[Plan]] = {}
    for plan in plans:
        by_keyword.setdefault(plan.keyword, []).append(plan)
    return list(_linked(by_keyword, keyword, where, seen=set()))


def _linked(plans: dict[str, list[Plan]], keyword: str, where: Where, seen: set[str]) -> Iterator[Plan]:
    if keyword in seen:
        return
    seen.add(keyword)
    plan = most_specific(plans.get(keyword, ()), where)
    if plan is None:
        return
    yield plan
    for added in plan.adds:
        yield from _linked(plans, added, where, seen)


def most_specific(plans: Iterable[Plan], where: Where) -> Plan | None:
    """The plan that wins among those of one keyword; equals are settled by their id."""
    fitting = (plan for plan in plans if fits(plan, where))
    return min(fitting, key=lambda plan: (*(-rank for rank in specificity(plan)), plan.id), default=None)


def fits(plan: Plan, where: Where) -> bool:
    """True if nothing in the plan excludes this place and time."""
    if plan.place and plan.place != where.place:
        return False
    if plan.county and plan.county != where.county:
        return False
    return plan.window is None or within(plan.window, where.at)


def specificity(plan: Plan) -> tuple[int, int, int]:
    """Object, county, window: compared in this order."""
    return int(bool(plan.place)), int(bool(plan.county)), int(plan.window is not None)
