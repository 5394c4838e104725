"""How incidents end, become one, become two, or go to the other centre."""

from typing import Any
from uuid import UUID, uuid4

from django.utils.translation import gettext as _
from pydantic import Field

from incidents import network
from incidents.entries import incident as entries
from incidents.entries.call import CallAttached, CallForgotten
from incidents.entries.course import ASSIGNMENT_TIMERS, UnitJoined, UnitProgressed, UnitTaken
from incidents.entries.responsibility import IncidentHandedOver
from incidents.entries.timers import timer_id
from incidents.labels import OUTCOMES
from incidents.models import Assignment, Call, Incident, Timer
from incidents.rules.course import RESERVED
from incidents.services.locks import (
    lock_calls,
    lock_incident,
    lock_incidents,
    lock_open_incident,
    lock_units,
    must_be_open,
)
from incidents.services.numbers import next_number
from incidents.services.roles import ADMINISTRATION, CONSOLE, DISPATCH
from incidents.services.whereabouts import is_taken, known_centre, known_keyword
from journal.commands import Command, Refused, command
from journal.record import Transaction
from resources.entries import Spot

# Columns of an assignment that move with a unit to another incident.
TIMES = (
    "reserved_at", "alarmed_at", "receipted_at", "en_route_at", "on_scene_at", "at_patient_at", "transporting_at",
    "at_hospital_at",
)  # fmt: skip


class CloseIncident(Command):
    """See ``close``."""

    incident: UUID
    outcome: str
    note: str = Field(default="", max_length=5_000)
    release: bool = False


@command("incident.close", roles=DISPATCH, about="incident")
def close(tx: Transaction, cmd: CloseIncident) -> None:
    """Close the incident with its outcome. Reservations end with it.

    Refused ``units_committed`` with who is still there, unless ``release``: then they are free from now on; and
    ``unknown_outcome``, ``incident_closed``.
    """
    if cmd.outcome not in OUTCOMES:
        raise Refused("unknown_outcome", _("Diesen Abschluss gibt es nicht: %s") % cmd.outcome[:40])
    incident = lock_open_incident(cmd.incident)
    assignments = _open_assignments(cmd.incident)
    committed = [a for a in assignments if a.state != RESERVED]
    if committed and not cmd.release:
        names = ", ".join(a.unit.name for a in committed)
        detail = [{"unit": a.unit_id, "name": a.unit.name, "state": a.state} for a in committed]
        raise Refused("units_committed", _("Noch im Einsatz: %s") % names, units=detail)
    reason = "mit dem Einsatz beendet"
    for a in assignments:
        tx.record(
            UnitProgressed(
                incident=incident.id, assignment=a.pk, unit_name=a.unit.name, step="ended", centre=incident.centre,
                reason=reason,
            )
        )  # fmt: skip
    tx.record(
        entries.IncidentClosed(
            incident=cmd.incident, outcome=cmd.outcome, note=cmd.note, saw=all_assignments(cmd.incident),
            keyword=incident.keyword or "",
        )
    )  # fmt: skip


class MergeIncident(Command):
    """See ``merge``."""

    incident: UUID
    into: UUID


@command("incident.merge", roles=DISPATCH, about="incident")
def merge(tx: Transaction, cmd: MergeIncident) -> dict[str, Any]:
    """Two incidents are one: units with their times, calls and the report go to ``into``; this one is over.

    Refused ``same_incident``, ``incident_closed`` for either.
    """
    if cmd.incident == cmd.into:
        raise Refused("same_incident", _("Ein Einsatz lässt sich nicht mit sich selbst zusammenlegen."))
    incidents = lock_incidents([cmd.incident, cmd.into])
    source, target = incidents[cmd.incident], incidents[cmd.into]
    must_be_open(source)
    must_be_open(target)
    assignments = _open_assignments(source.id)
    calls = lock_calls(Call.objects.filter(incident_id=source.id).values_list("pk", flat=True))
    joined = [_joined(a, target.id, target.centre) for a in assignments]
    names = ("call_received_at", "call_answered_at", "dispatch_decided_at")
    times: Any = Incident.objects.filter(pk=source.id).values(*names).get()
    tx.record(
        entries.IncidentMerged(
            incident=source.id, into=target.id, into_number=target.number, saw=all_assignments(source.id)
        )
    )
    tx.record(
        entries.IncidentAbsorbed(
            incident=target.id, other=source.id, other_number=source.number, report=source.report, **times
        )
    )
    for entry in joined:
        tx.record(entry)
    for call in calls.values():
        tx.record(CallAttached(call=call.id, incident=target.id))
        tx.record(entries.IncidentCallAttached(incident=target.id, call=call.id, number=call.number))
    return {"into": str(target.id), "number": target.number, "units": [entry.unit for entry in joined]}


class SplitIncident(Command):
    """See ``split``."""

    incident: UUID
    new: UUID
    assignments: list[UUID] = Field(default=[], max_length=100)
    keyword: str | None = Field(default=None, max_length=64)
    report: str | None = Field(default=None, max_length=5_000)


