"""Alarm: units are committed to one incident at a time, told over every medium they have, and confirm."""

from typing import Any
from uuid import UUID, uuid4, uuid5

from django.utils import timezone
from django.utils.translation import gettext as _
from pydantic import BaseModel, ConfigDict, Field

from incidents.entries.alarm import AlarmedUnit, AlarmReceipted, AlarmSent, Delivery, UnitReserved, UnitsAlarmed
from incidents.entries.course import UnitTaken
from incidents.models import AlarmDelivery, Assignment, TimerRule
from incidents.rules.alarm_text import AlarmContent, alarm_text
from incidents.rules.commitment import Obstacles, UnitNow, obstacles
from incidents.rules.course import RESERVED
from incidents.services.locks import (
    LockedIncident,
    lock_incident,
    lock_incidents,
    lock_open_incident,
    lock_unit,
    lock_units,
    must_be_open,
    unknown_unit,
)
from incidents.services.roles import DISPATCH, RECEIPT, SYSTEM
from journal.commands import Command, Refused, command
from journal.record import Transaction
from resources.status import NAMES

MAX_UNITS = 100
MAX_ETA_SECONDS = 7 * 86_400


class OrderedUnit(BaseModel):
    """One unit of an alarm order. ``take_from``: the incident from which it is taken, named on purpose;
    ``unconfirmed``: set by the node on the way (``federation.claims``), whoever sends it from outside is not heard."""

    model_config = ConfigDict(extra="forbid")

    unit: str = Field(max_length=64)
    why: str = Field(default="", max_length=200)
    eta_seconds: int | None = Field(default=None, ge=0, le=MAX_ETA_SECONDS)
    take_from: UUID | None = None
    unconfirmed: bool = False


class Alarm(Command):
    """See ``alarm``."""

    incident: UUID
    units: list[OrderedUnit] = Field(max_length=MAX_UNITS)
    text: str = Field(default="", max_length=1_000)


@command("incident.alarm", roles=DISPATCH, about="incident")
def alarm(tx: Transaction, cmd: Alarm) -> dict[str, Any]:
    """Commit and alarm the units, all or none.

    Refused ``no_units``, ``incident_closed``, ``unknown_unit``, ``unit_unavailable`` (status 6 or 9, out of use) and
    ``unit_committed`` with who has it, unless the order takes the unit from exactly that incident: then the taking is
    recorded there. A reservation at this incident is fulfilled by its alarm.
    """
    ordered = {order.unit: order for order in cmd.units}
    if not ordered:
        raise Refused("no_units", _("Es ist kein Einsatzmittel ausgewählt."))
    sources = {order.take_from for order in ordered.values() if order.take_from} - {cmd.incident}
    incidents = lock_incidents({cmd.incident, *sources})
    incident = incidents[cmd.incident]
    must_be_open(incident)
    units = lock_units(ordered)
    take_from = {unit: order.take_from for unit, order in ordered.items() if order.take_from}
    refuse(obstacles(list(ordered), units, cmd.incident, take_from))
    alarmed = [_alarmed(incident, units[ident], order, tx) for ident, order in ordered.items()]
    for ident in ordered:
        _take(tx, units[ident], incident)
    names = [units[ident].name for ident in ordered]
    tx.record(
        UnitsAlarmed(
            incident=cmd.incident, centre=incident.centre, units=alarmed,
            text=alarm_text(_content(incident), names, cmd.text),
            followup=incident.dispatch_decided_at is not None, scheduled=incident.appointment_at is not None,
        )
    )  # fmt: skip
    return {"assignments": [{"id": str(u.assignment), "unit": u.unit} for u in alarmed]}


def assignment_of(command_id: UUID | None, unit: str) -> UUID:
    """The id of the assignment that an alarm gives a unit: known to the unit's own centre before the alarm is, and
    the same if two nodes that are cut off from each other carry out one command."""
    return uuid5(command_id, unit) if command_id else uuid4()


