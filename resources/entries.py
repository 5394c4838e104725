"""Entry types of ``resources``: master data as it was saved, status as it was reported, seats as they were taken."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, ClassVar, Self, cast
from uuid import UUID

from django.contrib.gis.geos import GEOSGeometry, MultiPolygon, Point
from django.db.models import F, Model
from pydantic import BaseModel, ConfigDict, Field

from journal import rows
from journal.types import EntryType, Fact, entry
from resources import models
from resources.status import NAMES, is_overlay


class Spot(BaseModel):
    """A point, WGS 84 (EPSG:4326), degrees."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    lon: float = Field(ge=-180, le=180)
    lat: float = Field(ge=-90, le=90)

    def to_point(self) -> Point:
        return Point(self.lon, self.lat, srid=4326)

    def to_ewkt(self) -> str:
        """As PostGIS reads it from text."""
        return f"SRID=4326;POINT({self.lon} {self.lat})"

    @classmethod
    def of(cls, point: Point) -> "Spot":
        return cls(lon=round(point.x, 6), lat=round(point.y, 6))


class MasterEntry(EntryType):
    """Base of "X was saved": the whole row as it is from now on, so the newest one is the state."""

    model: ClassVar[type[Model]]

    id: str = Field(min_length=1, max_length=64, pattern=r"^[\w.:/-]+$")
    name: str = Field(min_length=1, max_length=120)
    example: bool = False
    active: bool = True

    def aggregate_id(self) -> str:
        return self.id

    def absolute(self) -> bool:
        return True

    def columns(self) -> dict[str, Any]:
        """The fields as model columns: references by id, spots as points."""
        columns: dict[str, Any] = {}
        for name in type(self).model_fields:
            value = getattr(self, name)
            attname = self.model._meta.get_field(name).attname if name != "id" else "id"  # type: ignore[union-attr]
            columns[attname] = value.to_point() if isinstance(value, Spot) else value
        return columns

    def apply(self, fact: Fact) -> None:
        self.write([self])

    @classmethod
    def apply_many(cls, facts: Sequence[Fact], next_fact: Callable[[], None]) -> None:
        if cls.apply is not MasterEntry.apply:
            super().apply_many(facts, next_fact)
            return
        cls.write([cast(MasterEntry, fact.data) for fact in facts])

    @classmethod
    def write(cls, entries: "Sequence[MasterEntry]") -> None:
        """Their rows by one statement, where update_or_create takes four for each: loading all reference data, or
        getting it from another node, is three thousand of them."""
        columns = [entry.columns() for entry in entries]
        cls.model._default_manager.bulk_create(
            [cls.model(**row) for row in columns],
            update_conflicts=True,
            unique_fields=["id"],
            update_fields=[name for name in columns[0] if name != "id"],
        )

    def describe(self, fact: Fact) -> str:
        return f"{self.model._meta.verbose_name} „{self.name}“ gespeichert"


@entry("centre.saved", aggregate="centre", personal=())
class CentreSaved(MasterEntry):
    """A control centre was entered or changed."""

    model = models.Centre
    code: str = Field(min_length=1, max_length=4)
    home: bool = True
    address: str = ""
    phone: str = ""
    point: Spot | None = None

    @classmethod
    def sample(cls) -> Self:
        return cls(id="jena", name="Leitstelle Jena", code="J", point=Spot(lon=11.5899, lat=50.9288))


@entry("county.saved", aggregate="county", personal=())
class CountySaved(MasterEntry):
    """A county was entered or changed; ``centre`` is who answers its 112."""

    model = models.County
    kind: str
    nuts: str
    vehicle_codes: list[str]
    population: int = Field(ge=0)
    area_km2: float = Field(ge=0)
    centre: str | None = None

    @classmethod
    def sample(cls) -> Self:
        return cls(
            id="16053", name="Jena", kind="Kreisfreie Stadt", nuts="DEG03", vehicle_codes=["J"],
            population=111_000, area_km2=115, centre="jena",
        )  # fmt: skip


@entry("county.boundary_imported", aggregate="boundary", personal=())
class BoundaryImported(EntryType):
    """The area of a county was imported. ``area``: MultiPolygon as WKT, WGS 84."""

    county: str
    area: str
    source: str = Field(max_length=200)

    def aggregate_id(self) -> str:
        return self.county

    def absolute(self) -> bool:
        return True

    def apply(self, fact: Fact) -> None:
        read = GEOSGeometry(self.area, srid=4326)
        area = read if isinstance(read, MultiPolygon) else MultiPolygon(read, srid=4326)
        models.Boundary.objects.update_or_create(county_id=self.county, defaults={"area": area, "source": self.source})

    def describe(self, fact: Fact) -> str:
        return f"Grenze von {self.county} eingelesen ({self.source})"

    @classmethod
    def sample(cls) -> Self:
        return cls(county="16053", area="POLYGON((11 50,12 50,12 51,11 51,11 50))", source="Probe")


