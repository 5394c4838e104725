"""Two papers of a take-over: what whoever takes over must see at once, and what was done meanwhile, for those who get
it back."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.template.loader import render_to_string
from django.utils import timezone

from federation import mandates
from federation.models import LocalKnowledge, Mandate
from federation.rules.mandates import COUNTY, Scope
from incidents import selectors
from incidents.models import Call, Incident, ResponsePlan
from incidents.selectors.rows import views
from journal import tail
from resources.models import Centre, County

_CALLS = """
SELECT c.id::text, json_build_object(
    'id', c.id, 'state', c.state, 'line', c.line, 'number', c.number, 'note', c.note, 'county', c.county_id,
    'rang_at', c.rang_at, 'seat', c.seat_id, 'user', c.user_name, 'centre', c.centre_id,
    'incident', c.incident_id)::text
  FROM incidents_call c
 WHERE (c.state IN ('ringing', 'answered', 'held')
        OR (c.state = 'lost' AND c.called_back_at IS NULL AND c.rang_at > now() - interval '24 hours'))
   AND {scope} ORDER BY c.state <> 'ringing', c.rang_at, c.id
"""
_INCIDENTS = """
SELECT i.id::text, json_build_object(
    'id', i.id, 'number', i.number, 'keyword', i.keyword_id, 'priority', i.priority, 'place', i.place,
    'county', i.county_id, 'opened_at', i.opened_at, 'centre', i.centre_id,
    'units', (SELECT count(*) FROM incidents_assignment a
               WHERE a.incident_id = i.id AND a.ended_at IS NULL AND a.state <> 'reserved'))::text
  FROM incidents_incident i WHERE i.state = 'open' AND {scope} ORDER BY i.priority, i.opened_at, i.id
"""
_UNITS = """
SELECT a.id::text, json_build_object(
    'unit', a.unit_id, 'name', u.name, 'state', a.state, 'status', s.status, 'incident', i.id, 'number', i.number,
    'alarmed_at', a.alarmed_at)::text
  FROM incidents_assignment a
  JOIN incidents_incident i ON i.id = a.incident_id
  JOIN resources_unit u ON u.id = a.unit_id
  LEFT JOIN resources_unitstate s ON s.unit_id = a.unit_id
 WHERE i.state = 'open' AND a.ended_at IS NULL AND {scope} ORDER BY i.number, u.name
"""
# An alarm that nobody has confirmed, over any medium or by being on the way, whether it went out or not.
_OWED = """
SELECT d.id::text, json_build_object(
    'delivery', d.id, 'unit', d.unit_id, 'name', u.name, 'medium', d.medium, 'state', d.state, 'since', d.owed_at,
    'incident', i.id, 'number', i.number, 'detail', d.detail)::text
  FROM incidents_alarmdelivery d
  JOIN incidents_incident i ON i.id = d.incident_id
  JOIN incidents_assignment a ON a.id = d.assignment_id AND a.state = 'alarmed' AND a.receipted_at IS NULL
  JOIN resources_unit u ON u.id = d.unit_id
 WHERE i.state = 'open' AND d.state <> 'receipted' AND {scope} ORDER BY d.owed_at, d.id
