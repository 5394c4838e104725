"""Conflicts: found as soon as the other's entries are here, noted once, decided by a person.

Finding follows the journal and looks only at what entries of other chains touched. Both nodes find and note the same;
ids of conflict and command follow from what collides, so that it is one.
"""

import logging
import threading
import time
from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid5

from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.db.models import Q
from django.utils.translation import gettext as _
from pydantic import Field

from federation import collisions, contested
from federation.collisions import Collision, Dossier, Subject
from federation.conflict_texts import ending, finding
from federation.entries.conflict import ConflictNoted, ConflictSigned, Side, reference
from federation.models import Conflict
from federation.nodes import peers
from federation.rules.conflicts import Write
from incidents.entries import call as calls
from incidents.entries import incident as incidents
from incidents.entries.course import UnitRecalled
from incidents.entries.merging import ConflictFound, ConflictSettled, IncidentRenumbered, IncidentReopened
from incidents.models import Assignment, Call, Incident
from incidents.services.closing import all_assignments
from incidents.services.locks import lock_calls, lock_incidents, lock_units
from incidents.services.numbers import next_number
from incidents.services.roles import ADMINISTRATION, CONSOLE, DISPATCH, SYSTEM
from journal import incarnation
from journal.actor import system
from journal.commands import Command, Refused, command, execute
from journal.models import Cursor, Entry
from journal.record import Transaction, head
from journal.tail import Waker

logger = logging.getLogger(__name__)

NAMESPACE = UUID("0c0b4a24-6f4b-4f57-8f7c-2a54b7f6e5aa")
ACTOR = system("Abgleich")
# Positions looked at in one go: what a long cut brings must not become one statement.
STEP = 2_000
# How far it may read past what does not concern it without saving its cursor.
CURSOR_SECONDS = 5.0
ALONE_SECONDS = 1.0
# An incident that is worked on gets entry after entry: to compare it anew for each of them would cost more than to fold
# them. What is found a fifth of a second later is still found within the second that is promised.
REST_SECONDS = 0.2
LEADERS = frozenset({"shift_leader", "supervisor"}) | ADMINISTRATION


def run(stop: threading.Event) -> None:
    """Find and note conflicts until ``stop``. An outage of the database is raised; nothing else ends it."""
    waker = Waker()
    cursor, _created = Cursor.objects.get_or_create(name=f"conflicts:{settings.LEITSTELLE_NODE}")
    saved_at = time.monotonic()
    while not stop.is_set():
        if not peers():
            # Who hears nobody contradicts nobody. The cursor stays: whoever joins later is compared from there on.
            stop.wait(ALONE_SECONDS)
            continue
        high = head()
        if high == cursor.pos:
            waker.wait(stop)
            continue
        end = min(high, cursor.pos + STEP)
        noted = note_between(cursor.pos, end)
        cursor.pos = end
        if noted or end < high or time.monotonic() - saved_at > CURSOR_SECONDS:
            cursor.save(update_fields=["pos"])
            saved_at = time.monotonic()
        stop.wait(REST_SECONDS)
    cursor.save(update_fields=["pos"])


def note_between(after: int, until: int) -> int:
    """Note every conflict that entries of other chains at positions in (after, until] brought; returns how many."""
    ours = Q(origin=settings.LEITSTELLE_NODE, incarnation=incarnation.current(settings.LEITSTELLE_NODE))
    concerned = Q(type__in=collisions.CONCERNED) | Q(type__endswith=collisions.SAVED)
    theirs = Entry.objects.filter(concerned, pos__gt=after, pos__lte=until).exclude(ours)
    subjects = list(theirs.values_list("aggregate_kind", "aggregate_id").distinct())
    return sum(note(collision) for collision in _find(subjects)) if subjects else 0


