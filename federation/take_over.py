"""Taking over for another centre: the whole of it, a county, one incident, one call.

While both are well one asks and the other agrees; the giver's own node then hands its things over, under its own locks.
Alone, when the other has been silent for as long as the agreement says, the taker records the same itself.
"""

from typing import Any, Final, Literal
from uuid import UUID

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _
from pydantic import Field

from federation import agreements, mandates, nodes, pieces, reach, signatures
from federation.entries.mandate import (
    MandateAccepted,
    MandateDeclined,
    MandateRequested,
    MandateTaken,
    Signature,
)
from federation.models import Agreement, Mandate
from federation.rules.mandates import CALL, Scope
from incidents.services.roles import DISPATCH
from incidents.services.whereabouts import known_centre
from journal.actor import SYSTEM_ROLE, Actor
from journal.commands import Command, Refused, command
from journal.record import Transaction

OVER: Final = frozenset({"closed", "merged", "ended"})


class Request(Command):
    """See ``request``."""

    scope: str = Field(max_length=80)
    partner: str = Field(default="", max_length=64)
    reason: str = Field(default="", max_length=200)


@command("take_over.request", roles=DISPATCH)
def request(tx: Transaction, cmd: Request) -> dict[str, Any]:
    """Ask for a take-over: by those who answer for the scope ("please take us": ``partner``, else the first of their
    agreements, is asked), or by a partner ("may we take you": those who answer for it are asked).

    Refused ``unknown_scope``, ``forbidden``, ``already_taken``, ``no_agreement``, ``unknown_centre``.
    """
    scope = mandates.scope_of(cmd.scope)
    me, acting = here_for(tx.actor), mandates.acting(cmd.scope)
    mandate = mandates.lock(cmd.scope).get(cmd.scope)
    _refuse_held(mandate)
    if me == acting:
        taker = asked = cmd.partner or next(iter(agreements.partners(me)), "")
        if not taker or taker == me:
            raise Refused("no_agreement", _("Es gibt keine Vereinbarung, nach der eine andere Leitstelle einsteht."))
        known_centre(taker)
    else:
        taker, asked = me, acting
    _must_sign(tx.actor, agreements.between(acting, taker))
    home = mandates.home_of(scope)
    tx.record(
        MandateRequested(scope=cmd.scope, centre=home, holder=taker, asked=asked, reason=cmd.reason),
        term=mandate.term if mandate else 1,
    )
    return {"scope": cmd.scope, "asked": asked, "holder": taker}


class OneScope(Command):
    """A command about a scope, and nothing more."""

    scope: str = Field(max_length=80)


@command("take_over.accept", roles=DISPATCH, about="scope")
def accept(tx: Transaction, cmd: OneScope) -> dict[str, Any]:
    """Agree to what was asked. Runs at the giver's node, which hands over what it answers for. Result: as ``take``.

    Refused ``not_requested``, ``not_asked``, ``forbidden``.
    """
    scope = mandates.scope_of(cmd.scope)
    mandate = _requested(cmd.scope)
    if tx.actor.centre not in {"", mandate.partner}:
        raise Refused("not_asked", _("Gefragt ist %s.") % mandate.partner, asked=mandate.partner)
    giver, taker = mandates.acting(cmd.scope), mandate.holder_id
    _must_sign(tx.actor, agreements.between(giver, taker))
    asking = Signature(name=mandate.requested_by, centre=giver if mandate.partner == taker else taker)
    tx.record(MandateAccepted(scope=cmd.scope), term=mandate.term)
    taken = MandateTaken(
        scope=cmd.scope, centre=mandate.centre_id, holder=taker, reason=mandate.reason,
        signatures=[asking, _signature(tx.actor)],
    )  # fmt: skip
    return _transfer(tx, scope, giver, taken, mandate.term + 1)


class Decline(Command):
    """See ``decline``."""

    scope: str = Field(max_length=80)
    reason: str = Field(default="", max_length=200)


