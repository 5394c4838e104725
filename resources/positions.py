"""Positions on their way between nodes: signals, newest observation wins, whoever brings it and in whatever order."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from django.db import connection
from django.utils import timezone

_CHANGED = """
SELECT unit_id, ST_X(point), ST_Y(point), observed_at, accuracy_m, speed_kmh, heading, source
  FROM resources_position WHERE received_at > %s
"""
# Strictly newer: what has come back to the node it came from must not look like something new again.
_MERGE = """
INSERT INTO resources_position (unit_id, point, observed_at, received_at, accuracy_m, speed_kmh, heading, source)
SELECT DISTINCT ON (p.unit) p.unit, ST_SetSRID(ST_MakePoint(p.lon, p.lat), 4326), p.observed_at, %s,
       p.accuracy, p.speed, p.heading, p.source
  FROM unnest(%s::text[], %s::float[], %s::float[], %s::timestamptz[], %s::float[], %s::float[], %s::float[],
              %s::text[])
       AS p(unit, lon, lat, observed_at, accuracy, speed, heading, source)
  JOIN resources_unit u ON u.id = p.unit
 ORDER BY p.unit, p.observed_at DESC
ON CONFLICT (unit_id) DO UPDATE SET
       point = excluded.point, observed_at = excluded.observed_at, received_at = excluded.received_at,
       accuracy_m = excluded.accuracy_m, speed_kmh = excluded.speed_kmh, heading = excluded.heading,
       source = excluded.source
 WHERE resources_position.observed_at < excluded.observed_at
"""


class Fix(NamedTuple):
    """Where a unit was: degrees (WGS 84), metres, km/h, degrees from north."""

    unit: str
    lon: float
    lat: float
    observed_at: datetime
    accuracy_m: float | None
    speed_kmh: float | None
    heading: float | None
    source: str


def changed_since(moment: datetime) -> list[Fix]:
    """What this node has taken in after ``moment``, by its own clock."""
    with connection.cursor() as cursor:
        cursor.execute(_CHANGED, [moment])
        return [Fix(*row) for row in cursor.fetchall()]


def merge(fixes: Sequence[Fix]) -> None:
    """Take in what another node knows; units that are not known here are passed over."""
    if fixes:
        with connection.cursor() as cursor:
            cursor.execute(_MERGE, [timezone.now(), *map(list, zip(*fixes, strict=True))])
