"""What a unit is good for right now: may it be sent, from where would it set out, how long until it leaves. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from resources.availability import LOCAL, available, next_begin
from resources.routing import Start, Travel
from resources.status import CONDITIONAL, FREE, NAMES, UNAVAILABLE

# A moving unit is a kilometre on after a minute: what is older than ten says where it was, not where it is.
FRESH: Final = timedelta(minutes=10)
# Beyond this an old position is worth less than the station.
WORTHLESS: Final = timedelta(minutes=60)
# A unit promised to a scheduled transport is left alone this long before the appointment.
RESERVED_LEAD: Final = timedelta(minutes=60)

WEEKDAYS: Final = (
    *(gettext_noop("Mo"), gettext_noop("Di"), gettext_noop("Mi"), gettext_noop("Do"), gettext_noop("Fr")),
    *(gettext_noop("Sa"), gettext_noop("So")),
)
Spot = tuple[float, float]  # longitude, latitude, WGS 84


@dataclass(frozen=True, slots=True)
class Commitment:
    """An incident that has the unit, or (with ``appointment_at``) has it earmarked."""

    incident: str
    number: str
    appointment_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Sighting:
    """A unit as the tables have it. ``spot``, ``observed_at``: its last position; ``availability``: see
    resources.availability; ``order``: rank of its type, settles ties; speeds in km/h."""

    unit: str
    name: str
    short: str
    type: str
    order: int
    capabilities: frozenset[str]
    speed_kmh: float
    airborne: bool
    turnout_seconds: int
    station: str
    station_name: str
    station_spot: Spot
    county: str
    county_name: str = ""
    centre: str = ""
    centre_name: str = ""
    example: bool = False
    availability: Sequence[dict[str, Any]] = ()
    status: int | None = None
    note: str = ""
    cover_name: str = ""
    cover_spot: Spot | None = None
    spot: Spot | None = None
    observed_at: datetime | None = None
    committed: Commitment | None = None
    reserved: Commitment | None = None

    def accepts(self, need: str) -> bool:
        """True if the unit is of this type or has this capability."""
        return self.type == need or need in self.capabilities


class Readiness(StrEnum):
    """How far a unit may be used. Only FREE ones are proposed."""

    PRESENT = "present"  # already at this incident
    FREE = "free"
    CONDITIONAL = "conditional"  # at hospital: on a dispatcher's decision
    COMMITTED = "committed"  # at another incident: only by taking it away
    BARRED = "barred"


@dataclass(frozen=True, slots=True)
class Asked:
    """The question: for which incident (empty: none yet), when, and without which units."""

    now: datetime
    incident: str = ""
    excluded: frozenset[str] = frozenset()


def readiness(seen: Sighting, asked: Asked) -> tuple[Readiness, str]:
    """Whether the unit may be sent, and in words why not."""
    if seen.committed and seen.committed.incident == asked.incident:
        return Readiness.PRESENT, _("bereits im Einsatz")
    if seen.unit in asked.excluded:
        return Readiness.BARRED, _("vom Disponenten ausgenommen")
    if seen.status == CONDITIONAL:
        return Readiness.CONDITIONAL, _conditional(seen)
    if seen.committed:
        return Readiness.COMMITTED, _("im Einsatz %(number)s (%(status)s)") % {
            "number": seen.committed.number,
            "status": _status(seen),
        }
    if seen.status in UNAVAILABLE:
        return Readiness.BARRED, _status(seen) + (f": {seen.note}" if seen.note else "")
    if seen.status not in FREE:
        return Readiness.BARRED, _unexplained(seen)
    return _promised_elsewhere(seen, asked) or _off_duty(seen, asked.now) or (Readiness.FREE, "")


def _promised_elsewhere(seen: Sighting, asked: Asked) -> tuple[Readiness, str] | None:
    reserved = seen.reserved
    if reserved is None or reserved.incident == asked.incident:
        return None
    if reserved.appointment_at is None:
        return Readiness.BARRED, _("vorgemerkt für %s") % reserved.number
    if asked.now < reserved.appointment_at - RESERVED_LEAD:
        return None
    values = {"number": reserved.number, "time": _clock(reserved.appointment_at)}
    return Readiness.BARRED, _("vorgemerkt für %(number)s um %(time)s Uhr") % values


def _off_duty(seen: Sighting, now: datetime) -> tuple[Readiness, str] | None:
    """A crew that is on the road (status 1) is on duty, whatever the roster says."""
    if seen.status == 1 or available(seen.availability, now):
        return None
    begin = next_begin(seen.availability, now)
    if begin is None:
        return Readiness.BARRED, _("kein Dienst")
    local = now.astimezone(LOCAL)
    day = "" if begin.date() == local.date() else f"{_(WEEKDAYS[begin.weekday()])} "
    return Readiness.BARRED, _("kein Dienst bis %s Uhr") % f"{day}{_clock(begin)}"


def _status(seen: Sighting) -> str:
    if seen.status is None:
        return _("ohne Status")
    return _("Status %(number)s %(name)s") % {"number": seen.status, "name": NAMES[seen.status]}


def _conditional(seen: Sighting) -> str:
    values = {"status": _status(seen), "number": seen.committed.number if seen.committed else ""}
    if seen.committed:
        return _("%(status)s, bedingt verfügbar (Einsatz %(number)s): nur nach Rückfrage") % values
    return _("%(status)s, bedingt verfügbar: nur nach Rückfrage") % values


def _unexplained(seen: Sighting) -> str:
    return _("%s, ohne Einsatz hier") % _status(seen) if seen.status is not None else _("kein Status")


def _clock(at: datetime) -> str:
    return f"{at.astimezone(LOCAL):%H:%M}"


@dataclass(frozen=True, slots=True)
class Standing:
    """From where a unit sets out. ``source``: position, old_position, station, cover; ``turnout``: seconds until it
    moves; ``last_seen``: seconds since its position was observed, None at the station or if it never was;
    ``on_road``: it has left its station; ``cover``: name of the station it covers from."""

    spot: Spot
    source: str
    turnout: int
    last_seen: int | None = None
    on_road: bool = False
    cover: str = ""

    @property
    def age(self) -> int | None:
        """Seconds since the position was observed, None where no position was used."""
        return self.last_seen if self.source in ("position", "old_position") else None

    @property
    def words(self) -> str:
        """The same for people; made only for the few units that are shown."""
        age = age_words(self.last_seen or 0)
        if self.source == "position":
            return _("Position %s alt") % age
        if self.source == "old_position":
            return _("Position %s alt, unsicher") % age
        base = _("ab %s (Gebietsabsicherung)") % self.cover if self.cover else _("ab Wache")
        if not self.on_road:
            return base
        if self.last_seen is None:
            return _("ohne Position, gerechnet %s") % base
        return _("letzte Position %(age)s alt, gerechnet %(from)s") % {"age": age, "from": base}


def standing(seen: Sighting, now: datetime) -> Standing:
    """At its station a unit needs its turnout time; on the road it starts from where it was last seen."""
    if seen.status == 2:
        return _at_station(seen, seen.turnout_seconds)
    if seen.spot is None or seen.observed_at is None:
        return _at_station(seen, 0, on_road=True)
    age = max(timedelta(), now - seen.observed_at)
    seconds = int(age.total_seconds())
    if age <= FRESH:
        return Standing(seen.spot, "position", 0, seconds, on_road=True)
    if age <= WORTHLESS:
        return Standing(seen.spot, "old_position", 0, seconds, on_road=True)
    return _at_station(seen, 0, seconds, on_road=True)


def _at_station(seen: Sighting, turnout: int, last_seen: int | None = None, *, on_road: bool = False) -> Standing:
    if seen.cover_spot is not None:
        return Standing(seen.cover_spot, "cover", turnout, last_seen, on_road, seen.cover_name)
    return Standing(seen.station_spot, "station", turnout, last_seen, on_road)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A unit that somebody asks for, judged. ``eta_seconds`` from the alarm, turnout included."""

    seen: Sighting
    standing: Standing
    readiness: Readiness
    why_not: str
    eta_seconds: int
    distance_m: int
    promised: bool = False  # earmarked for this very incident

    @property
    def rank(self) -> tuple[int, int, str]:
        """Who is there first; equals are settled by the type's rank, then by the id."""
        return self.eta_seconds, self.seen.order, self.seen.unit


def start_of(seen: Sighting, here: Standing) -> Start:
    return Start(here.spot[0], here.spot[1], seen.speed_kmh, seen.airborne)


def judge(seen: Sighting, here: Standing, way: Travel, asked: Asked) -> Candidate:
    """Put together what is known about a unit for this question."""
    state, why_not = readiness(seen, asked)
    promised = bool(asked.incident and seen.reserved and seen.reserved.incident == asked.incident)
    return Candidate(seen, here, state, why_not, here.turnout + way.seconds, way.metres, promised)


def age_words(seconds: int) -> str:
    """12 s, 3 min, 5 h, 2 Tage."""
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} min"
    if seconds < 48 * 3600:
        return f"{seconds // 3600} h"
    return _("%s Tage") % (seconds // 86400)


def way_words(seconds: int) -> str:
    """Minutes a person may rely on: rounded up."""
    return _("unter 1 min") if seconds < 60 else f"{-(-seconds // 60)} min"