def _find(subjects: Sequence[Subject]) -> list[Collision]:
    """An aggregate that cannot be compared must not hide the others, and never stops the process that alarms."""
    try:
        found = collisions.collisions(subjects)
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        logger.exception("%s aggregates cannot be compared", len(subjects))
        if len(subjects) == 1:
            return []
        found = [collision for subject in subjects for collision in _find([subject])]
    known = set(Conflict.objects.filter(pk__in=[c.id for c in found]).values_list("pk", flat=True))
    return [collision for collision in found if collision.id not in known]


def note(collision: Collision) -> bool:
    """Note one conflict, unless somebody has; whether this was the first time here."""
    data = {
        "conflict": str(collision.id), "kind": collision.kind, "about_kind": collision.about[0],
        "about": collision.about[1], "field": collision.field, "unit": collision.unit,
        "incidents": [str(incident) for incident in collision.incidents],
        "sides": [side.model_dump() for side in collision.sides],
    }  # fmt: skip
    try:
        answer = execute("conflict.note", data, command_id=uuid5(NAMESPACE, str(collision.id)), actor=ACTOR)
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        # It shares a process with the alarms: one that cannot be noted must not end it.
        logger.exception("conflict %s cannot be noted", collision.id)
        return False
    if "refused" in answer:
        logger.error("conflict %s cannot be noted: %s", collision.id, answer["refused"])
    return bool(answer.get("result", {}).get("noted"))


class NoteConflict(Command):
    """See ``note_conflict``."""

    conflict: UUID
    kind: Any
    about_kind: str
    about: str
    field: str = ""
    unit: str = ""
    incidents: list[UUID] = []
    sides: list[Side]


@command("conflict.note", roles=SYSTEM)
def note_conflict(tx: Transaction, cmd: NoteConflict) -> dict[str, Any]:
    """Note a conflict once, and say so in the log of every incident it is about."""
    present = Incident.objects.filter(pk__in=cmd.incidents).values_list("pk", flat=True)
    lock_incidents(present)
    if Conflict.objects.filter(pk=cmd.conflict).exists():
        return {"noted": False}
    noted = ConflictNoted(**cmd.model_dump())
    tx.record(noted)
    for incident in sorted(present):
        tx.record(ConflictFound(incident=incident, conflict=cmd.conflict, what=finding(noted)))
    return {"noted": True}


class SignConflict(Command):
    """See ``sign``."""

    conflict: UUID
    choice: int = Field(ge=0)
    reason: str = Field(default="", max_length=200)


@command("conflict.sign", roles=CONSOLE | ADMINISTRATION, about="conflict")
def sign(tx: Transaction, cmd: SignConflict) -> dict[str, Any]:
    """Decide which side stands (``choice``: its place among the sides), and do what follows from it.

    Refused ``unknown_conflict``, ``unknown_side``, ``signed_already`` with who and which, ``forbidden`` for master data
    (shift leaders and administrators; log-ins and keys: administrators), ``forgotten``.
    """
    conflict = Conflict.objects.filter(pk=cmd.conflict).first()
    if conflict is None:
        raise Refused("unknown_conflict", _("Diesen Widerspruch gibt es nicht."), conflict=str(cmd.conflict))
    _refuse_unauthorised(tx, conflict)
    lock_incidents(Incident.objects.filter(pk__in=conflict.incidents).values_list("pk", flat=True))
    if conflict.unit_id:
        lock_units([conflict.unit_id])
    if conflict.aggregate_kind == "call":
        lock_calls([UUID(conflict.aggregate_id)])
    conflict = Conflict.objects.select_for_update(no_key=True).get(pk=cmd.conflict)
    if conflict.signed_at:
        reason = _("%s hat diesen Widerspruch schon entschieden.") % conflict.signed_by
        raise Refused("signed_already", reason, by=conflict.signed_by, at=conflict.signed_at.isoformat(),
                      choice=conflict.choice)  # fmt: skip
    if cmd.choice >= len(conflict.sides):
        raise Refused("unknown_side", _("Diese Seite gibt es nicht."))
    settle = _SETTLE[Conflict.Kind(conflict.kind)]
    settle(tx, conflict, cmd.choice, cmd.reason)
    # The reason is kept, sealed, with the incidents: forgetting those forgets it.
    told = "" if conflict.incidents else cmd.reason
    tx.record(ConflictSigned(conflict=cmd.conflict, choice=cmd.choice, reason=told))
    for incident in Incident.objects.filter(pk__in=conflict.incidents).order_by("pk").values_list("pk", flat=True):
        what = ending(conflict, cmd.choice)
        tx.record(ConflictSettled(incident=incident, conflict=cmd.conflict, what=what, reason=cmd.reason))
    return {"conflict": str(cmd.conflict), "choice": cmd.choice}