@entry("municipality.saved", aggregate="municipality", personal=())
class MunicipalitySaved(MasterEntry):
    """A municipality was entered or changed."""

    model = models.Municipality
    county: str
    point: Spot

    @classmethod
    def sample(cls) -> Self:
        return cls(id="16053000", name="Jena", county="16053", point=Spot(lon=11.5899, lat=50.9288))


@entry("place.saved", aggregate="place", personal=())
class PlaceSaved(MasterEntry):
    """A place that callers name was entered or changed."""

    model = models.Place
    kind: str
    municipality_name: str = ""
    county: str | None = None
    point: Spot
    weight: int = 0
    search: str = Field(max_length=240)

    @classmethod
    def sample(cls) -> Self:
        return cls(
            id="g:2822542", name="Stadtroda", kind="settlement", municipality_name="Stadtroda", county="16074",
            point=Spot(lon=11.7268, lat=50.8568), weight=6700, search="stadtroda",
        )  # fmt: skip


@entry("hospital.saved", aggregate="hospital", personal=())
class HospitalSaved(MasterEntry):
    """A hospital was entered or changed."""

    model = models.Hospital
    departments: list[str]
    beds: int | None = None
    county: str | None = None
    point: Spot
    phone: str = ""

    @classmethod
    def sample(cls) -> Self:
        return cls(
            id="ukj",
            name="Universitätsklinikum Jena",
            departments=["Notaufnahme"],
            point=Spot(lon=11.6, lat=50.9),
        )


@entry("station.saved", aggregate="station", personal=())
class StationSaved(MasterEntry):
    """A station was entered or changed."""

    model = models.Station
    kind: str
    organisation: str
    owner: str = ""
    county: str
    address: str = ""
    point: Spot
    volunteer: bool = False

    @classmethod
    def sample(cls) -> Self:
        return cls(
            id="rw-jena", name="Rettungswache Jena", kind="rescue", organisation="DRK", county="16053",
            point=Spot(lon=11.5899, lat=50.9288),
        )  # fmt: skip


@entry("unit_type.saved", aggregate="unit_type", personal=())
class UnitTypeSaved(MasterEntry):
    """A kind of unit was entered or changed."""

    model = models.UnitType
    branch: str
    capabilities: list[str]
    speed_kmh: float = Field(gt=0)
    airborne: bool = False
    order: int = 100

    @classmethod
    def sample(cls) -> Self:
        return cls(id="RTW", name="Rettungswagen", branch="rescue", capabilities=["transport"], speed_kmh=56)


@entry("unit.saved", aggregate="unit", personal=())
class UnitSaved(MasterEntry):
    """A unit was entered or changed."""

    model = models.Unit
    type: str
    station: str
    short: str
    opta: str = ""
    issi: str = ""
    capabilities: list[str] = []
    crew: str
    turnout_seconds: int = Field(ge=0)
    availability: list[dict[str, Any]] = []
    media: list[str] = []

    @classmethod
    def sample(cls) -> Self:
        return cls(
            id="j-83-1", name="Rotkreuz Jena 83-1", type="RTW", station="rw-jena", short="J 83-1", issi="6530831",
            crew="0/2", turnout_seconds=60, media=["log", "station"],
        )  # fmt: skip


@entry("seat.saved", aggregate="seat", personal=())
class SeatSaved(MasterEntry):
    """A seat was entered or changed."""

    model = models.Seat
    centre: str
    phone: str = ""

    @classmethod
    def sample(cls) -> Self:
        return cls(id="J1", name="Jena Platz 1", centre="jena")


@entry("unit.status_reported", aggregate="unit_state", personal=())
class StatusReported(EntryType):
    """A unit's status came in, by radio, from the crew's device, or set by a dispatcher for it. ``observed_at`` is
    the sender's clock; ``trusted``: it counts, else the time of the entry does. ``emergency_since``: an emergency call
    (0) nobody has answered yet, which the status does not take away."""

    unit: str
    status: int = Field(ge=0, le=9)
    observed_at: datetime
    trusted: bool = False
    source: str = Field(max_length=20)
    sender: str = ""
    note: str = Field(default="", max_length=200)
    emergency_since: datetime | None = None

    def aggregate_id(self) -> str:
        return self.unit

    def absolute(self) -> bool:
        return not is_overlay(self.status)

    def apply(self, fact: Fact) -> None:
        state = models.UnitState.objects
        if is_overlay(self.status):
            # A wish to speak does not hide a cry for help.
            open_call = state.filter(unit_id=self.unit) if self.status == 0 else state.exclude(overlay=0)
            open_call.filter(unit_id=self.unit).update(overlay=self.status, overlay_since=fact.at)
            return
        since = self.observed_at if self.trusted else fact.at
        row = {"unit_id": self.unit, "status": self.status, "since": since, "note": self.note, "source": self.source}
        row |= {"overlay": 0 if self.emergency_since else None, "overlay_since": self.emergency_since}
        rows.insert(
            models.UnitState,
            [row],
            then="DO UPDATE SET status = excluded.status, since = excluded.since, overlay = excluded.overlay,"
            " overlay_since = excluded.overlay_since, note = excluded.note, source = excluded.source",
        )

    def describe(self, fact: Fact) -> str:
        return f"Status {self.status} ({NAMES[self.status]})"

    @classmethod
    def sample(cls) -> Self:
        return cls(
            unit="j-83-1",
            status=1,
            observed_at=datetime.fromisoformat("2026-01-01T12:00:00+00:00"),
            source="radio",
        )


