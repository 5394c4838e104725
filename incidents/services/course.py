"""Course: status messages move assignments; dispatchers recall, direct, release and move up."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils.translation import gettext as _
from pydantic import AwareDatetime, Field

from incidents.entries.course import UnitDirected, UnitProgressed, UnitRecalled, UnitSignalled
from incidents.models import TimerRule
from incidents.rules.clock import believed
from incidents.rules.commitment import OpenAssignment, UnitNow
from incidents.rules.course import BY_HAND, STEP_OF_STATUS, Step, step_for
from incidents.services.alarm import OneUnit, unit_committed
from incidents.services.locks import (
    LockedIncident,
    lock_incident,
    lock_open_incident,
    lock_unit,
    lock_units,
    unknown_unit,
)
from incidents.services.roles import DISPATCH, STATUS
from incidents.services.whereabouts import known_hospital
from journal.commands import Command, Refused, command
from journal.record import Transaction
from resources.entries import MovedUp, StatusReported, UnknownSenderHeard
from resources.models import Station
from resources.status import is_overlay

# Who speaks, and the incident that has the unit (as far as can be seen without a lock).
_SENDER = """
SELECT u.id, (SELECT a.incident_id FROM incidents_assignment a
               WHERE a.unit_id = u.id AND a.ended_at IS NULL AND a.state <> 'reserved' ORDER BY a.alarmed_at LIMIT 1)
  FROM resources_unit u WHERE u.{column} = %s ORDER BY u.active DESC, u.id LIMIT 1
