"""How long a unit takes to a place. The one function behind which a road network can be put. Pure.

Without a network: great circle times a road factor. Measured on a generated network of 83,000 nodes for this region,
travel times fit a straight-line speed of 56 km/h in the median (46 to 69): at a mean road speed of 73 km/h with lights
and a road 1.3 times as long as the straight line, which is the usual detour of a rural network.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

ROAD_FACTOR: Final = 1.3
# A unit that reports from this near is there in next to no time; less than this no crew gets out and in again.
SHORTEST_SECONDS: Final = 20
EARTH_RADIUS_M: Final = 6_371_008.8  # mean radius, IUGG


@dataclass(frozen=True, slots=True)
class Start:
    """From where and how a unit sets out. Degrees WGS 84; ``speed_kmh`` on the road, or through the air."""

    lon: float
    lat: float
    speed_kmh: float
    airborne: bool = False


@dataclass(frozen=True, slots=True)
class Travel:
    """Seconds under way (turnout not included) and metres of the way."""

    seconds: int
    metres: int


def travel(starts: Iterable[Start], lon: float, lat: float) -> list[Travel]:
    """Travel of each start to one destination, in the same order. Air units fly straight."""
    target_lat, target_lon = math.radians(lat), math.radians(lon)
    cos_target = math.cos(target_lat)
    result: list[Travel] = []
    for start in starts:
        start_lat = math.radians(start.lat)
        half_lat = math.sin((target_lat - start_lat) / 2)
        half_lon = math.sin((target_lon - math.radians(start.lon)) / 2)
        chord = half_lat * half_lat + math.cos(start_lat) * cos_target * half_lon * half_lon
        metres = 2 * EARTH_RADIUS_M * math.asin(min(1.0, math.sqrt(chord)))
        if not start.airborne:
            metres *= ROAD_FACTOR
        seconds = max(SHORTEST_SECONDS, round(metres * 3.6 / start.speed_kmh))
        result.append(Travel(seconds, round(metres)))
    return result
