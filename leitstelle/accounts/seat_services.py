"""Taking and leaving a seat."""

from uuid import UUID

from django.utils.translation import gettext as _

from journal.actor import SYSTEM_ROLE
from journal.commands import Command, Refused, command
from journal.record import Transaction
from leitstelle.accounts import roles
from leitstelle.accounts.models import User
from leitstelle.accounts.seats import oldest_session
from resources.entries import SeatLeft, SeatTaken
from resources.models import Seat, SeatSession

# Who may free a seat that somebody else left behind.
MAY_FREE = frozenset({roles.SHIFT_LEADER, roles.SUPERVISOR, SYSTEM_ROLE})


class TakeSeat(Command):
    """See ``take_seat``. ``session`` is made by the caller, so that a repeated command takes the same seat once."""

    session: UUID
    seat: str
    relieve: bool = False


class LeaveSeat(Command):
    """See ``leave_seat``."""

    session: UUID
    reason: str = ""


@command("seat.take", roles=roles.CONSOLE)
def take_seat(tx: Transaction, cmd: TakeSeat) -> dict[str, str]:
    """Sit down at a seat, for the person who acts. Whoever sits there is relieved only if ``relieve`` says so."""
    seat = Seat.objects.select_for_update(no_key=True).filter(pk=cmd.seat, active=True).first()
    if seat is None:
        raise Refused("unknown_seat", _("Diesen Platz gibt es nicht."))
    user = User.objects.filter(pk=tx.actor.id, active=True).first()
    if user is None or (user.centre and user.centre != seat.centre_id):
        raise Refused("foreign_seat", _("Dieser Platz gehört zu einer anderen Leitstelle."))
    for session in SeatSession.objects.filter(seat=seat, ended_at=None).order_by("began_at", "id"):
        expired = session.began_at <= oldest_session()
        if session.user_id != user.pk and not expired and not cmd.relieve:
            raise Refused(
                "seat_occupied",
                _("Hier sitzt %(name)s.") % {"name": session.user_name},
                by=session.user_name,
                since=session.began_at.isoformat(),
            )
        tx.record(SeatLeft(session=session.id, reason=_reason(session, user, expired)))
    tx.record(SeatTaken(session=cmd.session, seat=seat.id, user=user.pk, user_name=user.name, roles=sorted(user.roles)))
    return {"seat": seat.id, "centre": seat.centre_id}


@command("seat.leave", roles=roles.CONSOLE)
def leave_seat(tx: Transaction, cmd: LeaveSeat) -> None:
    """Leave a seat; a shift leader may also free somebody else's. Leaving twice is no fault."""
    session = SeatSession.objects.select_for_update(no_key=True).filter(pk=cmd.session).first()
    if session is None:
        raise Refused("unknown_session", _("Diese Platzbelegung gibt es nicht."))
    if str(session.user_id) != tx.actor.id and not tx.actor.roles & MAY_FREE:
        raise Refused("forbidden", _("Den Platz eines anderen gibt nur die Schichtführung frei."))
    if session.ended_at is None:
        tx.record(SeatLeft(session=session.id, reason=cmd.reason[:120]))


def _reason(session: SeatSession, user: User, expired: bool) -> str:
    if expired:
        return "Anmeldung abgelaufen"
    if session.user_id == user.pk:
        return "neu angemeldet"
    return f"abgelöst von {user.name}"
