"""Where a point lies: its county, and the municipality nearest to it."""

import math
from dataclasses import dataclass

from django.conf import settings
from django.db import connection

# How far outside every known county a point may lie and still be given to the nearest one: positions of mobile
# phones near a border are that inaccurate, and the map of the neighbours is not ours to keep.
NEAREST_METRES = 5000.0
# A point this near to two counties lies on their border; the smaller AGS gets it, on every node alike.
# In degrees, about a metre; the official boundaries are no more accurate than that.
BORDER_DEGREES = 1e-5
METRES_PER_DEGREE = 111_200.0

# The nearest county is looked for only if no county holds the point: the second branch is then not executed.
COUNTY_OF = """
WITH p AS (SELECT ST_SetSRID(ST_MakePoint(%(lon)s, %(lat)s), 4326) AS g),
holding AS (
    SELECT b.county_id, ST_Intersects(b.area, p.g) AS inside
      FROM p, resources_boundary b
     WHERE ST_DWithin(b.area, p.g, %(border)s)),
nearest AS (
    SELECT b.county_id, ST_Distance(ST_Transform(b.area, 25832), ST_Transform(p.g, 25832)) AS metres
      FROM p, resources_boundary b
     WHERE NOT EXISTS (SELECT 1 FROM holding)
       AND b.area && ST_Expand(p.g, %(reach_lon)s, %(reach_lat)s))
SELECT c.id, c.name, c.centre_id,
       CASE WHEN f.metres > 0 THEN 'nearest'
            WHEN f.inside AND (SELECT count(*) FROM holding) = 1 THEN 'inside'
            ELSE 'border' END,
       f.metres
  FROM (SELECT county_id, inside, 0::float AS metres FROM holding
        UNION ALL SELECT county_id, false, metres FROM nearest WHERE metres <= %(reach)s) f
  JOIN resources_county c ON c.id = f.county_id AND c.active
 ORDER BY f.metres, c.id LIMIT 1
"""

MUNICIPALITY_NEAR = """
SELECT id, name FROM resources_municipality WHERE active
 ORDER BY point <-> ST_SetSRID(ST_MakePoint(%s, %s), 4326), id LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class CountyMatch:
    """The county (AGS) a point was given to, the centre that answers for it, and how it was found.

    how: ``inside``, ``border`` (of two or more; the smallest AGS) or ``nearest`` (outside all, ``metres`` away).
    """

    county: str
    name: str
    centre: str | None
    how: str
    metres: float


def county_of(lon: float, lat: float) -> CountyMatch | None:
    """The county of a point (WGS 84, degrees), or None if it lies further outside than ``COUNTY_NEAREST_METRES``."""
    reach = float(getattr(settings, "COUNTY_NEAREST_METRES", NEAREST_METRES))
    if not (math.isfinite(lon) and math.isfinite(lat) and abs(lon) <= 180 and abs(lat) < 89):
        return None
    reach_lat = reach / METRES_PER_DEGREE
    params = {
        "lon": lon, "lat": lat, "border": BORDER_DEGREES, "reach": reach, "reach_lat": reach_lat,
        "reach_lon": reach_lat / math.cos(math.radians(lat)),
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(COUNTY_OF, params)
        row = cursor.fetchone()
    return CountyMatch(*row) if row else None


def municipality_near(lon: float, lat: float) -> str:
    """Name of the municipality whose centre is nearest to the point; empty if none is known."""
    with connection.cursor() as cursor:
        cursor.execute(MUNICIPALITY_NEAR, [lon, lat])
        row = cursor.fetchone()
    return row[1] if row else ""