@command("take_over.decline", roles=DISPATCH, about="scope")
def decline(tx: Transaction, cmd: Decline) -> None:
    """Turn down what was asked, or take back what one has asked. Refused ``not_requested``, ``forbidden``."""
    mandate = _requested(cmd.scope)
    _must_sign(tx.actor, agreements.between(mandate.centre_id, mandate.holder_id))
    tx.record(MandateDeclined(scope=cmd.scope, reason=cmd.reason), term=mandate.term)


class Take(Command):
    """See ``take``. ``second``: the second signature, where the agreement asks for two (``federation.signatures``)."""

    scope: str = Field(max_length=80)
    reason: str = Field(default="", max_length=200)
    second: str = Field(default="", max_length=2_000)


@command("take_over.take", roles=DISPATCH)
def take(tx: Transaction, cmd: Take) -> dict[str, Any]:
    """Take over without the other's word, because it is silent. Runs here and now, in one command.

    Result: ``{"scope", "holder", "term", "calls": ids of those that ring, "incidents", "units", "owed"}`` (numbers;
    owed: alarms without receipt). Refused ``unknown_scope``, ``own_centre``, ``no_agreement``, ``forbidden``,
    ``not_silent`` {silent_seconds, needed}, ``needs_second``, ``bad_signature``, ``already_taken``.
    """
    scope = mandates.scope_of(cmd.scope)
    if not scope.lasting:
        raise Refused("unknown_scope", _("Das lässt sich nicht übernehmen: %s") % cmd.scope, scope=cmd.scope)
    me, home = here_for(tx.actor), mandates.home_of(scope)
    signed, silent = _grounds(tx.actor, me, home, cmd.scope, cmd.second)
    mandate = mandates.lock(cmd.scope).get(cmd.scope)
    _refuse_held(mandate)
    taken = MandateTaken(
        scope=cmd.scope, centre=home, holder=me, reason=cmd.reason, alone=True, silent_seconds=silent,
        signatures=signed,
    )  # fmt: skip
    return _transfer(tx, scope, home, taken, (mandate.term if mandate else 1) + 1)


class TakeIncident(Command):
    """See ``take_incident``."""

    incident: UUID
    second: str = Field(default="", max_length=2_000)


@command("take_over.incident", roles=DISPATCH)
def take_incident(tx: Transaction, cmd: TakeIncident) -> dict[str, Any]:
    """Take over one incident of a silent centre. Refused as ``take``, and ``unknown_incident``, ``incident_closed``."""
    return _take_one(tx, "incident", cmd.incident, cmd.second)


class TakeCall(Command):
    """See ``take_call``."""

    call: UUID
    second: str = Field(default="", max_length=2_000)


@command("take_over.call", roles=DISPATCH)
def take_call(tx: Transaction, cmd: TakeCall) -> dict[str, Any]:
    """Take over one call of a silent centre. Refused as ``take``, and ``unknown_call``, ``call_over``."""
    return _take_one(tx, "call", cmd.call, cmd.second)


def _take_one(tx: Transaction, kind: Literal["incident", "call"], ident: UUID, second: str) -> dict[str, Any]:
    me, scope = here_for(tx.actor), f"{kind}:{ident}"
    giver = mandates.acting(scope)
    if not giver:
        reason = _("Diesen Anruf gibt es nicht.") if kind == CALL else _("Diesen Einsatz gibt es nicht.")
        raise Refused(f"unknown_{kind}", reason)
    _grounds(tx.actor, me, giver, scope, second)
    return _move_one(tx, kind, ident, me)


def _move_one(tx: Transaction, kind: str, ident: UUID, to: str) -> dict[str, Any]:
    piece = pieces.lock_one(kind, ident)
    if piece is None or piece.state in OVER:
        over = _("Dieser Anruf ist schon beendet.") if kind == CALL else _("Dieser Einsatz ist bereits abgeschlossen.")
        raise Refused("call_over" if kind == CALL else "incident_closed", over)
    if piece.centre == to:
        raise Refused("already_taken", _("%s ist schon zuständig.") % to, holder=to)
    found = pieces.Pieces([], [piece]) if kind == CALL else pieces.Pieces([piece], [])
    return pieces.record(tx, found, to) | {"scope": f"{kind}:{ident}", "holder": to, "term": piece.term + 1}


