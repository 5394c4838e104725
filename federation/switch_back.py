"""The way back: what is new goes home at once, what runs follows piece by piece, each taken by a person at home, and
the last one ends it. Everything runs at the node that holds the pieces; the word of those at home is forwarded there.
"""

from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from federation import agreements, mandates, pieces
from federation.entries.mandate import MandateReturned, MandateReturnStarted
from federation.models import Mandate
from federation.rules.mandates import CENTRE, COUNTY, Scope
from federation.take_over import OneScope
from incidents.models import Call, Incident
from incidents.services.roles import DISPATCH
from journal.actor import SYSTEM_ROLE
from journal.commands import Command, Refused, command
from journal.record import Transaction

GOING = frozenset({Mandate.State.HELD, Mandate.State.RETURNING})


@command("switch_back.start", roles=DISPATCH, about="scope")
def start(tx: Transaction, cmd: OneScope) -> dict[str, Any]:
    """Begin the way back; either side may. New calls and incidents go home from now on. Result: ``{"scope", "left":
    {"incidents", "calls"}}``. Refused ``not_held``, ``forbidden``, ``centre_unreachable``."""
    mandate = _held(cmd.scope)
    _must_lead(tx, mandate)
    _must_reach(mandate.centre_id)
    if mandate.state == Mandate.State.HELD:
        tx.record(MandateReturnStarted(scope=cmd.scope), term=mandate.term)
    return {"scope": cmd.scope, "left": _left(mandate)}


class OnePiece(Command):
    """See ``piece``: one of both is given."""

    incident: UUID | None = None
    call: UUID | None = None


@command("switch_back.piece", roles=DISPATCH, about="piece")
def piece(tx: Transaction, cmd: OnePiece) -> dict[str, Any]:
    """Somebody at home takes one incident or call back; their name under the entry is the receipt. The last piece ends
    a return that has begun.

    Refused ``invalid``, ``unknown_incident``, ``unknown_call``, ``already_home``, ``not_home`` (only the home may say
    so), ``incident_closed``, ``call_over``, ``centre_unreachable``.
    """
    if (cmd.incident is None) == (cmd.call is None):
        raise Refused("invalid", _("Bitte genau einen Einsatz oder Anruf angeben."))
    kind, ident = ("incident", cmd.incident) if cmd.incident else ("call", cmd.call)
    assert ident is not None
    home = mandates.home_of(Scope(kind, str(ident)))
    returning = mandates.lock(*_scopes_around(home))
    found = pieces.lock_one(kind, ident)
    if found is None:
        reason = _("Diesen Anruf gibt es nicht.") if kind == "call" else _("Diesen Einsatz gibt es nicht.")
        raise Refused(f"unknown_{kind}", reason)
    if found.centre == found.home:
        raise Refused("already_home", _("%s ist schon zuständig.") % found.home, holder=found.home)
    if kind == "incident" and found.state != Incident.State.OPEN:
        raise Refused("incident_closed", _("Dieser Einsatz ist bereits abgeschlossen."))
    if kind == "call" and found.state == Call.State.ENDED:
        raise Refused("call_over", _("Dieser Anruf ist schon beendet."))
    _must_be_home(tx, found.home)
    _must_reach(found.home)
    moved = pieces.Pieces([], [found]) if kind == "call" else pieces.Pieces([found], [])
    pieces.record(tx, moved, found.home, returned=True)
    finished = [
        scope
        for scope, mandate in sorted(returning.items())
        if mandate.state == Mandate.State.RETURNING and not any(_left(mandate).values())
    ]
    for scope in finished:
        tx.record(MandateReturned(scope=scope), term=returning[scope].term + 1)
    return {"home": found.home, "finished": finished}


@command("switch_back.all", roles=DISPATCH, about="scope")
def everything(tx: Transaction, cmd: OneScope) -> dict[str, Any]:
    """Take everything back at once, with one receipt, and end the return. Result: ``{"incidents", "calls"}``.
    Refused ``not_held``, ``not_home``, ``forbidden``, ``centre_unreachable``."""
    mandate = _held(cmd.scope)
    _must_lead(tx, mandate)
    home = mandate.centre_id
    _must_be_home(tx, home)
    _must_reach(home)
    found = pieces.lock(_scope(cmd.scope), mandate.holder_id, home=home)
    if mandate.state == Mandate.State.HELD:
        tx.record(MandateReturnStarted(scope=cmd.scope), term=mandate.term)
    pieces.record(tx, found, home, returned=True)
    tx.record(MandateReturned(scope=cmd.scope), term=mandate.term + 1)
    return {"incidents": len(found.incidents), "calls": len(found.calls)}


@command("switch_back.finish", roles=DISPATCH, about="scope")
def finish(tx: Transaction, cmd: OneScope) -> None:
    """End a return of which nothing is left. Refused ``not_held``, ``forbidden``, ``pieces_left`` {incidents,
    calls}: how many."""
    mandate = _held(cmd.scope)
    _must_lead(tx, mandate)
    left = _left(mandate)
    if any(left.values()):
        reason = _("Noch nicht zurück: %(incidents)d Einsätze, %(calls)d Anrufe.") % left
        raise Refused("pieces_left", reason, **left)
    tx.record(MandateReturned(scope=cmd.scope), term=mandate.term + 1)


def pieces_left(scope: str) -> dict[str, int]:
    """How many incidents and calls of a scope its holder still has; zeros where nobody holds it."""
    mandate = Mandate.objects.filter(pk=scope, state__in=GOING).first()
    return _left(mandate) if mandate else {"incidents": 0, "calls": 0}


def _left(mandate: Mandate) -> dict[str, int]:
    found = pieces.lock(_scope(mandate.scope), mandate.holder_id, home=mandate.centre_id)
    return {"incidents": len(found.incidents), "calls": len(found.calls)}


def _scope(text: str) -> Scope:
    scope = Scope.parse(text)
    assert scope is not None, text
    return scope


def _scopes_around(home: str) -> list[str]:
    """The mandates whose return may end with a piece of ``home``."""
    counties = Mandate.objects.filter(centre_id=home, state=Mandate.State.RETURNING, scope__startswith=COUNTY)
    return [f"{CENTRE}:{home}", *counties.values_list("scope", flat=True)]


def _held(scope: str) -> Mandate:
    mandate = mandates.lock(scope).get(scope)
    if mandate is None or mandate.state not in GOING:
        raise Refused("not_held", _("Das ist nicht übernommen: %s") % scope[:80], scope=scope[:80])
    return mandate


def _must_lead(tx: Transaction, mandate: Mandate) -> None:
    agreement = agreements.between(mandate.centre_id, mandate.holder_id)
    if not agreements.may_sign(tx.actor.roles, agreement) and SYSTEM_ROLE not in tx.actor.roles:
        raise Refused("forbidden", _("Eine Rückgabe zeichnet die Schichtführung."))


def _must_be_home(tx: Transaction, home: str) -> None:
    if tx.actor.centre not in {"", home} and SYSTEM_ROLE not in tx.actor.roles:
        raise Refused("not_home", _("Die Rückgabe quittiert, wer sie bekommt: %s.") % home, home=home)


def _must_reach(home: str) -> None:
    if not mandates.reachable(home):
        raise Refused("centre_unreachable", _("%s ist zurzeit nicht erreichbar.") % home, centre=home)
