"""What a call may already be about: open incidents near by, and whoever called from the same number."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection

from incidents.rules.phone import normalised
from incidents.selectors.rows import uuids, views

SAME_NUMBER_HOURS = 24
# A caller located to a few kilometres is near everything; that would be noise, not help.
MAX_ACCURACY_M = 1_000

_PLACE = """
    (SELECT i.id, ST_Distance(i.point::geography, p.point::geography) AS distance_m, 'place' AS why
       FROM incidents_incident i, (SELECT ST_SetSRID(ST_MakePoint(%s, %s), 4326) AS point) p
      WHERE i.state = 'open' AND i.opened_at > now() - make_interval(mins => %s)
        AND ST_DWithin(i.point::geography, p.point::geography, %s))
"""
_NUMBER = """
    (SELECT i.id, NULL::float AS distance_m, 'number' AS why FROM incidents_incident i
      WHERE i.opened_at > now() - make_interval(hours => %s)
        AND (i.caller_number <> '' AND i.caller_number = %s
             OR i.id IN (SELECT c.incident_id FROM incidents_call c
                          WHERE c.number = %s AND c.rang_at > now() - make_interval(hours => %s)
                            AND c.id IS DISTINCT FROM %s)))
"""
_INCIDENTS = """
SELECT i.id::text, json_build_object(
    'id', i.id, 'number', i.number, 'keyword', i.keyword_id, 'keyword_name', coalesce(k.name, ''), 'place', i.place,
    'state', i.state, 'opened_at', i.opened_at, 'distance_m', round(min(f.distance_m)),
    'why', CASE WHEN count(DISTINCT f.why) = 2 THEN 'both' ELSE min(f.why) END)::text
  FROM ({found}) f
  JOIN incidents_incident i ON i.id = f.id AND i.state <> 'merged'
  LEFT JOIN incidents_keyword k ON k.id = i.keyword_id
 GROUP BY i.id, k.name
 ORDER BY i.state = 'open' DESC, min(f.distance_m) NULLS LAST, i.opened_at DESC LIMIT 8
"""
_CALLS = """
SELECT c.id::text, json_build_object(
    'id', c.id, 'line', c.line, 'number', c.number, 'state', c.state, 'rang_at', c.rang_at, 'incident', c.incident_id,
    'outcome', c.outcome, 'note', c.note)::text
  FROM incidents_call c
 WHERE c.number = %s AND c.rang_at > now() - make_interval(hours => %s) AND c.id IS DISTINCT FROM %s
   AND %s IN ('', c.centre_id, c.home, c.spilled_to)
 ORDER BY c.rang_at DESC LIMIT 8
"""


def nearby(
    *,
    call: str | UUID | None = None,
    lon: float | None = None,
    lat: float | None = None,
    number: str = "",
    centre: str = "",
) -> dict[str, list[dict[str, Any]]]:
    """``{"incidents": […], "calls": […]}`` to which a call may belong, likeliest first.

    Incidents: open, within LEITSTELLE_NEARBY_METRES (or the caller's accuracy) and LEITSTELLE_NEARBY_MINUTES, or from
    the same number within SAME_NUMBER_HOURS; calls: earlier ones of the same number. Each says why (``place``,
    ``number``, ``both``). ``call`` supplies position and number; what is given besides goes before it. ``centre``: who
    asks; calls are the business of the centre they rang at (empty: of all).
    """
    ident = next(iter(uuids([call])), None) if call else None
    accuracy = 0.0
    if ident is not None:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT ST_X(point), ST_Y(point), accuracy_m, number FROM incidents_call"
                " WHERE id = %s AND %s IN ('', centre_id)",
                [ident, centre],
            )
            known = cursor.fetchone() or (None, None, None, "")
        if lon is None or lat is None:
            lon, lat, accuracy = known[0], known[1], known[2] or 0.0
        number = number or known[3]
    number = normalised(number)
    found: list[str] = []
    params: list[Any] = []
    if lon is not None and lat is not None:
        radius = max(settings.LEITSTELLE_NEARBY_METRES, min(accuracy, MAX_ACCURACY_M))
        found.append(_PLACE)
        params += [lon, lat, settings.LEITSTELLE_NEARBY_MINUTES, radius]
    if number:
        found.append(_NUMBER)
        params += [SAME_NUMBER_HOURS, number, number, SAME_NUMBER_HOURS, ident]
    if not found:
        return {"incidents": [], "calls": []}
    incidents = views(_INCIDENTS.format(found=" UNION ALL ".join(found)), params)
    calls = views(_CALLS, [number, SAME_NUMBER_HOURS, ident, centre]) if number else {}
    return {"incidents": list(incidents.values()), "calls": list(calls.values())}