def _transfer(tx: Transaction, scope: Scope, giver: str, taken: MandateTaken, term: int) -> dict[str, Any]:
    """Record the hand-over of everything that ``giver`` answers for of ``scope``, and the mandate for what comes."""
    if not scope.lasting:
        return _move_one(tx, scope.kind, UUID(scope.ident), taken.holder)
    found = pieces.lock(scope, giver)
    sums = pieces.record(tx, found, taken.holder)
    counted = {"incidents": len(found.incidents), "calls": len(found.calls)}
    tx.record(taken.model_copy(update=counted), term=term)
    return sums | {"scope": str(scope), "holder": taken.holder, "term": term}


def here_for(actor: Actor) -> str:
    """The centre in whose name ``actor`` takes over at this node: their own if it is at home here. A colleague whose
    own node is gone sits at this one as a guest and signs for it."""
    own: list[str] = settings.LEITSTELLE_CENTRES
    return actor.centre if actor.centre in own else own[0]


def silence(centre: str) -> float | None:
    """For how many seconds nothing was heard of the node of ``centre``: 0 while it speaks or is this one; None if
    nothing ever was."""
    node = nodes.node_of(centre)
    line = reach.line(node)
    if node in {"", settings.LEITSTELLE_NODE} or line.up:
        return 0.0
    return line.silent_seconds(timezone.now())


def _grounds(actor: Actor, me: str, centre: str, scope: str, second: str) -> tuple[list[Signature], float | None]:
    """By what right ``actor`` takes over from ``centre`` alone: the signatures, and the seconds of silence."""
    if me == centre:
        raise Refused("own_centre", _("Das ist die eigene Leitstelle."))
    agreement = agreements.between(centre, me)
    if agreement is None:
        raise Refused("no_agreement", _("Es gibt keine Vereinbarung, nach der eine andere Leitstelle einsteht."))
    automatic = SYSTEM_ROLE in actor.roles
    signed = [] if automatic else _signed(actor, agreement, scope, second)
    needed = agreement.automatic_seconds if automatic else agreement.silent_seconds
    silent = silence(centre)
    if needed is None or (silent is not None and silent < needed):
        reason = _("%(centre)s meldet sich noch: zuletzt vor %(silent)d s, nötig sind %(needed)d s Stille.")
        values = {"centre": centre, "silent": silent or 0, "needed": needed or 0}
        raise Refused("not_silent", reason % values, silent_seconds=silent, needed=needed)
    return signed, silent


def _signed(actor: Actor, agreement: Agreement, scope: str, second: str) -> list[Signature]:
    _must_sign(actor, agreement)
    signed = [_signature(actor)]
    if agreement.signatures < 2:
        return signed
    if not second:
        raise Refused("needs_second", _("Die Vereinbarung verlangt eine zweite Unterschrift."), signatures=2)
    other = signatures.read(second, scope)
    if other.id == actor.id or not agreements.may_sign(other.roles, agreement):
        raise Refused("bad_signature", _("Die zweite Unterschrift muss von einer anderen, berechtigten Person kommen."))
    return [*signed, Signature(id=other.id, name=other.name, centre=other.centre)]


def _signature(actor: Actor) -> Signature:
    return Signature(id=actor.id, name=actor.name, centre=actor.centre)


def _must_sign(actor: Actor, agreement: Agreement | None) -> None:
    if not agreements.may_sign(actor.roles, agreement) and SYSTEM_ROLE not in actor.roles:
        raise Refused("forbidden", _("Eine Übernahme zeichnet die Schichtführung."))


def _requested(scope: str) -> Mandate:
    mandate = mandates.lock(scope).get(scope)
    if mandate is None or mandate.state != Mandate.State.REQUESTED:
        raise Refused("not_requested", _("Hierfür ist keine Übernahme erbeten."))
    return mandate


def _refuse_held(mandate: Mandate | None) -> None:
    if mandate is not None and mandate.state in {Mandate.State.HELD, Mandate.State.RETURNING}:
        reason = _("%s ist schon zuständig.") % mandate.holder_id
        raise Refused("already_taken", reason, holder=mandate.holder_id, state=mandate.state)
