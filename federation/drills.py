"""Drills: a take-over rehearsed on the running system, with the seconds that people and machines needed.

One centre asks, somebody at the partner accepts, and an exercise call of the first rings there as if the centre had
been taken over. It is marked as an exercise on every screen and counted in no figures.
"""

import threading
import time
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID, uuid5

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _
from pydantic import Field

from federation import nodes, reach
from federation.entries.drill import DrillAccepted, DrillAnswered, DrillFinished, DrillMeasured, DrillStarted
from federation.models import Drill, LinkState
from federation.secured import reached
from incidents.entries.call import CallEnded, CallReceived
from incidents.labels import EXERCISE_LINE
from incidents.models import Call
from incidents.selectors import live_calls, open_incidents, unit_views
from incidents.services.locks import lock_calls
from incidents.services.roles import DISPATCH, SYSTEM
from incidents.services.whereabouts import is_taken, known_centre
from journal.actor import system
from journal.commands import Command, Refused, command, execute
from journal.models import Entry
from journal.record import Transaction
from journal.tail import Stored, follow

NAMESPACE = UUID("3b6d5b86-0d58-4a4b-a1fd-2a5a8b9a6c77")
ACTOR = system("Übung")
LEADERS = frozenset({"shift_leader", "supervisor"})
FOLLOWED = frozenset({"drill.started", "drill.accepted", "call.answered"})
# So long the measuring waits for the partner's word that the first entry is on disk there.
SECURED_SECONDS = 2.0
# Once a quarter somebody drills; nobody's command should pay for watching it.
REST_SECONDS = 0.1


class StartDrill(Command):
    """See ``start``."""

    drill: UUID
    partner: str = Field(min_length=1, max_length=64)


@command("drill.start", roles=LEADERS)
def start(tx: Transaction, cmd: StartDrill) -> dict[str, Any]:
    """Ask the partner's room to rehearse a take-over of the actor's centre.

    Refused ``no_centre``, ``unknown_centre``, ``same_centre``, ``centre_unreachable`` (its line is not up),
    ``drill_running`` with which, ``drill_exists``.
    """
    centre = tx.actor.centre
    if not centre:
        raise Refused("no_centre", _("Dafür müssen Sie für eine Leitstelle angemeldet sein."))
    name = known_centre(cmd.partner)
    if centre == cmd.partner:
        raise Refused("same_centre", _("Eine Leitstelle kann nicht mit sich selbst üben."))
    if not reachable(cmd.partner):
        raise Refused("centre_unreachable", _("%s ist zurzeit nicht erreichbar.") % name, centre=cmd.partner)
    if is_taken(Drill, cmd.drill):
        raise Refused("drill_exists", _("Diese Übung gibt es schon."), drill=str(cmd.drill))
    running = Drill.objects.filter(centre=centre, finished_at=None).first()
    if running:
        raise Refused("drill_running", _("Es läuft schon eine Übung."), drill=str(running.pk))
    tx.record(DrillStarted(drill=cmd.drill, centre=centre, partner=cmd.partner))
    return {"drill": str(cmd.drill)}


def reachable(centre: str) -> bool:
    """Whether the node of ``centre`` is this one, or its line is up."""
    node = nodes.node_of(centre)
    return node == settings.LEITSTELLE_NODE or reach.line(node).up


class OneDrill(Command):
    """A command about one drill."""

    drill: UUID


@command("drill.accept", roles=DISPATCH)
def accept(tx: Transaction, cmd: OneDrill) -> dict[str, Any]:
    """The partner's room takes over, for practice: the exercise call rings there. Refused ``unknown_drill``,
    ``drill_over``, ``accepted_already``, ``not_yours`` for anybody but the partner."""
    drill = _locked(cmd.drill)
    if drill.accepted_at:
        reason = _("%s hat die Übung schon angenommen.") % drill.accepted_by
        raise Refused("accepted_already", reason, by=drill.accepted_by)
    if tx.actor.centre != drill.partner:
        raise Refused("not_yours", _("Diese Übung nimmt die Partnerleitstelle an."), centre=drill.partner)
    tx.record(DrillAccepted(drill=drill.pk))
    tx.record(CallReceived(call=drill.pk, centre=drill.partner, home=drill.centre, line=EXERCISE_LINE, rang_at=tx.at))
    return {"call": str(drill.pk)}