@command("incident.split", roles=DISPATCH, about="incident")
def split(tx: Transaction, cmd: SplitIncident) -> dict[str, Any]:
    """A part of the incident becomes one of its own, at the same place, with the named assignments and their times.

    Refused ``not_here`` for an assignment that is not open here, ``incident_exists``, ``unknown_keyword``.
    """
    incident = lock_open_incident(cmd.incident)
    if is_taken(Incident, cmd.new):
        raise Refused("incident_exists", _("Diesen Einsatz gibt es schon."), incident=str(cmd.new))
    keyword = known_keyword(cmd.keyword) if cmd.keyword else None
    moving = {a.pk: a for a in _open_assignments(cmd.incident) if a.pk in set(cmd.assignments)}
    if len(moving) != len(set(cmd.assignments)):
        raise Refused("not_here", _("Ein ausgewähltes Einsatzmittel ist diesem Einsatz nicht mehr zugeteilt."))
    old = Incident.objects.get(pk=cmd.incident)
    number = next_number(tx, old.home)
    tx.record(
        entries.IncidentOpened(
            incident=cmd.new, number=number.text, centre=incident.centre, home=old.home, origin=number.origin,
            year=number.year, serial=number.serial, exercise=old.exercise, keyword=cmd.keyword or old.keyword_id,
            priority=keyword["priority"] if keyword else old.priority, county=old.county_id,
            county_how=old.county_how, call_received_at=old.call_received_at,
            call_answered_at=old.call_answered_at, split_from=cmd.incident, place=old.place, place_id=old.place_id,
            place_detail=old.place_detail, municipality=old.municipality,
            spot=Spot.of(old.point) if old.point else None,
            report=old.report if cmd.report is None else cmd.report, caller_name=old.caller_name,
            caller_number=old.caller_number,
        )
    )  # fmt: skip
    tx.record(entries.IncidentSplit(incident=cmd.incident, new=cmd.new, new_number=number.text))
    for a in moving.values():
        joined = _joined(a, cmd.new, incident.centre)
        tx.record(
            UnitTaken(
                incident=cmd.incident, assignment=a.pk, unit_name=a.unit.name, other=cmd.new, other_number=number.text
            )
        )
        tx.record(joined)
    return {"incident": str(cmd.new), "number": number.text}


class HandOver(Command):
    """See ``hand_over``."""

    incident: UUID
    centre: str = Field(max_length=64)
    reason: str = Field(default="", max_length=200)


@command("incident.hand_over", roles=CONSOLE, about="incident")
def hand_over(tx: Transaction, cmd: HandOver) -> None:
    """The other centre answers for the incident from now on, and for good: it is its home too. Refused
    ``unknown_centre``, ``same_centre``, ``centre_unreachable``: nobody there would see it."""
    incident = lock_open_incident(cmd.incident)
    name = known_centre(cmd.centre)
    if incident.centre == cmd.centre:
        raise Refused("same_centre", _("%s führt diesen Einsatz schon.") % name)
    to = network.duty(cmd.centre, incident.county).centre
    if not network.reachable(to) or (to == incident.centre and to != cmd.centre):
        reason = _("%s ist zurzeit nicht erreichbar.") % name
        raise Refused("centre_unreachable", reason, centre=cmd.centre)
    term = Incident.objects.values_list("term", flat=True).get(pk=cmd.incident)
    handed = IncidentHandedOver(incident=cmd.incident, centre=to, home=cmd.centre, reason=cmd.reason)
    tx.record(handed, term=term + 1)


class Forget(Command):
    """See ``forget``."""

    incident: UUID
    reason: str = Field(min_length=1, max_length=120)


@command("incident.forget", roles=ADMINISTRATION)
def forget(tx: Transaction, cmd: Forget) -> dict[str, Any]:
    """Forget the personal fields of a finished incident and of its calls, for good (Art. 17 GDPR, § 31 ThürRettG).

    Refused ``still_open``.
    """
    incident = lock_incident(cmd.incident)
    if incident.open:
        raise Refused("still_open", _("Einsatz %s läuft noch.") % incident.number)
    calls = lock_calls(Call.objects.filter(incident_id=cmd.incident).values_list("pk", flat=True))
    tx.record(entries.IncidentForgotten(incident=cmd.incident, reason=cmd.reason))
    for call in calls:
        tx.record(CallForgotten(call=call, reason=cmd.reason))
    return {"calls": len(calls)}


def _open_assignments(incident: UUID) -> list[Assignment]:
    """The open assignments of a locked incident, their units locked too."""
    units = Assignment.objects.filter(incident_id=incident, ended_at=None).values_list("unit_id", flat=True)
    lock_units(units)
    rows = Assignment.objects.filter(incident_id=incident, ended_at=None).select_related("unit")
    return list(rows.order_by("alarmed_at", "pk"))


def all_assignments(incident: UUID) -> list[UUID]:
    """Every assignment the incident ever had, as far as this node knows: what its closing may take for granted."""
    return list(Assignment.objects.filter(incident_id=incident).order_by("pk").values_list("pk", flat=True))


def _joined(a: Assignment, incident: UUID, centre: str) -> UnitJoined:
    """``a`` as it goes on at another incident: a new assignment with the old times and what is still awaited."""
    watched = {timer_id(kind, str(a.pk)): kind for kind in ASSIGNMENT_TIMERS}
    running = Timer.objects.filter(pk__in=watched, fired_at=None).values_list("pk", "due_at")
    return UnitJoined(
        incident=incident, assignment=uuid4(), unit=a.unit_id, unit_name=a.unit.name, state=a.state,
        centre=centre, times={name: at for name in TIMES if (at := getattr(a, name))},
        timers={watched[pk].value: due_at for pk, due_at in running}, hospital=a.hospital_id, why=a.why,
        eta_seconds=a.eta_seconds, taken_from=a.taken_from,
    )  # fmt: skip