"""


class ReportStatus(Command):
    """See ``report_status``: the unit is named by id, or by the ISSI or OPTA of its radio."""

    unit: str = Field(default="", max_length=64)
    issi: str = Field(default="", max_length=10)
    opta: str = Field(default="", max_length=24)
    status: int = Field(ge=0, le=9)
    observed_at: AwareDatetime | None = None
    source: str = Field(default="radio", min_length=1, max_length=20)
    note: str = Field(default="", max_length=200)
    hospital: str | None = Field(default=None, max_length=64)


@command("unit.report_status", roles=STATUS, about="unit")
def report_status(tx: Transaction, cmd: ReportStatus) -> dict[str, Any]:
    """A unit's status. The raw message is kept whatever it says; it moves the unit's open assignment as
    ``rules.course.step_for`` says.

    ``observed_at`` counts if it is at most five minutes old, else our own time; the sender's is kept. A radio that
    nobody knows is kept for a person to look at: result ``{"unknown": true}``. Refused ``unknown_unit`` (by id),
    ``unknown_hospital``.
    """
    sender = _sender(cmd)
    if sender is None:
        return _unknown_sender(tx, cmd)
    ident, incident_id = sender
    incident = lock_incident(incident_id) if incident_id else None
    unit = lock_unit(ident)
    held = unit.committed
    if held and held.incident != incident_id:
        # It was committed between our look and the lock. Out of order, so a deadlock is possible: then a retry.
        incident = lock_incident(held.incident)
    observed = believed(cmd.observed_at, tx.at)
    source = BY_HAND if tx.actor.kind == "user" else cmd.source
    hospital_name = known_hospital(cmd.hospital) if cmd.hospital else ""
    tx.record(
        StatusReported(
            unit=ident, status=cmd.status, observed_at=cmd.observed_at or tx.at, trusted=observed is not None,
            source=source, sender=cmd.issi or cmd.opta or tx.actor.seat, note=cmd.note,
            emergency_since=None if is_overlay(cmd.status) else unit.emergency_since,
        )
    )  # fmt: skip
    result: dict[str, Any] = {"unit": ident}
    if held and incident:
        result["incident"] = str(incident.id)
        step = step_for(cmd.status, held.state, unit.status, source)
        if step is None:
            if cmd.status not in STEP_OF_STATUS:
                tx.record(
                    UnitSignalled(
                        incident=incident.id, assignment=held.id, unit_name=unit.name, status=cmd.status, note=cmd.note
                    )
                )  # fmt: skip
            return result
        hospital = cmd.hospital if step in {"transporting", "at_hospital"} else None
        tx.record(
            UnitProgressed(
                incident=incident.id, assignment=held.id, unit_name=unit.name, step=step, centre=incident.centre,
                hospital=hospital, hospital_name=hospital_name if hospital else "",
                observed_at=_not_before_alarm(observed, held),
                silent_seconds=0 if step == "ended" else incident.seconds(TimerRule.Kind.UNIT_SILENT),
            )
        )  # fmt: skip
    return result


def _not_before_alarm(observed: datetime | None, held: OpenAssignment) -> datetime | None:
    """No unit turns out before its alarm: a clock that is a little slow must not make it so."""
    return max(observed, held.alarmed_at) if observed and held.alarmed_at else observed


def _sender(cmd: ReportStatus) -> tuple[str, UUID | None] | None:
    """The unit and its incident. None for an unknown radio; Refused for an unknown id or none at all."""
    column, value = next(((c, v) for c, v in (("id", cmd.unit), ("issi", cmd.issi), ("opta", cmd.opta)) if v), ("", ""))
    if not column:
        raise Refused("invalid", _("Es fehlt, von wem der Status kommt: unit, issi oder opta."))
    with connection.cursor() as cursor:
        cursor.execute(_SENDER.format(column=column), [value])
        row: tuple[str, UUID | None] | None = cursor.fetchone()
    if row is None and column == "id":
        raise unknown_unit(value)
    return row


def _unknown_sender(tx: Transaction, cmd: ReportStatus) -> dict[str, Any]:
    kind = "issi" if cmd.issi else "opta"
    tx.record(
        UnknownSenderHeard(
            kind=kind, identifier=cmd.issi or cmd.opta, message=f"Status {cmd.status} {cmd.note}".strip()[:200]
        )
    )
    return {"unknown": True, kind: cmd.issi or cmd.opta}


class UnitAtPatient(Command):
    """See ``at_patient``."""

    unit: str = Field(max_length=64)


@command("unit.at_patient", roles=STATUS, about="unit")
def at_patient(tx: Transaction, cmd: UnitAtPatient) -> None:
    """The crew has reached its patient: a time that no radio status carries. Refused ``not_committed``."""
    sender = _sender(ReportStatus(unit=cmd.unit, status=4))
    incident_id = sender[1] if sender else None
    incident = lock_incident(incident_id) if incident_id else None
    unit = lock_unit(cmd.unit)
    if unit.committed is None or incident is None or unit.committed.incident != incident.id:
        raise Refused("not_committed", _("%s ist in keinem Einsatz.") % unit.name, unit=unit.id)
    _progress(tx, incident, unit, unit.committed, "at_patient")


class Recall(Command):
    """See ``recall``."""

    incident: UUID
    units: list[str] = Field(min_length=1, max_length=100)
    reason: str = Field(default="", max_length=200)


@command("incident.recall", roles=DISPATCH, about="incident")
def recall(tx: Transaction, cmd: Recall) -> dict[str, Any]:
    """Call units off (Rückalarm); they are free from now on. Refused ``not_here`` if one is not at the incident."""
    lock_open_incident(cmd.incident)
    units = lock_units(cmd.units)
    missing = [unit for unit in cmd.units if unit not in units]
    if missing:
        raise unknown_unit(*missing)
    here = {ident: _here(unit, cmd.incident) for ident, unit in units.items()}
    for ident in dict.fromkeys(cmd.units):
        tx.record(
            UnitRecalled(
                incident=cmd.incident, assignment=here[ident].id, unit_name=units[ident].name, reason=cmd.reason
            )
        )
    return {"recalled": list(here)}


class Direct(Command):
    """See ``direct``."""

    incident: UUID
    unit: str = Field(max_length=64)
    hospital: str = Field(min_length=1, max_length=64)


@command("incident.direct", roles=DISPATCH, about="incident")
def direct(tx: Transaction, cmd: Direct) -> None:
    """Give a unit its destination, or another one. Refused ``not_here``, ``unknown_hospital``."""
    lock_open_incident(cmd.incident)
    unit = lock_unit(cmd.unit)
    assignment = _here(unit, cmd.incident)
    name = known_hospital(cmd.hospital)
    tx.record(
        UnitDirected(
            incident=cmd.incident, assignment=assignment.id, unit_name=unit.name, hospital=cmd.hospital,
            hospital_name=name,
        )
    )  # fmt: skip


@command("incident.release", roles=DISPATCH, about="incident")
def release(tx: Transaction, cmd: OneUnit) -> None:
    """Let a unit go, or give up its reservation. Refused ``not_here``."""
    incident = lock_open_incident(cmd.incident)
    unit = lock_unit(cmd.unit)
    _progress(tx, incident, unit, _here(unit, cmd.incident), "ended", "von der Disposition freigegeben")


class MoveUp(Command):
    """See ``move_up``."""

    unit: str = Field(max_length=64)
    station: str | None = Field(default=None, max_length=64)


@command("unit.move_up", roles=DISPATCH, about="unit")
def move_up(tx: Transaction, cmd: MoveUp) -> None:
    """Send a free unit to another station to cover its area (Gebietsabsicherung); without a station the cover ends.

    Refused ``unit_committed``, ``unknown_station``.
    """
    unit = lock_unit(cmd.unit)
    if cmd.station:
        if unit.spoken_for:
            raise unit_committed(unit)
        if not Station.objects.filter(pk=cmd.station, active=True).exists():
            raise Refused("unknown_station", _("Diese Wache gibt es nicht: %s") % cmd.station, station=cmd.station)
    tx.record(MovedUp(unit=cmd.unit, station=cmd.station or None))


def _here(unit: UnitNow, incident: UUID) -> OpenAssignment:
    assignment = unit.at(incident)
    if assignment is None:
        raise Refused("not_here", _("%s ist diesem Einsatz nicht zugeteilt.") % unit.name, unit=unit.id)
    return assignment


def _progress(
    tx: Transaction, incident: LockedIncident, unit: UnitNow, held: OpenAssignment, step: Step, reason: str = ""
) -> None:
    silent = 0 if step == "ended" else incident.seconds(TimerRule.Kind.UNIT_SILENT)
    tx.record(
        UnitProgressed(
            incident=incident.id, assignment=held.id, unit_name=unit.name, step=step, centre=incident.centre,
            silent_seconds=silent, reason=reason,
        )
    )  # fmt: skip
