"""Calls as the queue shows them."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from incidents.selectors.rows import uuids, views

_VIEW = """
SELECT c.id::text, json_build_object(
    'id', c.id, 'centre', c.centre_id, 'home', c.home, 'term', c.term, 'spilled_to', c.spilled_to,
    'line', c.line, 'state', c.state, 'number', c.number,
    'caller_name', c.caller_name, 'note', c.note,
    'lon', round(ST_X(c.point)::numeric, 6), 'lat', round(ST_Y(c.point)::numeric, 6), 'accuracy_m', c.accuracy_m,
    'county', c.county_id, 'incident', c.incident_id, 'seat', nullif(c.seat_id, ''), 'user', c.user_name,
    'rang_at', c.rang_at, 'answered_at', c.answered_at, 'held_at', c.held_at, 'ended_at', c.ended_at,
    'called_back_at', c.called_back_at, 'outcome', c.outcome,
    'alarm', (SELECT t.id FROM incidents_timer t
               WHERE t.aggregate_id = c.id AND t.fired_at IS NOT NULL AND t.seen_at IS NULL LIMIT 1))::text
  FROM incidents_call c
"""
# Written as the partial indexes call_open and call_lost have it, or they are not used.
_LIVE = """ (c.state IN ('ringing', 'answered', 'held')
   OR (c.state = 'lost' AND c.called_back_at IS NULL AND c.rang_at > now() - interval '24 hours'))
"""


def live_calls(centre: str = "") -> dict[str, dict[str, Any]]:
    """CallViews by id, oldest first: ringing, answered, held, and lost ones (24 h) that nobody called back.
    Without ``centre``: those of all centres; else those that are its business (see ``concerns``)."""
    where = " WHERE" + _LIVE + (" AND %s IN (c.centre_id, c.home, c.spilled_to)" if centre else "")
    return views(_VIEW + where + " ORDER BY c.rang_at, c.id", [centre] if centre else [])


def concerns(view: dict[str, Any], centre: str) -> bool:
    """Whether a call is the business of ``centre``: it answers for it, it is its home, or it rings there as well; an
    actor without a centre works for all."""
    return not centre or centre in {view["centre"], view["home"], view["spilled_to"]}


def call_views(ids: Iterable[str | UUID]) -> dict[str, dict[str, Any] | None]:
    """The CallViews of ``ids``; None for a call that is no longer live (or unknown)."""
    wanted = uuids(ids)
    if not wanted:
        return {}
    found = views(_VIEW + " WHERE c.id = ANY(%s) AND" + _LIVE, [wanted])
    return {str(ident): found.get(str(ident)) for ident in wanted}


def calls_of(incident: str | UUID) -> list[dict[str, Any]]:
    """All calls that belong to an incident, in whatever state, oldest first."""
    where = " WHERE c.incident_id = ANY(%s) ORDER BY c.rang_at, c.id"
    return list(views(_VIEW + where, [uuids([incident])]).values())
