"""Calls: arrive, are answered by exactly one, held, handed on, noted, attached, ended, called back."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils.translation import gettext as _
from pydantic import AwareDatetime, Field

from incidents import network
from incidents.entries import call as entries
from incidents.entries.incident import IncidentCallAttached
from incidents.entries.responsibility import CallHandedOver
from incidents.labels import CALL_OUTCOMES
from incidents.models import Call, TimerRule
from incidents.rules.clock import believed, far_off
from incidents.rules.phone import normalised
from incidents.rules.thresholds import seconds_for
from incidents.services.locks import LockedCall, lock_call, lock_open_incident, timer_rules
from incidents.services.roles import CONSOLE, TELEPHONY
from incidents.services.whereabouts import is_taken, known_centre, locate
from journal.commands import Command, Refused, command
from journal.record import Transaction
from resources.entries import Spot
from resources.models import Seat

# A quarter of the way round the earth: what is more uncertain than that is no position.
MAX_ACCURACY_M = 10_000_000
OVER = {Call.State.ENDED, Call.State.LOST}


class Fix(Command):
    """A position with the radius of its uncertainty in metres."""

    lon: float = Field(ge=-180, le=180)
    lat: float = Field(ge=-90, le=90)
    accuracy_m: float | None = Field(default=None, ge=0, le=MAX_ACCURACY_M)


class ReceiveCall(Command):
    """See ``receive``."""

    call: UUID
    centre: str = Field(default="", max_length=64)
    line: str = Field(default="112", min_length=1, max_length=20)
    number: str = Field(default="", max_length=40)
    rang_at: AwareDatetime | None = None
    position: Fix | None = None


@command("call.receive", roles=TELEPHONY | CONSOLE, about="centre")
def receive(tx: Transaction, cmd: ReceiveCall) -> dict[str, Any]:
    """A call rings. Its home is the centre of the caller's county, else the one whose line it is, else this node's;
    who answers for it is whoever stands in for that one, or this node where nobody else can be reached: a call is
    never refused for want of a line.

    A telephone system's clock that is off by more than five minutes is not believed; what it said is kept. Refused
    ``call_exists``, ``unknown_centre``.
    """
    if is_taken(Call, cmd.call):
        raise Refused("call_exists", _("Dieser Anruf ist bereits gemeldet."), call=str(cmd.call))
    match = locate(cmd.position.lon, cmd.position.lat, anyway=True) if cmd.position else None
    home = (match.centre if match else None) or cmd.centre or tx.actor.centre or settings.LEITSTELLE_CENTRES[0]
    known_centre(home)
    rang_at = believed(cmd.rang_at, tx.at) or tx.at
    wrong = cmd.rang_at if cmd.rang_at and far_off(cmd.rang_at, tx.at) else None
    county = match.county if match else None
    duty = network.duty(home, county)
    tx.record(
        entries.CallReceived(
            call=cmd.call, centre=duty.centre, home=home, line=cmd.line, rang_at=rang_at, reported_at=wrong,
            number=normalised(cmd.number), spot=_spot(cmd.position), county=county,
            accuracy_m=cmd.position.accuracy_m if cmd.position else None,
            wait_seconds=seconds_for(timer_rules(), TimerRule.Kind.CALL_WAITING, county=county),
            spill_to=duty.spill_to, spill_seconds=duty.spill_seconds,
        )
    )  # fmt: skip
    return {"call": str(cmd.call), "centre": duty.centre, "county": county}


class LocateCall(Command):
    """See ``locate_call``."""

    call: UUID
    lon: float = Field(ge=-180, le=180)
    lat: float = Field(ge=-90, le=90)
    accuracy_m: float | None = Field(default=None, ge=0, le=MAX_ACCURACY_M)
    source: str = Field(default="", max_length=40)


@command("call.locate", roles=TELEPHONY | CONSOLE, about="call")
def locate_call(tx: Transaction, cmd: LocateCall) -> dict[str, Any]:
    """The caller's position arrived or became better. A caller may stand anywhere: nothing is refused."""
    lock_call(cmd.call)
    match = locate(cmd.lon, cmd.lat, anyway=True)
    county = match.county if match else None
    spot = Spot(lon=cmd.lon, lat=cmd.lat)
    tx.record(
        entries.CallLocated(call=cmd.call, spot=spot, accuracy_m=cmd.accuracy_m, county=county, source=cmd.source)
    )
    return {"county": county}


