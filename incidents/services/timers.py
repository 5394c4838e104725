"""Timers fire once, are taken note of, and start again where there was a sign of life."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _

from incidents import network
from incidents.entries.call import SPILL, CallSpilled, CallTimerFired, CallTimerSeen
from incidents.entries.incident import IncidentTimerFired, IncidentTimerRearmed, IncidentTimerSeen
from incidents.models import Assignment, Call, Timer, TimerRule
from incidents.services.locks import LockedIncident, lock_call, lock_incident
from incidents.services.roles import CONSOLE, SYSTEM
from journal.commands import Command, Refused, command
from journal.record import Transaction
from resources.models import Position, UnitState


class NotDue(Refused):
    """Nothing to fire, at this moment. Not kept: the same timer may come due again under the same number."""

    def __init__(self) -> None:
        super().__init__("not_due", _("Diese Zeitüberwachung hat sich erledigt."))

    def to_keep(self) -> dict[str, Any] | None:
        return None


class OneTimer(Command):
    """A command about a timer."""

    timer: UUID


@command("timer.fire", roles=SYSTEM)
def fire(tx: Transaction, cmd: OneTimer) -> dict[str, Any]:
    """A timer is due: alarm the room, or, for a silent unit that gave a sign of life meanwhile, start again.

    Result ``{"fired": bool}``; false if it started again. Refused ``not_due``: what was waited for has just happened,
    or somebody else fired it. Whoever is first under the lock of its incident or call does it.
    """
    timer = _locked(cmd.timer)
    if timer is None or timer.fired_at or timer.due_at > timezone.now():
        raise NotDue
    if timer.kind == SPILL:
        return _spill(tx, timer)
    if timer.kind == TimerRule.Kind.CALL_WAITING:
        tx.record(CallTimerFired(call=timer.aggregate_id, timer=timer.pk))
        return {"fired": True}
    assignment = Assignment.objects.filter(
        pk=timer.subject, incident_id=timer.aggregate_id
    ).select_related("unit").first()  # fmt: skip
    if timer.kind == TimerRule.Kind.UNIT_SILENT and assignment is not None:
        due_at = _next_due(timer, assignment.unit_id, lock_incident(timer.aggregate_id))
        if due_at > tx.at:
            tx.record(IncidentTimerRearmed(incident=timer.aggregate_id, timer=timer.pk, due_at=due_at))
            return {"fired": False}
    tx.record(
        IncidentTimerFired(
            incident=timer.aggregate_id, timer=timer.pk, kind=timer.kind,
            unit_name=assignment.unit.name if assignment else "",
        )
    )  # fmt: skip
    return {"fired": True}


def _spill(tx: Transaction, timer: Timer) -> dict[str, Any]:
    """The call has waited as long as the agreement of its centre says, as it stands now."""
    call = Call.objects.values("centre_id", "county_id").get(pk=timer.aggregate_id)
    to = network.duty(call["centre_id"], call["county_id"]).spill_to
    tx.record(CallSpilled(call=timer.aggregate_id, to=to))
    return {"fired": bool(to)}


@command("timer.seen", roles=CONSOLE, about="timer")
def seen(tx: Transaction, cmd: OneTimer) -> None:
    """A dispatcher has taken note of a timer's alarm; of two who press at once the first stands in the log.

    Refused ``unknown_timer`` (its matter is settled), ``not_fired``.
    """
    timer = _locked(cmd.timer)
    if timer is None:
        raise Refused("unknown_timer", _("Diese Zeitüberwachung hat sich erledigt."))
    if timer.fired_at is None:
        raise Refused("not_fired", _("Diese Zeitüberwachung ist noch nicht abgelaufen."))
    if timer.seen_at:
        return
    if timer.kind == TimerRule.Kind.CALL_WAITING:
        tx.record(CallTimerSeen(call=timer.aggregate_id, timer=timer.pk))
    else:
        tx.record(IncidentTimerSeen(incident=timer.aggregate_id, timer=timer.pk))


def _locked(ident: UUID) -> Timer | None:
    """The timer as it stands under the lock of what it belongs to; None if it is gone."""
    found = Timer.objects.filter(pk=ident).values_list("kind", "aggregate_id").first()
    if found is None:
        return None
    kind, aggregate = found
    if kind in {TimerRule.Kind.CALL_WAITING, SPILL}:
        lock_call(aggregate)
    else:
        lock_incident(aggregate)
    return Timer.objects.filter(pk=ident).first()


def _next_due(timer: Timer, unit: str, incident: LockedIncident) -> datetime:
    """When the unit will have been silent for too long, by what has been heard of it so far."""
    seconds = incident.seconds(timer.kind)
    position = Position.objects.filter(unit_id=unit).values_list("received_at", flat=True).first()
    status = UnitState.objects.filter(unit_id=unit).values_list("since", "overlay_since").first()
    signs: list[datetime] = [at for at in (position, *(status or ())) if at is not None]
    if not signs or not seconds:
        return timer.due_at
    return max(timer.due_at, max(signs) + timedelta(seconds=seconds))