class AnswerDrill(Command):
    """See ``answer``."""

    drill: UUID
    at: Any
    by: str = Field(max_length=120)


@command("drill.answer", roles=SYSTEM)
def answer(tx: Transaction, cmd: AnswerDrill) -> None:
    """The exercise call was answered; given by the node itself when it sees that (``watch``)."""
    drill = Drill.objects.select_for_update(no_key=True).filter(pk=cmd.drill).first()
    if drill is not None and drill.answered_at is None:
        tx.record(DrillAnswered(drill=cmd.drill, at=cmd.at, by=cmd.by))


class Measured(Command):
    """See ``measured``."""

    drill: UUID
    rtt_ms: float | None = None
    secured_ms: float | None = None
    snapshot_ms: float | None = None


@command("drill.measured", roles=SYSTEM)
def measured(tx: Transaction, cmd: Measured) -> None:
    """What the machines needed; given by the node itself (``watch``)."""
    tx.record(DrillMeasured(**cmd.model_dump()))


class FinishDrill(Command):
    """See ``finish``."""

    drill: UUID
    note: str = Field(default="", max_length=300)


@command("drill.finish", roles=DISPATCH)
def finish(tx: Transaction, cmd: FinishDrill) -> dict[str, Any]:
    """The drill is over; one whose call was not answered counts as aborted. The exercise call ends with it.
    Refused ``unknown_drill``, ``drill_over``, ``not_yours`` for a third centre."""
    if tx.actor.centre not in {"", *Drill.objects.filter(pk=cmd.drill).values_list("centre", flat=True),
                               *Drill.objects.filter(pk=cmd.drill).values_list("partner", flat=True)}:  # fmt: skip
        raise Refused("not_yours", _("An dieser Übung ist Ihre Leitstelle nicht beteiligt."))
    call = lock_calls([cmd.drill]).get(cmd.drill)
    drill = _locked(cmd.drill)
    if call and call.state not in {Call.State.ENDED, Call.State.LOST}:
        tx.record(CallEnded(call=call.id, outcome="test"))
    tx.record(DrillFinished(drill=drill.pk, aborted=drill.answered_at is None, note=cmd.note))
    return {"drill": str(drill.pk), "aborted": drill.answered_at is None}


def _locked(ident: UUID) -> Drill:
    drill = Drill.objects.select_for_update(no_key=True).filter(pk=ident).first()
    if drill is None:
        raise Refused("unknown_drill", _("Diese Übung gibt es nicht."), drill=str(ident))
    if drill.finished_at:
        raise Refused("drill_over", _("Diese Übung ist beendet."), drill=str(ident))
    return drill


def run(stop: threading.Event) -> None:
    """Watch drills until ``stop``."""
    follow(f"drills:{settings.LEITSTELLE_NODE}", FOLLOWED, watch, stop, rest=REST_SECONDS)


def watch(batch: Sequence[Stored]) -> None:
    """Measure what a drill's entries show, and see its call answered. Every act has an id of its own, so that it is
    done once whichever node sees it first."""
    ringing = {str(pk) for pk in Drill.objects.filter(answered_at=None).values_list("pk", flat=True)}
    for stored in batch:
        _watch(stored, ringing)


def _watch(stored: Stored, ringing: set[str]) -> None:
    if stored.fact is None:
        return
    if stored.type == "call.answered" and stored.aggregate_id in ringing:
        data: Any = stored.fact.data
        _give("drill.answer", stored.aggregate_id, "answer", {"at": stored.fact.at.isoformat(), "by": data.user_name})
    elif stored.type == "drill.started" and stored.origin == settings.LEITSTELLE_NODE:
        _give("drill.measured", stored.aggregate_id, "asking", _line(stored))
    elif stored.type == "drill.accepted" and stored.origin == settings.LEITSTELLE_NODE:
        _give("drill.measured", stored.aggregate_id, "accepting", {"snapshot_ms": _snapshot_ms()})