class OneCall(Command):
    """A command about a call, and nothing more."""

    call: UUID


@command("call.answer", roles=CONSOLE, about="call")
def answer(tx: Transaction, cmd: OneCall) -> dict[str, Any]:
    """Take the call. Of two who press at once one gets it; the other is refused ``taken`` and told who has it. From a
    seat of another centre (it rang there too) the call goes to that centre with it."""
    seat = _own_seat(tx)
    call = lock_call(cmd.call)
    if call.state in {Call.State.ANSWERED, Call.State.HELD} and call.seat != seat:
        reason = _("%(by)s (Platz %(seat)s) hat den Anruf schon.") % {"by": call.user_name, "seat": call.seat}
        raise Refused("taken", reason, by=call.user_name, seat=call.seat)
    _refuse_over(call)
    if call.state != Call.State.ANSWERED:
        term = _bring_along(tx, call)
        tx.record(entries.CallAnswered(call=cmd.call, seat=seat, user_name=tx.actor.name), term=term)
    return {"call": str(cmd.call), "seat": seat}


def _bring_along(tx: Transaction, call: LockedCall) -> int:
    """Whoever answers, their centre answers for the call from then on (or who stands in for that centre). Returns the
    call's term."""
    term: int = Call.objects.values_list("term", flat=True).get(pk=call.id)
    if tx.actor.centre in {"", call.centre}:
        return term
    to = network.duty(tx.actor.centre).centre
    if to == call.centre:
        return term
    tx.record(CallHandedOver(call=call.id, centre=to), term=term + 1)
    return term + 1


@command("call.hold", roles=CONSOLE, about="call")
def hold(tx: Transaction, cmd: OneCall) -> None:
    """Put the call on hold; one that is held already stays so. Refused ``not_talking``, ``not_yours``."""
    call = _own_call(tx, cmd.call)
    if call.state != Call.State.HELD:
        tx.record(entries.CallHeld(call=cmd.call))


@command("call.resume", roles=CONSOLE, about="call")
def resume(tx: Transaction, cmd: OneCall) -> None:
    """Go on with a held call. Refused ``not_talking``, ``not_yours``."""
    call = _own_call(tx, cmd.call)
    if call.state == Call.State.HELD:
        tx.record(entries.CallAnswered(call=cmd.call, seat=_own_seat(tx), user_name=tx.actor.name))


class HandCall(Command):
    """See ``hand``."""

    call: UUID
    seat: str = Field(min_length=1, max_length=64)


@command("call.hand", roles=CONSOLE, about="call")
def hand(tx: Transaction, cmd: HandCall) -> None:
    """Hand the call to a colleague, at whose seat it rings. Refused ``unknown_seat``, ``not_yours``."""
    call = _own_call(tx, cmd.call)
    if not Seat.objects.filter(pk=cmd.seat, active=True).exists():
        raise Refused("unknown_seat", _("Diesen Platz gibt es nicht: %s") % cmd.seat, seat=cmd.seat)
    seconds = seconds_for(timer_rules(), TimerRule.Kind.CALL_WAITING, county=call.county)
    tx.record(entries.CallHanded(call=cmd.call, seat=cmd.seat, wait_seconds=seconds))


class EndCall(Command):
    """See ``end``."""

    call: UUID
    outcome: str = ""


@command("call.end", roles=CONSOLE, about="call")
def end(tx: Transaction, cmd: EndCall) -> None:
    """The conversation is over; a call that is over already stays as it ended. Refused ``not_yours``."""
    if cmd.outcome not in CALL_OUTCOMES:
        raise Refused("unknown_outcome", _("Dieses Ergebnis gibt es nicht: %s") % cmd.outcome[:40])
    call = lock_call(cmd.call)
    if call.state in OVER:
        return
    _refuse_foreign(tx, call)
    tx.record(entries.CallEnded(call=cmd.call, outcome=cmd.outcome))