"""


def handover_sheet(text: str) -> dict[str, Any]:
    """What whoever takes over ``text`` (a scope) must see at once; also before they do. Raises Refused
    ``unknown_scope``.

    ``{"scope", "centre", "holder", "mandate", "calls", "incidents", "units", "owed", "knowledge", "plans"}``: lists,
    the most urgent first; knowledge: radio groups, telephone numbers, names; plans: response plans of these counties.
    """
    scope = mandates.scope_of(text)
    home = mandates.home_of(scope)
    counties = [scope.ident] if scope.kind == COUNTY else list(_counties(home))
    return {
        "scope": text,
        "centre": home,
        "holder": mandates.acting(text),
        "mandate": mandates.views([text])[text],
        "calls": _list(_CALLS, "c", scope, home),
        "incidents": _list(_INCIDENTS, "i", scope, home),
        "units": _list(_UNITS, "i", scope, home),
        "owed": _list(_OWED, "i", scope, home),
        "knowledge": _knowledge(counties),
        "plans": _plans(counties),
    }


def _list(sql: str, alias: str, scope: Scope, home: str) -> list[dict[str, Any]]:
    if scope.kind == COUNTY:
        where, params = f"{alias}.county_id = %s", [scope.ident]
    elif scope.lasting:
        where, params = f"%s IN ({alias}.centre_id, {alias}.home)", [home]
    else:
        where, params = f"{alias}.id::text = %s", [scope.ident]
    return list(views(sql.format(scope=where), params).values())


def _counties(centre: str) -> Any:
    return County.objects.filter(centre_id=centre, active=True).order_by("id").values_list("id", flat=True)


def _knowledge(counties: list[str]) -> list[dict[str, Any]]:
    rows = LocalKnowledge.objects.filter(Q(county_id__in=counties) | Q(county_id=None), active=True)
    return [
        {
            "id": row.id, "kind": row.kind, "county": row.county_id, "name": row.name, "value": row.value,
            "note": row.note, "example": row.example,
        }
        for row in rows.order_by("kind", "county_id", "name")
    ]  # fmt: skip


def _plans(counties: list[str]) -> list[dict[str, Any]]:
    rows = ResponsePlan.objects.filter(county_id__in=counties, active=True).order_by("county_id", "keyword_id", "id")
    return [
        {
            "id": row.id, "name": row.name, "county": row.county_id, "keyword": row.keyword_id,
            "requirements": row.requirements, "adds": row.adds, "window": row.window,
        }
        for row in rows
    ]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Span:
    """A take-over from its beginning to its end (None: it still runs)."""

    scope: str
    centre: str
    holder: str
    taken_at: datetime
    returned_at: datetime | None
    alone: bool
    silent_seconds: float | None
    reason: str
    signatures: list[dict[str, Any]]


def last_span(scope: str) -> Span | None:
    """The latest take-over of ``scope``, by the journal; None if there was none."""
    span: Span | None = None
    for stored in tail.history("mandate", scope):
        if stored.fact is None:
            continue
        data: Any = stored.fact.data
        if stored.type == "mandate.taken":
            names = [signature.model_dump() for signature in data.signatures]
            span = Span(
                scope, data.centre, data.holder, stored.fact.at, None, data.alone, data.silent_seconds, data.reason,
                names,
            )  # fmt: skip
        elif stored.type == "mandate.returned" and span is not None and span.returned_at is None:
            span = replace(span, returned_at=stored.fact.at)
    return span


def return_report(scope: str) -> dict[str, Any]:
    """What was done for ``scope`` while another centre held it: figures, each incident with its lines, the calls.
    Raises LookupError if nobody ever did."""
    span = last_span(scope)
    if span is None:
        raise LookupError(scope)
    until = span.returned_at or timezone.now()
    incidents = [entry for row in _incidents(span, until) if (entry := _told(row, span, until))]
    calls = _calls(span, until)
    lines = [line for incident in incidents for line in incident["lines"]]
    return {
        "span": span,
        "until": until,
        "minutes": round((until - span.taken_at).total_seconds() / 60, 1),
        "centre": _name(span.centre),
        "holder": _name(span.holder),
        "incidents": incidents,
        "calls": calls,
        "mandate": Mandate.objects.filter(pk=scope).first(),
        "figures": {
            "taken": sum(not incident["new"] for incident in incidents),
            "opened": sum(incident["new"] for incident in incidents),
            "closed": sum(incident["closed"] for incident in incidents),
            "alarms": sum(line["type"] == "incident.units_alarmed" for line in lines),
            "calls": len(calls),
            "answered": sum(bool(call["answered_at"]) for call in calls),
            "late": sum(line["late_term"] for line in lines),
        },
    }


def return_page(scope: str) -> str:
    """The same as a page that needs nothing else, for the printer. Raises LookupError."""
    return render_to_string("federation/return_report.html", return_report(scope))


def _incidents(span: Span, until: datetime) -> Any:
    rows = Incident.objects.filter(home=span.centre, opened_at__lte=until).filter(
        Q(closed_at=None) | Q(closed_at__gte=span.taken_at)
    )
    kind, _colon, ident = span.scope.partition(":")
    if kind == COUNTY:
        rows = rows.filter(county_id=ident)
    return rows.order_by("opened_at", "id").values(
        "id", "number", "keyword_id", "place", "opened_at", "closed_at", "state"
    )


def _told(row: dict[str, Any], span: Span, until: datetime) -> dict[str, Any] | None:
    begin, end = span.taken_at.isoformat(), until.isoformat()
    lines = [line for line in selectors.incident_log(row["id"]) if begin <= line["at"] <= end]
    # The hand-over alone is no work that anybody must read.
    if not any(line["type"] not in {"incident.taken_over", "call.handed_over"} for line in lines):
        return None
    closed = row["closed_at"] is not None and row["closed_at"] <= until
    return row | {"lines": lines, "new": row["opened_at"] >= span.taken_at, "closed": closed}


def _calls(span: Span, until: datetime) -> list[dict[str, Any]]:
    rows = Call.objects.filter(home=span.centre, rang_at__range=(span.taken_at, until))
    kind, _colon, ident = span.scope.partition(":")
    if kind == COUNTY:
        rows = rows.filter(county_id=ident)
    names = ("id", "line", "state", "rang_at", "answered_at", "user_name", "outcome", "incident_id")
    return list(rows.order_by("rang_at", "id").values(*names))


def _name(centre: str) -> str:
    return Centre.objects.filter(pk=centre).values_list("name", flat=True).first() or centre