def _refuse_unauthorised(tx: Transaction, conflict: Conflict) -> None:
    allowed = DISPATCH
    if conflict.kind == Conflict.Kind.MASTER:
        allowed = ADMINISTRATION if conflict.aggregate_kind in {"user", "api_key"} else LEADERS
    elif conflict.kind == Conflict.Kind.CALL:
        allowed = CONSOLE
    if not tx.actor.roles & allowed:
        raise Refused("forbidden", _("Dafür fehlt Ihnen die Berechtigung."))


def _settle_field(tx: Transaction, conflict: Conflict, choice: int, reason: str) -> None:
    """The field gets the value of the side that stands, unless it has it."""
    dossier, write = _stands(conflict, choice)
    if contested.holds(dossier, conflict.field, write.value):
        return
    if conflict.aggregate_kind == "call":
        _write_call(tx, UUID(conflict.aggregate_id), conflict.field, write.value)
    else:
        _write_incident(tx, conflict, write.value, dossier.known(write.mark).data)


def _stands(conflict: Conflict, choice: int) -> tuple[Dossier, Write]:
    """What the side that stands wrote. Refused ``forgotten``."""
    dossier = contested.dossier_of((conflict.aggregate_kind, conflict.aggregate_id))
    write = contested.ends(dossier, conflict)[choice]
    if write is None:
        raise Refused("forgotten", _("Die Angaben hierzu sind gelöscht; es kann nichts mehr ergänzt werden."))
    return dossier, write


def _write_incident(tx: Transaction, conflict: Conflict, value: Any, data: Any) -> None:
    incident = UUID(conflict.aggregate_id)
    if conflict.field == "interview":
        tx.record(incidents.IncidentInterviewed(incident=incident, tree=data.tree, answers=data.answers))
        return
    if conflict.field == "outcome":
        keyword = Incident.objects.values_list("keyword_id", flat=True).get(pk=incident)
        tx.record(
            incidents.IncidentClosed(
                incident=incident, outcome=value, saw=all_assignments(incident), keyword=keyword or ""
            )
        )
        return
    values = value if conflict.field in collisions.GROUPS.values() else {conflict.field: value}
    filled = {name: _empty(name) if new is None else new for name, new in values.items()}
    tx.record(
        incidents.IncidentEdited(
            incident=incident, settles=conflict.pk,
            plain={name: new for name, new in filled.items() if name in incidents.PLAIN_FIELDS},
            words={name: new for name, new in filled.items() if name in incidents.PERSONAL_FIELDS},
            appointment_seconds=getattr(data, "appointment_seconds", 0),
        )
    )  # fmt: skip


def _empty(name: str) -> Any:
    """How an empty field is written: the columns of text know no NULL."""
    return None if name in {"keyword", "county", "hospital", "appointment_at", "spot"} else ""


def _write_call(tx: Transaction, call: UUID, field: str, value: Any) -> None:
    if field == "incident":
        tx.record(calls.CallAttached(call=call, incident=UUID(value)))
        return
    row = Call.objects.get(pk=call)
    told = {"note": row.note, "caller_name": row.caller_name} | {field: value or ""}
    tx.record(calls.CallNoted(call=call, **told))


