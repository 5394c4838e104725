"""A small world for tests: Jena with two counties, Gera with one, made of real entries."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from django.utils import timezone

from incidents.entries.plans import KeywordSaved, Requirement, ResponsePlanSaved, TimerRuleSaved
from journal.actor import Actor, system
from journal.commands import execute
from journal.record import Transaction
from resources.entries import (
    BoundaryImported,
    CentreSaved,
    CountySaved,
    HospitalSaved,
    PlaceSaved,
    SeatSaved,
    SeatTaken,
    Spot,
    StationSaved,
    StatusReported,
    UnitSaved,
    UnitTypeSaved,
)

JENA, SHK, GERA = "16053", "16074", "16052"
# Boxes that touch: Jena | Saale-Holzland | Gera, from west to east.
BOXES = {
    JENA: (11.45, 50.85, 11.70, 51.00),
    SHK: (11.70, 50.80, 12.00, 51.05),
    GERA: (12.00, 50.80, 12.20, 51.00),
}
PERSON_ROLES = frozenset({"call_taker", "dispatcher", "shift_leader"})
ALL_MEDIA = ["log", "station"]

UNIT_TYPES = [
    ("RTW", "rescue", ["transport", "rtw"]),
    ("NEF", "rescue", ["notarzt"]),
    ("KTW", "rescue", ["transport"]),
    ("HLF20", "fire", ["loeschen", "hilfeleistung"]),
    ("DLK23", "fire", ["drehleiter"]),
    ("ELW1", "fire", ["fuehrung"]),
]
UNITS = [
    ("j-83-1", "Rotkreuz Jena 83-1", "RTW", "rw-jena"),
    ("j-83-2", "Rotkreuz Jena 83-2", "RTW", "rw-jena"),
    ("j-82-1", "Rotkreuz Jena 82-1", "NEF", "rw-jena"),
    ("j-84-1", "Rotkreuz Jena 84-1", "KTW", "rw-jena"),
    ("j-44-1", "Florian Jena 44-1", "HLF20", "fw-jena"),
    ("j-33-1", "Florian Jena 33-1", "DLK23", "fw-jena"),
    ("j-11-1", "Florian Jena 11-1", "ELW1", "fw-jena"),
    ("shk-83-1", "Rotkreuz Stadtroda 83-1", "RTW", "rw-roda"),
    ("shk-82-1", "Rotkreuz Stadtroda 82-1", "NEF", "rw-roda"),
    ("g-83-1", "Akkon Gera 83-1", "RTW", "rw-gera"),
    ("g-83-2", "Akkon Gera 83-2", "RTW", "rw-gera"),
    ("g-82-1", "Akkon Gera 82-1", "NEF", "rw-gera"),
    ("g-44-1", "Florian Gera 44-1", "HLF20", "fw-gera"),
    ("g-33-1", "Florian Gera 33-1", "DLK23", "fw-gera"),
]
STATIONS = [
    ("rw-jena", "Rettungswache Jena", "rescue", JENA, 11.590, 50.929),
    ("fw-jena", "Feuerwache Jena", "fire", JENA, 11.588, 50.935),
    ("rw-roda", "Rettungswache Stadtroda", "rescue", SHK, 11.727, 50.857),
    ("rw-gera", "Rettungswache Gera", "rescue", GERA, 12.082, 50.880),
    ("fw-gera", "Feuerwache Gera", "fire", GERA, 12.080, 50.885),
]
KEYWORDS = [
    ("RD1", "Notfall", "RD", 2, [("RTW", 1)]),
    ("RD2", "Notarzteinsatz", "RD", 1, [("RTW", 1), ("NEF", 1)]),
    ("B2", "Zimmerbrand", "B", 1, [("HLF20", 2), ("drehleiter", 1), ("ELW1", 1)]),
    ("KTP", "Krankentransport", "KTP", 5, [("KTW", 1)]),
]
TIMER_SECONDS = {
    "call_waiting": 10,
    "no_receipt": 30,
    "no_status_3": 120,
    "unit_silent": 1800,
    "appointment": 1800,
}


@dataclass(frozen=True)
class World:
    """Who acts in the tests, and shortcuts for commands."""

    jena: Actor
    gera: Actor

    def do(self, name: str, actor: Actor | None = None, command_id: UUID | None = None, **data: Any) -> dict[str, Any]:
        """Execute a command as the dispatcher in Jena (or ``actor``) and return the answer."""
        return execute(name, data, command_id=command_id or uuid4(), actor=actor or self.jena)

    def must(self, name: str, actor: Actor | None = None, **data: Any) -> dict[str, Any]:
        """The same, and it has to be carried out; returns the result."""
        answer = self.do(name, actor, **data)
        assert "pos" in answer, answer
        return dict(answer["result"])


def build_world() -> World:
    """Load the world through the journal, as everything is."""
    tx = Transaction(system("test"))
    for code, name in (("J", "jena"), ("G", "gera")):
        tx.record(CentreSaved(id=name, name=f"Leitstelle {name.title()}", code=code))
        tx.record(SeatSaved(id=f"{code}1", name=f"{name.title()} 1", centre=name))
        tx.record(SeatSaved(id=f"{code}2", name=f"{name.title()} 2", centre=name))
    _counties(tx)
    _units(tx)
    for keyword, name, group, priority, needs in KEYWORDS:
        tx.record(KeywordSaved(id=keyword, name=name, group=group, priority=priority))
        requirements = [Requirement(need=need, count=count) for need, count in needs]
        tx.record(ResponsePlanSaved(id=keyword, name=name, keyword=keyword, requirements=requirements))
    for kind, seconds in TIMER_SECONDS.items():
        tx.record(TimerRuleSaved(id=kind, name=kind, kind=kind, seconds=seconds))
    tx.record(
        HospitalSaved(
            id="ukj",
            name="Universitätsklinikum Jena",
            departments=["Notaufnahme"],
            county=JENA,
            point=Spot(lon=11.618, lat=50.886),
        )
    )
    people = [_seated(tx, "jena", "J1", "Anna Jena"), _seated(tx, "gera", "G1", "Gerd Gera")]
    tx.append()
    return World(*people)


def _counties(tx: Transaction) -> None:
    for ags, name, centre, nuts in (
        (JENA, "Jena", "jena", "DEG03"),
        (SHK, "Saale-Holzland-Kreis", "jena", "DEG0J"),
        (GERA, "Gera", "gera", "DEG02"),
    ):
        tx.record(
            CountySaved(
                id=ags,
                name=name,
                kind="Landkreis",
                nuts=nuts,
                vehicle_codes=[name[0]],
                population=90_000,
                area_km2=500,
                centre=centre,
            )
        )
        west, south, east, north = BOXES[ags]
        ring = f"{west} {south},{east} {south},{east} {north},{west} {north},{west} {south}"
        tx.record(BoundaryImported(county=ags, area=f"POLYGON(({ring}))", source="Test"))
    tx.record(
        PlaceSaved(
            id="p1",
            name="Am Anger",
            kind="street",
            municipality_name="Jena",
            county=JENA,
            point=Spot(lon=11.5899, lat=50.9288),
            search="am anger jena",
        )
    )


def _units(tx: Transaction) -> None:
    for order, (name, branch, capabilities) in enumerate(UNIT_TYPES):
        tx.record(
            UnitTypeSaved(id=name, name=name, branch=branch, capabilities=capabilities, speed_kmh=56, order=order)
        )
    for ident, name, kind, county, lon, lat in STATIONS:
        tx.record(
            StationSaved(
                id=ident,
                name=name,
                kind=kind,
                organisation="DRK",
                county=county,
                point=Spot(lon=lon, lat=lat),
            )
        )
    for number, (ident, name, unit_type, station) in enumerate(UNITS):
        tx.record(
            UnitSaved(
                id=ident,
                name=name,
                type=unit_type,
                station=station,
                short=ident.upper().replace("-", " ", 1),
                issi=str(6_530_000 + number),
                crew="0/2",
                turnout_seconds=60,
                media=ALL_MEDIA,
            )
        )
        tx.record(StatusReported(unit=ident, status=2, observed_at=timezone.now(), source="system"))


def _seated(tx: Transaction, centre: str, seat: str, name: str) -> Actor:
    user = uuid4()
    tx.record(SeatTaken(session=uuid4(), seat=seat, user=user, user_name=name, roles=sorted(PERSON_ROLES)))
    return Actor("user", str(user), name, centre, seat, PERSON_ROLES)