def _alarmed(incident: LockedIncident, unit: UnitNow, order: OrderedUnit, tx: Transaction) -> AlarmedUnit:
    reservation = unit.at(incident.id)
    holder = unit.committed
    return AlarmedUnit(
        assignment=reservation.id if reservation else assignment_of(tx.command_id, unit.id),
        reserved=reservation is not None, unconfirmed=order.unconfirmed,
        unit=unit.id, name=unit.name, why=order.why, eta_seconds=order.eta_seconds,
        taken_from=holder.incident if holder else None,
        deliveries=[Delivery(id=uuid4(), medium=medium) for medium in unit.media],
        receipt_seconds=incident.seconds(TimerRule.Kind.NO_RECEIPT),
        status3_seconds=incident.seconds(TimerRule.Kind.NO_STATUS_3),
    )  # fmt: skip


def _take(tx: Transaction, unit: UnitNow, incident: LockedIncident) -> None:
    """End the commitment that the order named; it stands in the other incident's log."""
    holder = unit.committed
    if holder is not None:
        tx.record(
            UnitTaken(
                incident=holder.incident, assignment=holder.id, unit_name=unit.name, other=incident.id,
                other_number=incident.number,
            )
        )  # fmt: skip


def refuse(found: Obstacles) -> None:
    """Raise the refusal for what stands against an alarm, if anything does."""
    if found.unknown:
        raise unknown_unit(*found.unknown)
    if found.committed:
        raise unit_committed(*found.committed)
    if found.unavailable:
        names = ", ".join(_with_status(unit) for unit in found.unavailable)
        detail = [{"unit": u.id, "name": u.name, "status": u.status} for u in found.unavailable]
        raise Refused("unit_unavailable", _("Nicht verfügbar: %s") % names, units=detail)


def _with_status(unit: UnitNow) -> str:
    if not unit.active or unit.status is None:
        return unit.name
    values = {"unit": unit.name, "number": unit.status, "name": NAMES[unit.status]}
    return _("%(unit)s (Status %(number)s, %(name)s)") % values


def unit_committed(*units: UnitNow) -> Refused:
    """The refusal for units that an incident has or is about to get; its detail names the unit and the incident."""
    held = [(u, u.spoken_for) for u in units]
    names = ", ".join(f"{u.name} ({holder.number})" for u, holder in held if holder)
    detail = [
        {"unit": u.id, "name": u.name, "incident": str(holder.incident), "number": holder.number}
        for u, holder in held
        if holder
    ]
    return Refused("unit_committed", _("Bereits im Einsatz: %s") % names, units=detail)


def _content(incident: LockedIncident) -> AlarmContent:
    appointment = incident.appointment_at
    return AlarmContent(
        number=incident.number, keyword=incident.keyword or "", keyword_name=incident.keyword_name,
        priority=incident.priority, exercise=incident.exercise, place=incident.place,
        place_detail=incident.place_detail, municipality=incident.municipality, report=incident.report,
        lon=incident.lon, lat=incident.lat,
        appointment=timezone.localtime(appointment).strftime("%d.%m.%Y %H:%M") if appointment else "",
    )  # fmt: skip


class OneUnit(Command):
    """A command about one unit at an incident."""

    incident: UUID
    unit: str = Field(max_length=64)


@command("incident.reserve", roles=DISPATCH, about="incident")
def reserve(tx: Transaction, cmd: OneUnit) -> dict[str, Any]:
    """Earmark a unit for a scheduled transport. It stays free; its alarm fulfils the reservation.

    Refused ``already_here``, ``unit_unavailable`` (out of use), ``unknown_unit``, ``incident_closed``.
    """
    lock_open_incident(cmd.incident)
    unit = lock_unit(cmd.unit)
    if unit.at(cmd.incident):
        raise Refused("already_here", _("%s ist diesem Einsatz schon zugeteilt.") % unit.name, unit=unit.id)
    if not unit.active:
        raise Refused("unit_unavailable", _("Nicht verfügbar: %s") % unit.name, units=[{"unit": unit.id}])
    assignment = uuid4()
    tx.record(UnitReserved(incident=cmd.incident, assignment=assignment, unit=unit.id, name=unit.name))
    return {"assignment": str(assignment)}


