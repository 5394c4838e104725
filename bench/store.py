"""A full store: months of incidents, made through the real entries and handlers, only in large transactions.

Run as a program with a node's environment: ``python -m bench.store <centre> <closed> <open> <seed>``. Two centres can
be filled at the same time.
"""

import os
import random
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "leitstelle.settings")
django.setup()

from django.db import transaction  # noqa: E402  needs the apps
from django.utils import timezone  # noqa: E402

from incidents.entries.alarm import AlarmedUnit, Delivery, UnitsAlarmed  # noqa: E402
from incidents.entries.call import CallAnswered, CallAttached, CallEnded, CallReceived  # noqa: E402
from incidents.entries.course import UnitProgressed  # noqa: E402
from incidents.entries.incident import IncidentClosed, IncidentOpened  # noqa: E402
from incidents.models import Keyword  # noqa: E402
from journal.actor import Actor  # noqa: E402
from journal.record import Transaction  # noqa: E402
from journal.types import EntryType  # noqa: E402
from resources.entries import Spot, StatusReported  # noqa: E402
from resources.models import Place, Unit  # noqa: E402

PER_TRANSACTION = 40
DAYS = 90
# Of the open incidents this share has a unit on its way; the rest waits, as scheduled transports do.
WITH_UNIT = 0.4
REPORTS = (
    "Person, etwa 70 Jahre, Brustschmerz seit einer Stunde, ansprechbar",
    "Sturz von der Leiter, Schmerzen im rechten Bein, kann nicht aufstehen",
    "Rauch aus Fenster im zweiten Obergeschoss, unklar, ob noch Personen im Gebäude",
    "Verkehrsunfall mit zwei Fahrzeugen, eine Person klagt über Nackenschmerzen",
    "Krankentransport liegend, Rückfahrt von der Dialyse",
)

Dated = tuple[datetime, EntryType]


@dataclass
class Filler:
    """Entries of one centre's incidents; ids and texts follow from the seed alone."""

    centre: str
    seed: int
    chance: random.Random = field(init=False)
    serials: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.chance = random.Random(f"{self.centre}/{self.seed}")
        self.code = self.centre[0].upper()
        of_centre = {"county__centre": self.centre}
        self.places = list(Place.objects.filter(**of_centre, active=True).order_by("pk")[:2000])
        self.keywords = list(Keyword.objects.filter(active=True).order_by("pk"))
        units = Unit.objects.filter(station__county__centre=self.centre, active=True).order_by("pk")
        self.units = list(units)
        if not (self.places and self.keywords and self.units):
            raise SystemExit(f"no reference data for {self.centre}")

    def uuid(self) -> UUID:
        return UUID(int=self.chance.getrandbits(128), version=4)

    def incident(self, at: datetime, unit: Unit | None, *, closed: bool) -> Iterator[Dated]:
        """One incident with its call, from the ring at ``at``."""
        call, incident, assignment = self.uuid(), self.uuid(), self.uuid()
        place = self.chance.choice(self.places)
        keyword = self.chance.choice(self.keywords)
        year = at.year
        self.serials[year] = serial = self.serials.get(year, 0) + 1
        number = f"+49{self.chance.randrange(3641_000000, 3661_999999)}"
        spot = Spot.of(place.point)
        yield at, CallReceived(call=call, centre=self.centre, line="112", rang_at=at, number=number, spot=spot)
        answered = at + timedelta(seconds=self.chance.randrange(3, 12))
        seat = f"{self.code}{self.chance.randrange(1, 9)}"
        yield answered, CallAnswered(call=call, seat=seat, user_name="Disposition")
        opened = answered + timedelta(seconds=self.chance.randrange(20, 60))
        yield (
            opened,
            IncidentOpened(
                incident=incident,
                number=f"{self.code}-{year}-{serial:06d}",
                centre=self.centre,
                origin="jena",
                year=year,
                serial=serial,
                keyword=keyword.id,
                priority=keyword.priority,
                county=place.county_id,
                county_how="inside",
                call_received_at=at,
                call_answered_at=answered,
                place=place.name,
                place_id=place.id,
                municipality=place.municipality_name,
                spot=spot,
                report=self.chance.choice(REPORTS),
                caller_number=number,
            ),
        )
        yield opened, CallAttached(call=call, incident=incident)
        yield opened + timedelta(seconds=40), CallEnded(call=call)
        if unit is not None:
            yield from self.course(incident, assignment, unit, opened, closed=closed)
        if closed:
            end = opened + timedelta(minutes=75)
            yield end, IncidentClosed(incident=incident, outcome="completed")

    def course(
        self, incident: UUID, assignment: UUID, unit: Unit, opened: datetime, *, closed: bool
    ) -> Iterator[Dated]:
        """The way of one unit: alarmed, on the way, there, and free again where the incident is over."""
        alarmed = AlarmedUnit(
            assignment=assignment,
            unit=unit.id,
            name=unit.name,
            eta_seconds=self.chance.randrange(120, 900),
            deliveries=[Delivery(id=self.uuid(), medium=medium) for medium in unit.media],
        )
        yield opened + timedelta(seconds=30), UnitsAlarmed(incident=incident, centre=self.centre, units=[alarmed])
        steps = [("en_route", 90, 3), ("on_scene", 600, 4)] + ([("ended", 3600, 1)] if closed else [])
        for step, seconds, status in steps:
            at = opened + timedelta(seconds=seconds)
            yield (
                at,
                UnitProgressed.model_validate(
                    {
                        "incident": incident,
                        "assignment": assignment,
                        "unit_name": unit.name,
                        "step": step,
                        "centre": self.centre,
                    }
                ),
            )
            if not closed:
                yield at, StatusReported(unit=unit.id, status=status, observed_at=at, source="radio")

    def entries(self, closed: int, open_: int) -> Iterator[list[Dated]]:
        """Incident by incident, oldest first."""
        now = timezone.now()
        for number in range(closed):
            at = now - timedelta(days=DAYS * (1 - number / closed), hours=4)
            yield list(self.incident(at, self.chance.choice(self.units), closed=True))
        busy = self.chance.sample(self.units, min(len(self.units) // 2, int(open_ * WITH_UNIT)))
        for number in range(open_):
            at = now - timedelta(minutes=180 * (1 - number / open_), seconds=60)
            yield list(self.incident(at, busy.pop() if busy else None, closed=False))


def fill(centre: str, closed: int, open_: int, seed: int) -> int:
    """Record it all; gives the number of entries."""
    actor = Actor("user", "bench", "Disposition", centre, f"{centre[0].upper()}1")
    batch: list[Dated] = []
    count = 0
    for number, dated in enumerate(Filler(centre, seed).entries(closed, open_), start=1):
        batch += dated
        if number % PER_TRANSACTION == 0 or number == closed + open_:
            count += record(actor, batch)
            batch = []
    return count


def record(actor: Actor, batch: list[Dated]) -> int:
    with transaction.atomic(durable=True):
        tx = Transaction(actor)
        for at, data in batch:
            tx.at = at
            tx.record(data)
        tx.append()
    return len(batch)


if __name__ == "__main__":
    print(fill(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])))