def _give(name: str, drill: str, act: str, values: dict[str, Any]) -> None:
    execute(name, {"drill": drill, **values}, command_id=uuid5(NAMESPACE, f"{drill}:{act}"), actor=ACTOR)


def _line(started: Stored) -> dict[str, Any]:
    """The line's own time there and back, and how long the drill's first entry took to be on disk at the partner."""
    drill = Drill.objects.get(pk=started.aggregate_id)
    row = LinkState.objects.filter(node=settings.LEITSTELLE_NODE, peer=nodes.node_of(drill.partner)).first()
    if row is None:
        return {}
    stored_at = Entry.objects.values_list("stored_at", flat=True).get(pos=started.pos)
    secured = not row.shared and reached(started.pos, SECURED_SECONDS)
    waited = (timezone.now() - stored_at).total_seconds() * 1000
    return {"rtt_ms": row.rtt_ms, "secured_ms": round(waited, 1) if secured else None}


def _snapshot_ms() -> float:
    """Reading all that a console needs which has to show both centres at once."""
    began = time.monotonic()
    live_calls()
    open_incidents()
    unit_views()
    return round((time.monotonic() - began) * 1000, 1)


def drill_views(ids: Iterable[str | UUID] | None = None) -> dict[str, dict[str, Any] | None]:
    """DrillViews by id, newest first; of ``ids``, None for an unknown one. Finished ones stay: they are the report."""
    rows = Drill.objects.order_by("-started_at")
    if ids is None:
        return {str(row.pk): drill_view(row) for row in rows}
    wanted = [str(ident) for ident in ids]
    found = {str(row.pk): drill_view(row) for row in rows.filter(pk__in=wanted)}
    return {ident: found.get(ident) for ident in wanted}


def drill_view(row: Drill) -> dict[str, Any]:
    """One drill, with its seconds: ``to_accept`` from the request to the acceptance, ``to_answer`` from there to the
    first answered call, ``total`` of both; None where it did not get so far."""
    return {
        "id": str(row.pk), "centre": row.centre, "partner": row.partner, "call": str(row.pk),
        "started_at": row.started_at, "started_by": row.started_by, "accepted_at": row.accepted_at,
        "accepted_by": row.accepted_by, "answered_at": row.answered_at, "answered_by": row.answered_by,
        "finished_at": row.finished_at, "note": row.note, "aborted": bool(row.figures.get("aborted")),
        "seconds": {
            "to_accept": _seconds(row.started_at, row.accepted_at),
            "to_answer": _seconds(row.accepted_at, row.answered_at),
            "total": _seconds(row.started_at, row.answered_at),
        },
        "technical": {name: row.figures.get(name) for name in ("rtt_ms", "secured_ms", "snapshot_ms")},
    }  # fmt: skip


def _seconds(start_at: Any, end_at: Any) -> float | None:
    return round((end_at - start_at).total_seconds(), 1) if start_at and end_at else None


def drill_report(centre: str = "") -> dict[str, Any]:
    """All drills (of ``centre``) for a printed page, newest first, with how many were carried through and the median
    of their seconds."""
    views = [drill_view(row) for row in Drill.objects.exclude(finished_at=None).order_by("-started_at")]
    views = [view for view in views if not centre or centre in (view["centre"], view["partner"])]
    totals = sorted(view["seconds"]["total"] for view in views if view["seconds"]["total"] is not None)
    done = [view for view in views if not view["aborted"]]
    return {
        "drills": views, "carried_through": len(done), "aborted": len(views) - len(done),
        "median_seconds": totals[(len(totals) - 1) // 2] if totals else None, "at": timezone.now(),
    }  # fmt: skip