@command("call.lose", roles=TELEPHONY, about="call")
def lose(tx: Transaction, cmd: OneCall) -> dict[str, Any]:
    """The caller hung up: while ringing the call is lost and wants a call-back, in conversation it just ends."""
    call = lock_call(cmd.call)
    if call.state in OVER:
        return {"state": call.state}
    if call.state == Call.State.RINGING and call.incident is None:
        tx.record(entries.CallLost(call=cmd.call))
        return {"state": Call.State.LOST.value}
    tx.record(entries.CallEnded(call=cmd.call, outcome="hung_up" if call.incident is None else ""))
    return {"state": Call.State.ENDED.value}


class CalledBack(Command):
    """See ``called_back``."""

    call: UUID
    reached: bool


@command("call.called_back", roles=CONSOLE, about="call")
def called_back(tx: Transaction, cmd: CalledBack) -> None:
    """Somebody called a lost caller back. Refused ``not_lost``, ``called_back_already``."""
    call = lock_call(cmd.call)
    if call.state != Call.State.LOST:
        raise Refused("not_lost", _("Dieser Anruf ist nicht verloren gegangen."))
    if call.called_back_at:
        raise Refused("called_back_already", _("Dieser Anrufer wurde schon zurückgerufen."))
    tx.record(entries.CallCalledBack(call=cmd.call, reached=cmd.reached, user_name=tx.actor.name))


class NoteCall(Command):
    """See ``note``. What is not given stays as it is."""

    call: UUID
    note: str | None = Field(default=None, max_length=5_000)
    caller_name: str | None = Field(default=None, max_length=120)


@command("call.note", roles=CONSOLE, about="call")
def note(tx: Transaction, cmd: NoteCall) -> None:
    """Keep what was typed so far; also after the call."""
    call = lock_call(cmd.call)
    text = call.note if cmd.note is None else cmd.note
    name = call.caller_name if cmd.caller_name is None else cmd.caller_name
    if (text, name) != (call.note, call.caller_name):
        tx.record(entries.CallNoted(call=cmd.call, note=text, caller_name=name))


class AttachCall(Command):
    """See ``attach``."""

    call: UUID
    incident: UUID


@command("call.attach", roles=CONSOLE, about="call")
def attach(tx: Transaction, cmd: AttachCall) -> dict[str, Any]:
    """The call is about this open incident. Attaching it again to the same one changes nothing."""
    incident = lock_open_incident(cmd.incident)
    call = lock_call(cmd.call)
    if call.incident != cmd.incident:
        record_attachment(tx, call, cmd.incident)
    return {"incident": str(cmd.incident), "number": incident.number}


def record_attachment(tx: Transaction, call: LockedCall, incident: UUID, *, first: bool = False) -> None:
    """Record, on both sides, that ``call`` (locked) belongs to ``incident`` (locked)."""
    tx.record(entries.CallAttached(call=call.id, incident=incident))
    tx.record(IncidentCallAttached(incident=incident, call=call.id, number=call.number, first=first))


def _own_seat(tx: Transaction) -> str:
    if not tx.actor.seat:
        raise Refused("no_seat", _("Dafür müssen Sie an einem Platz angemeldet sein."))
    return tx.actor.seat


def _own_call(tx: Transaction, ident: UUID) -> LockedCall:
    call = lock_call(ident)
    _refuse_over(call)
    if call.state == Call.State.RINGING:
        raise Refused("not_talking", _("Der Anruf ist noch nicht angenommen."))
    _refuse_foreign(tx, call)
    return call


def _refuse_over(call: LockedCall) -> None:
    if call.state in OVER:
        raise Refused("call_over", _("Dieser Anruf ist schon beendet."), state=call.state)


def _refuse_foreign(tx: Transaction, call: LockedCall) -> None:
    """A call in conversation is its dispatcher's; the shift leader may step in."""
    talking = call.state in {Call.State.ANSWERED, Call.State.HELD}
    if talking and call.seat != tx.actor.seat and "shift_leader" not in tx.actor.roles:
        reason = _("%(by)s (Platz %(seat)s) führt dieses Gespräch.") % {"by": call.user_name, "seat": call.seat}
        raise Refused("not_yours", reason, by=call.user_name, seat=call.seat)


def _spot(fix: Fix | None) -> Spot | None:
    return Spot(lon=fix.lon, lat=fix.lat) if fix else None