def _settle_commitment(tx: Transaction, conflict: Conflict, choice: int, reason: str) -> None:
    """The unit stays with one incident; it is called off at the other."""
    for index, side in enumerate(conflict.sides):
        if index == choice:
            continue
        open_there = Assignment.objects.select_related("unit").filter(pk=side["assignment"], ended_at=None)
        for assignment in open_there:
            tx.record(
                UnitRecalled(
                    incident=assignment.incident_id, assignment=assignment.pk, unit_name=assignment.unit.name,
                    reason=reason,
                )
            )  # fmt: skip


def _settle_closed(tx: Transaction, conflict: Conflict, choice: int, reason: str) -> None:
    """Either the closing stands: units that are still there are called off; or the incident goes on."""
    incident = Incident.objects.get(pk=conflict.aggregate_id)
    subject = ("incident", conflict.aggregate_id)
    if choice:
        if incident.state != Incident.State.OPEN:
            tx.record(IncidentReopened(incident=incident.pk, reason=reason))
        return
    for assignment in Assignment.objects.select_related("unit").filter(incident=incident, ended_at=None):
        tx.record(
            UnitRecalled(
                incident=incident.pk, assignment=assignment.pk, unit_name=assignment.unit.name, reason=reason
            )
        )  # fmt: skip
    if incident.state != Incident.State.OPEN:
        return
    entry = contested.entry_of(contested.dossier_of(subject), reference(conflict.sides[0]))
    closing = entry.data if entry else None
    saw = all_assignments(incident.pk)
    if isinstance(closing, incidents.IncidentMerged):
        tx.record(
            incidents.IncidentMerged(
                incident=incident.pk, into=closing.into, into_number=closing.into_number, saw=saw
            )
        )  # fmt: skip
    else:
        outcome = closing.outcome if closing else "completed"
        tx.record(
            incidents.IncidentClosed(
                incident=incident.pk, outcome=outcome, saw=saw, keyword=incident.keyword_id or ""
            )
        )  # fmt: skip


def _settle_call(tx: Transaction, conflict: Conflict, choice: int, reason: str) -> None:
    """The call is at the seat that stands; one that is over stays as it ended."""
    dossier, write = _stands(conflict, choice)
    call = Call.objects.get(pk=conflict.aggregate_id)
    answered = dossier.known(write.mark).data
    if call.state in {Call.State.ANSWERED, Call.State.HELD} and call.seat_id != answered.seat:
        tx.record(calls.CallAnswered(call=call.pk, seat=answered.seat, user_name=answered.user_name))


def _settle_master(tx: Transaction, conflict: Conflict, choice: int, reason: str) -> None:
    """What the side saved is saved once more."""
    dossier, write = _stands(conflict, choice)
    if not contested.holds(dossier, "", write.value):
        tx.record(dossier.known(write.mark).data)


def _settle_number(tx: Transaction, conflict: Conflict, choice: int, reason: str) -> None:
    """One incident keeps the number, the other gets the next one of the centre whose number it was."""
    for index, side in enumerate(conflict.sides):
        incident = Incident.objects.get(pk=side["incident"])
        kept = Incident.objects.get(pk=conflict.sides[choice]["incident"])
        if index == choice or incident.number != kept.number:
            continue
        number = next_number(tx, incident.numbered_by)
        tx.record(
            IncidentRenumbered(
                incident=incident.pk, number=number.text, previous=incident.number, numbered_by=incident.numbered_by,
                origin=number.origin, year=number.year, serial=number.serial,
            )
        )  # fmt: skip


_SETTLE = {
    Conflict.Kind.FIELD: _settle_field,
    Conflict.Kind.COMMITMENT: _settle_commitment,
    Conflict.Kind.CLOSED: _settle_closed,
    Conflict.Kind.CALL: _settle_call,
    Conflict.Kind.MASTER: _settle_master,
    Conflict.Kind.NUMBER: _settle_number,
}
