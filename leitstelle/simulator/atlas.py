"""What callers and crews know of the land: read from the reference files, not from the node that is played against."""

from collections import defaultdict
from dataclasses import dataclass
from typing import Final

from resources import entries as saved
from resources.reference import entries as reference_entries

# A unit that the files do not name, because an administrator has entered it since, moves out like a typical one.
TYPICAL_TURNOUT: Final = 90
TYPICAL_SPEED_KMH: Final = 70.0
Point = tuple[float, float]  # longitude, latitude, WGS 84


@dataclass(frozen=True, slots=True)
class Spot:
    """A place a caller may be at. ``weight``: how likely within its kind and county."""

    name: str
    municipality: str
    county: str
    point: Point
    weight: float


@dataclass(frozen=True, slots=True)
class Vehicle:
    """How a unit moves: km/h, seconds to turn out, whether it flies, whether it carries patients."""

    speed_kmh: float = TYPICAL_SPEED_KMH
    turnout: int = TYPICAL_TURNOUT
    airborne: bool = False
    carries: bool = False


@dataclass(frozen=True, slots=True)
class Atlas:
    """counties: population by AGS, of those whose calls ring here; centres: who answers, by AGS; spots: by county and
    kind; stations, hospitals: points by id; vehicles: by unit id."""

    counties: dict[str, int]
    centres: dict[str, str]
    spots: dict[tuple[str, str], list[Spot]]
    stations: dict[str, Point]
    hospitals: dict[str, Point]
    vehicles: dict[str, Vehicle]


def load(played: frozenset[str] = frozenset()) -> Atlas:
    """The land as ``resources/data`` has it; with ``played`` only callers and crews of these centres."""
    counties: dict[str, int] = {}
    centres: dict[str, str] = {}
    spots: dict[tuple[str, str], list[Spot]] = defaultdict(list)
    stations: dict[str, Point] = {}
    areas: dict[str, str] = {}
    hospitals: dict[str, Point] = {}
    types: dict[str, saved.UnitTypeSaved] = {}
    vehicles: dict[str, Vehicle] = {}
    for entry in reference_entries():
        match entry:
            case saved.CountySaved(centre=str(centre)):
                counties[entry.id], centres[entry.id] = entry.population, centre
            case saved.PlaceSaved(county=str(county)):
                spot = Spot(entry.name, entry.municipality_name, county, _point(entry.point), max(1.0, entry.weight))
                spots[county, entry.kind].append(spot)
            case saved.HospitalSaved() if entry.active:
                hospitals[entry.id] = _point(entry.point)
                if entry.county:
                    spots[entry.county, "hospital"].append(
                        Spot(entry.name, "", entry.county, _point(entry.point), float(entry.beds or 100))
                    )
            case saved.StationSaved():
                stations[entry.id], areas[entry.id] = _point(entry.point), entry.county
            case saved.UnitTypeSaved():
                types[entry.id] = entry
            case saved.UnitSaved():
                kind = types[entry.type]
                carries = "transport" in kind.capabilities or "emergency_transport" in kind.capabilities
                vehicles[entry.id] = Vehicle(kind.speed_kmh, entry.turnout_seconds, kind.airborne, carries)
    if played:
        # Crews from beyond the network's counties are played once: with the first of all centres.
        first = min(centres.values())
        counties = {county: people for county, people in counties.items() if centres[county] in played}
        stations = {
            station: point for station, point in stations.items() if centres.get(areas[station], first) in played
        }
    return Atlas(counties, centres, dict(spots), stations, hospitals, vehicles)


def _point(spot: saved.Spot) -> Point:
    return spot.lon, spot.lat
