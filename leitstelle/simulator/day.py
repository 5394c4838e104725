"""The calls of a day, planned ahead: the same seed gives the same day, whenever and however fast it is played. Pure.

Each hour of each county has a random stream of its own, so a day may be entered at any hour and looks the same.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random
from typing import Final

from leitstelle.simulator import figures
from leitstelle.simulator.atlas import Atlas, Point, Spot
from leitstelle.simulator.scenarios import SCENARIOS, STORM, Scenario
from resources.availability import LOCAL

HOUR: Final = timedelta(hours=1)
WITNESS_METRES: Final = 120.0
METRES_PER_DEGREE: Final = 111_200.0
NO_PATIENCE_NEEDED: Final = frozenset({"bma", "ecall", "hausnotruf"})  # machines and services do not hang up


@dataclass(frozen=True, slots=True)
class PlannedCall:
    """A call as it will happen. ``spot``: where it is about; ``located``: seconds after the ring until the caller's
    position is known, None if it never is, with ``accuracy_m``; ``patience``, ``talk``: seconds; ``about``: id of the
    call that reported the same first, empty if this is it."""

    id: str
    at: datetime
    line: str
    number: str
    centre: str
    county: str
    spot: Spot
    scenario: Scenario
    report: str
    point: Point
    located: float | None
    accuracy_m: int
    patience: float
    talk: float
    about: str = ""


def plan(atlas: Atlas, seed: int, begin: datetime, end: datetime, intensity: float = 1.0) -> list[PlannedCall]:
    """All calls from ``begin`` to before ``end`` (aware), in order. ``intensity`` multiplies the figures."""
    # Witnesses of something in the last minutes of an hour call in the next.
    hour = (begin - HOUR).astimezone(LOCAL).replace(minute=0, second=0, microsecond=0)
    calls: list[PlannedCall] = []
    while hour < end:
        for county in sorted(atlas.counties):
            calls += _county_hour(atlas, seed, county, hour, intensity)
        hour = (hour.astimezone(begin.tzinfo) + HOUR).astimezone(LOCAL)
    return sorted((call for call in calls if begin <= call.at < end), key=lambda call: (call.at, call.id))


def storm(atlas: Atlas, seed: int, begin: datetime) -> list[PlannedCall]:
    """900 calls within ten minutes from all counties, swelling up and down, many about the same."""
    random = Random(f"{seed}:storm:{begin.timestamp():.0f}")
    counties = sorted(atlas.counties)
    weights = [atlas.counties[county] for county in counties]
    calls: list[PlannedCall] = []
    while len(calls) < figures.STORM_CALLS:
        at = begin + timedelta(seconds=random.triangular(0, figures.STORM_SECONDS, figures.STORM_SECONDS * 0.4))
        county = random.choices(counties, weights)[0]
        first = _call(atlas, random, f"storm-{seed}-{len(calls)}", at, county, STORM)
        calls += [first, *_witnesses(random, first, spread=120)]
    last = begin + timedelta(seconds=figures.STORM_SECONDS)
    kept = [replace(call, at=min(call.at, last)) for call in calls[: figures.STORM_CALLS]]
    return sorted(kept, key=lambda call: (call.at, call.id))


def _county_hour(atlas: Atlas, seed: int, county: str, hour: datetime, intensity: float) -> Iterator[PlannedCall]:
    random = Random(f"{seed}:{county}:{hour.isoformat()}")
    rate = figures.rate_per_second(atlas.counties[county], hour.weekday(), hour.hour, intensity)
    scenarios = [replace(s, weight=s.weight * _presence(s, hour)) for s in SCENARIOS]
    # Witnesses are calls too: fewer first calls, so that the sum is what the figures say.
    rate /= 1 + sum(s.weight * s.witnesses / 2 for s in scenarios) / sum(s.weight for s in scenarios)
    seconds, number = random.expovariate(rate), 0
    while seconds < 3600:
        ident = f"{hour:%y%m%d%H%z}-{county}-{seed}-{number}"
        first = _call(atlas, random, ident, hour + timedelta(seconds=seconds), county, scenarios)
        yield first
        yield from _witnesses(random, first, spread=240)
        seconds, number = seconds + random.expovariate(rate), number + 1


def _presence(scenario: Scenario, hour: datetime) -> float:
    if scenario.line != "19222":
        return 1.0
    if hour.hour not in figures.TRANSPORT_HOURS:
        return 0.1
    return figures.TRANSPORT_WEEKEND if hour.weekday() >= 5 else 1.0


def _call(
    atlas: Atlas, random: Random, ident: str, at: datetime, county: str, scenarios: Sequence[Scenario]
) -> PlannedCall:
    scenario = random.choices(scenarios, [s.weight for s in scenarios])[0]
    spot = _spot(atlas, random, county, scenario)
    located = random.uniform(*figures.LOCATED_AFTER) if random.random() < figures.LOCATED_SHARE else None
    return PlannedCall(
        id=ident, at=at, line=scenario.line, number=_number(random), centre=atlas.centres[county], county=county,
        spot=spot, scenario=scenario, report=random.choice(scenario.reports), point=_near(random, spot.point, 30),
        located=0.0 if scenario.line == "ecall" else located, accuracy_m=random.choice(figures.LOCATED_ACCURACY_M),
        patience=_patience(random, scenario), talk=_talk(random),
    )  # fmt: skip


def _witnesses(random: Random, first: PlannedCall, spread: float) -> Iterator[PlannedCall]:
    """Others who saw the same and call within ``spread`` seconds."""
    for number in range(random.randint(0, first.scenario.witnesses)):
        yield replace(
            first, id=f"{first.id}w{number}", at=first.at + timedelta(seconds=random.uniform(5, spread)),
            number=_number(random), report=random.choice(first.scenario.reports), about=first.id,
            point=_near(random, first.spot.point, WITNESS_METRES), accuracy_m=random.choice(figures.LOCATED_ACCURACY_M),
            patience=_patience(random, first.scenario), talk=_talk(random) / 2,
        )  # fmt: skip


def _spot(atlas: Atlas, random: Random, county: str, scenario: Scenario) -> Spot:
    kinds = [kind for kind in scenario.spots if atlas.spots.get((county, kind))] or ["settlement"]
    spots = atlas.spots[county, random.choice(kinds)]
    return random.choices(spots, [spot.weight for spot in spots])[0]


def _near(random: Random, point: Point, metres: float) -> Point:
    angle, distance = random.uniform(0, 2 * math.pi), metres * math.sqrt(random.random())
    lat = point[1] + distance * math.cos(angle) / METRES_PER_DEGREE
    lon = point[0] + distance * math.sin(angle) / (METRES_PER_DEGREE * math.cos(math.radians(point[1])))
    return round(lon, 6), round(lat, 6)


def _number(random: Random) -> str:
    """From the numbers that the network agency keeps free for stories: nobody is ever called by mistake."""
    block, digits = random.choice((("+4917139200", 2), ("+49176040690", 2), ("+493023125", 3)))
    return f"{block}{random.randrange(10**digits):0{digits}d}"


def _patience(random: Random, scenario: Scenario) -> float:
    if scenario.line in NO_PATIENCE_NEEDED:
        return math.inf
    return max(12.0, random.lognormvariate(math.log(figures.PATIENCE_MEDIAN), figures.PATIENCE_SIGMA))


def _talk(random: Random) -> float:
    return max(10.0, random.lognormvariate(math.log(figures.TALK_MEDIAN), figures.TALK_SIGMA))