@entry("unit.overlay_answered", aggregate="unit_state", personal=())
class OverlayAnswered(EntryType):
    """A dispatcher answered a unit's wish to speak (5) or emergency call (0)."""

    unit: str

    def aggregate_id(self) -> str:
        return self.unit

    def apply(self, fact: Fact) -> None:
        models.UnitState.objects.filter(unit_id=self.unit).update(overlay=None, overlay_since=None)

    def describe(self, fact: Fact) -> str:
        return "Sprechwunsch beantwortet"

    @classmethod
    def sample(cls) -> Self:
        return cls(unit="j-83-1")


@entry("unit.moved_up", aggregate="cover", personal=())
class MovedUp(EntryType):
    """A unit covers an area from another station (move-up); without a station the cover ends."""

    unit: str
    station: str | None = None

    def aggregate_id(self) -> str:
        return self.unit

    def apply(self, fact: Fact) -> None:
        models.Cover.objects.filter(unit_id=self.unit).delete()
        if self.station:
            models.Cover.objects.create(unit_id=self.unit, station_id=self.station, since=fact.at)

    def absolute(self) -> bool:
        return True

    def describe(self, fact: Fact) -> str:
        return f"Gebietsabsicherung an {self.station}" if self.station else "Gebietsabsicherung beendet"

    @classmethod
    def sample(cls) -> Self:
        return cls(unit="j-83-1", station="rw-jena")


@entry("unknown_sender.heard", aggregate="unknown_sender", personal=())
class UnknownSenderHeard(EntryType):
    """A message came from a radio or device that no unit has."""

    kind: str = Field(max_length=20)
    identifier: str = Field(max_length=60)
    message: str = Field(max_length=200)

    def aggregate_id(self) -> str:
        return f"{self.kind}:{self.identifier}"

    def apply(self, fact: Fact) -> None:
        row, _created = models.UnknownSender.objects.get_or_create(
            id=self.aggregate_id(),
            defaults={
                "kind": self.kind, "identifier": self.identifier, "first_heard": fact.at, "last_heard": fact.at,
                "last_message": self.message,
            },
        )  # fmt: skip
        models.UnknownSender.objects.filter(pk=row.pk).update(
            last_heard=fact.at, count=F("count") + 1, last_message=self.message, settled_as=""
        )

    def describe(self, fact: Fact) -> str:
        return f"Unbekannter Absender {self.kind} {self.identifier}: {self.message}"

    @classmethod
    def sample(cls) -> Self:
        return cls(kind="issi", identifier="9999999", message="Status 4")


@entry("unknown_sender.settled", aggregate="unknown_sender", personal=())
class UnknownSenderSettled(EntryType):
    """A person dealt with an unknown sender."""

    sender: str
    settled_as: str = Field(min_length=1, max_length=120)

    def aggregate_id(self) -> str:
        return self.sender

    def apply(self, fact: Fact) -> None:
        models.UnknownSender.objects.filter(pk=self.sender).update(settled_as=self.settled_as)

    def describe(self, fact: Fact) -> str:
        return f"Unbekannter Absender {self.sender} erledigt: {self.settled_as}"

    @classmethod
    def sample(cls) -> Self:
        return cls(sender="issi:9999999", settled_as="Gerät der Nachbarleitstelle")


@entry("seat.taken", aggregate="seat_session", personal=())
class SeatTaken(EntryType):
    """A person sat down at a seat."""

    session: UUID
    seat: str
    user: UUID
    user_name: str
    roles: list[str]

    def aggregate_id(self) -> str:
        return str(self.session)

    def apply(self, fact: Fact) -> None:
        models.SeatSession.objects.update_or_create(
            id=self.session,
            defaults={
                "seat_id": self.seat, "user_id": self.user, "user_name": self.user_name, "roles": self.roles,
                "began_at": fact.at,
            },
        )  # fmt: skip

    def describe(self, fact: Fact) -> str:
        return f"{self.user_name} hat Platz {self.seat} besetzt"

    @classmethod
    def sample(cls) -> Self:
        return cls(session=UUID(int=1), seat="J1", user=UUID(int=2), user_name="A. Muster", roles=["dispatcher"])


@entry("seat.left", aggregate="seat_session", personal=())
class SeatLeft(EntryType):
    """A seat became free: the person left, was relieved, or the session was revoked."""

    session: UUID
    reason: str = ""

    def aggregate_id(self) -> str:
        return str(self.session)

    def apply(self, fact: Fact) -> None:
        models.SeatSession.objects.filter(pk=self.session).update(ended_at=fact.at)

    def describe(self, fact: Fact) -> str:
        return "Platz verlassen" + (f": {self.reason}" if self.reason else "")

    @classmethod
    def sample(cls) -> Self:
        return cls(session=UUID(int=1))
