"""Incidents as the console shows them: whole views of the live ones, lines of the closed ones."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from incidents.selectors.rows import uuids, views

_HEAD = """
    i.id, i.number, i.centre_id AS centre, i.home, i.term, i.state, i.exercise, i.keyword_id AS keyword,
    coalesce(k.name, '') AS keyword_name, coalesce(k."group", '') AS "group", i.priority, i.place, i.place_id,
    i.place_detail, i.municipality, i.county_id AS county, coalesce(n.name, '') AS county_name, i.county_how,
    round(ST_X(i.point)::numeric, 6) AS lon, round(ST_Y(i.point)::numeric, 6) AS lat, i.report, i.caller_name,
    i.caller_number, i.interview, i.appointment_at, i.hospital_id AS hospital, i.opened_at, i.opened_by,
    i.call_received_at, i.call_answered_at, i.keyword_set_at, i.dispatch_decided_at, i.closed_at, i.outcome,
    i.merged_into, i.split_from, i.edits
"""
_ASSIGNMENTS = """
    (SELECT coalesce(json_agg(json_build_object(
        'id', a.id, 'unit', a.unit_id, 'state', a.state, 'why', a.why, 'eta_seconds', a.eta_seconds,
        'taken_from', a.taken_from, 'unconfirmed', a.unconfirmed, 'hospital', a.hospital_id,
        'times', json_build_object(
            'reserved', a.reserved_at, 'alarmed', a.alarmed_at, 'receipted', a.receipted_at,
            'en_route', a.en_route_at, 'on_scene', a.on_scene_at, 'at_patient', a.at_patient_at,
            'transporting', a.transporting_at, 'at_hospital', a.at_hospital_at, 'recalled', a.recalled_at,
            'ended', a.ended_at),
        'end_reason', a.end_reason,
        'deliveries', (
            SELECT coalesce(json_agg(json_build_object(
                'id', d.id, 'medium', d.medium, 'state', d.state, 'detail', d.detail) ORDER BY d.medium), '[]')
              FROM incidents_alarmdelivery d WHERE d.incident_id = i.id AND d.assignment_id = a.id)
        ) ORDER BY coalesce(a.alarmed_at, a.reserved_at), a.unit_id), '[]')
       FROM incidents_assignment a WHERE a.incident_id = i.id) AS assignments
"""
_TIMERS = """
    (SELECT coalesce(json_agg(json_build_object(
        'id', t.id, 'kind', t.kind, 'subject', t.subject,
        'unit', (SELECT a.unit_id FROM incidents_assignment a
                  WHERE a.incident_id = i.id AND a.id::text = t.subject),
        'due_at', t.due_at, 'fired_at', t.fired_at, 'seen_at', t.seen_at, 'seen_by', t.seen_by
        ) ORDER BY t.due_at, t.id), '[]')
       FROM incidents_timer t WHERE t.aggregate_id = i.id) AS timers
"""
_FROM = """
  FROM incidents_incident i
  LEFT JOIN incidents_keyword k ON k.id = i.keyword_id
  LEFT JOIN resources_county n ON n.id = i.county_id
"""
_VIEW = f"SELECT v.id::text, row_to_json(v)::text FROM (SELECT {_HEAD}, {_ASSIGNMENTS}, {_TIMERS} {_FROM}"
_END = ") v"

_LINE = f"""
SELECT v.id::text, row_to_json(v)::text FROM (
SELECT i.id, i.number, i.centre_id AS centre, i.state, i.exercise, i.keyword_id AS keyword,
       coalesce(k.name, '') AS keyword_name, coalesce(k."group", '') AS "group", i.priority, i.place, i.place_detail,
       i.municipality, i.county_id AS county, coalesce(n.name, '') AS county_name,
       round(ST_X(i.point)::numeric, 6) AS lon, round(ST_Y(i.point)::numeric, 6) AS lat,
       i.opened_at, i.closed_at, i.outcome, i.appointment_at, i.merged_into,
       (SELECT coalesce(json_agg(a.unit_id ORDER BY a.alarmed_at, a.unit_id), '[]') FROM incidents_assignment a
         WHERE a.incident_id = i.id) AS units
{_FROM}
"""
MAX_LINES = 500


def open_incidents() -> dict[str, dict[str, Any]]:
    """IncidentViews of all open incidents by id, oldest first."""
    return views(f"{_VIEW} WHERE i.state = 'open' ORDER BY i.opened_at, i.id {_END}")


def incident_views(ids: Iterable[str | UUID]) -> dict[str, dict[str, Any] | None]:
    """The IncidentViews of ``ids``; None for one that is no longer open (or unknown)."""
    wanted = uuids(ids)
    if not wanted:
        return {}
    found = views(f"{_VIEW} WHERE i.id = ANY(%s) AND i.state = 'open' {_END}", [wanted])
    return {str(ident): found.get(str(ident)) for ident in wanted}


def incident_view(ident: str | UUID) -> dict[str, Any] | None:
    """The IncidentView of one incident in whatever state; None if there is none."""
    wanted = uuids([ident])
    return views(f"{_VIEW} WHERE i.id = ANY(%s) {_END}", [wanted]).get(str(wanted[0])) if wanted else None


def incident_list(
    state: str = "open", q: str = "", before: datetime | None = None, limit: int = 100, centre: str = ""
) -> list[dict[str, Any]]:
    """One line per incident, newest first.

    state: ``open``, ``closed`` (also: merged) or ``all``; q: part of the number or the place; before: opened earlier
    than this (the next page); limit: at most MAX_LINES.
    """
    where: list[str] = []
    params: list[Any] = []
    if state == "open":
        where.append("i.state = 'open'")
    elif state == "closed":
        where.append("i.state IN ('closed', 'merged')")
    if q.strip():
        where.append("(i.number ILIKE %s OR i.place ILIKE %s)")
        params += [f"%{_escaped(q.strip())}%"] * 2
    if before is not None:
        where.append("i.opened_at < %s")
        params.append(before)
    if centre:
        where.append("i.centre_id = %s")
        params.append(centre)
    condition = "WHERE " + " AND ".join(where) if where else ""
    sql = f"{_LINE} {condition} ORDER BY i.opened_at DESC, i.id LIMIT %s {_END}"
    return list(views(sql, [*params, max(1, min(limit, MAX_LINES))]).values())


def incident_number(ident: str | UUID) -> str:
    """The number of an incident; empty if there is none."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT number FROM incidents_incident WHERE id = ANY(%s)", [uuids([ident])])
        row = cursor.fetchone()
    return row[0] if row else ""


def units_of(incidents: Iterable[str | UUID]) -> set[str]:
    """Every unit that is or was assigned to one of ``incidents``."""
    wanted = uuids(incidents)
    if not wanted:
        return set()
    with connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT unit_id FROM incidents_assignment WHERE incident_id = ANY(%s)", [wanted])
        return {row[0] for row in cursor.fetchall()}


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