class Receipt(Command):
    """See ``receipt``: either the delivery, or the assignment and the medium."""

    delivery: UUID | None = None
    assignment: UUID | None = None
    medium: str = Field(default="station", max_length=20)


@command("incident.receipt", roles=RECEIPT, about="delivery")
def receipt(tx: Transaction, cmd: Receipt) -> dict[str, Any]:
    """The crew has confirmed its alarm; a second confirmation changes nothing. Refused ``unknown_alarm``.

    Where the unit meanwhile belongs to another incident (merged, split), its assignment there is confirmed too.
    """
    wanted = AlarmDelivery.objects.select_related("unit")
    if cmd.delivery:
        wanted = wanted.filter(pk=cmd.delivery)
    elif cmd.assignment:
        wanted = wanted.filter(assignment_id=cmd.assignment, medium=cmd.medium)
    else:
        raise Refused("invalid", _("Es fehlt, welcher Alarm quittiert wird."))
    delivery = wanted.first()
    if delivery is None:
        raise Refused("unknown_alarm", _("Diesen Alarm gibt es nicht."))
    lock_incidents({delivery.incident_id, *(incident for _pk, incident in _moved_on(delivery))})
    state = AlarmDelivery.objects.values_list("state", flat=True).get(pk=delivery.pk)
    if state != AlarmDelivery.State.RECEIPTED:
        _record_receipt(tx, delivery, delivery.incident_id, delivery.assignment_id)
        for assignment, incident in _moved_on(delivery):
            _record_receipt(tx, delivery, incident, assignment)
    return {"delivery": str(delivery.pk), "unit": delivery.unit_id}


def _record_receipt(tx: Transaction, delivery: AlarmDelivery, incident: UUID, assignment: UUID) -> None:
    tx.record(
        AlarmReceipted(
            incident=incident, delivery=delivery.pk, assignment=assignment, unit_name=delivery.unit.name,
            medium=delivery.medium,
        )
    )  # fmt: skip


def _moved_on(delivery: AlarmDelivery) -> list[tuple[UUID, UUID]]:
    """The unit's open assignment elsewhere, if it took over the alarm time of the one this delivery was for."""
    alarmed_at = Assignment.objects.filter(pk=delivery.assignment_id).exclude(ended_at=None)
    same = Assignment.objects.filter(
        unit_id=delivery.unit_id, ended_at=None, receipted_at=None, alarmed_at__in=alarmed_at.values("alarmed_at")
    )
    elsewhere = same.exclude(incident_id=delivery.incident_id).exclude(state=RESERVED)
    return list(elsewhere.values_list("pk", "incident_id"))


class SentAlarm(Command):
    """What became of one delivery."""

    delivery: UUID
    ok: bool
    detail: str = Field(default="", max_length=200)


class SentAlarms(Command):
    """See ``alarm_sent``."""

    incident: UUID
    sent: list[SentAlarm] = Field(min_length=1, max_length=1_000)


@command("incident.alarm_sent", roles=SYSTEM)
def alarm_sent(tx: Transaction, cmd: SentAlarms) -> None:
    """Media took alarms of one incident or could not (see ``incidents.effects``)."""
    lock_incident(cmd.incident)
    deliveries = AlarmDelivery.objects.filter(pk__in=[one.delivery for one in cmd.sent], incident_id=cmd.incident)
    known = {pk: (unit, medium) for pk, unit, medium in deliveries.values_list("pk", "unit__name", "medium")}
    for one in cmd.sent:
        if one.delivery not in known:
            raise Refused("unknown_alarm", _("Diesen Alarm gibt es nicht."))
        unit_name, medium = known[one.delivery]
        tx.record(
            AlarmSent(
                incident=cmd.incident, delivery=one.delivery, unit_name=unit_name, medium=medium, ok=one.ok,
                detail=one.detail,
            )
        )  # fmt: skip
