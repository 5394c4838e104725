"""Agreements between centres: who stands in for whom, and what that needs."""

from collections.abc import Iterable
from typing import Any, Final

from django.utils.translation import gettext as _
from pydantic import ValidationError

from federation.entries.agreement import AgreementSaved
from federation.models import Agreement
from incidents.services.whereabouts import known_centre
from journal.commands import Command, Refused, command
from journal.record import Transaction

LEADERS: Final = frozenset({"shift_leader", "supervisor"})
DISPATCHER: Final = "dispatcher"


def between(centre: str, partner: str) -> Agreement | None:
    """By what ``partner`` stands in for ``centre``; None without an agreement in force."""
    return Agreement.objects.filter(centre_id=centre, partner_id=partner, active=True).order_by("id").first()


def partners(centre: str) -> list[str]:
    """Who stands in for ``centre``, by the agreements' ids."""
    rows = Agreement.objects.filter(centre_id=centre, active=True).order_by("id")
    return list(rows.values_list("partner_id", flat=True))


def may_sign(roles: frozenset[str], agreement: Agreement | None) -> bool:
    """Whether somebody with ``roles`` may put their name to a take-over."""
    return bool(roles & LEADERS) or (agreement is not None and agreement.dispatcher_may and DISPATCHER in roles)


class SaveAgreement(Command):
    """See ``save``. The fields are those of the entry."""

    id: str
    centre: str
    partner: str
    silent_seconds: int = 5
    signatures: int = 1
    dispatcher_may: bool = True
    automatic_seconds: int | None = None
    spill_seconds: int | None = None
    cost_key: str = ""
    note: str = ""
    active: bool = True


@command("agreement.save", roles=frozenset({"administrator"}))
def save(tx: Transaction, cmd: SaveAgreement) -> None:
    """Enter or change an agreement; both centres act by it within the second. Refused ``invalid``,
    ``unknown_centre``, ``same_centre``."""
    known_centre(cmd.centre)
    known_centre(cmd.partner)
    if cmd.centre == cmd.partner:
        raise Refused("same_centre", _("Eine Leitstelle steht nicht für sich selbst ein."))
    try:
        entry = AgreementSaved.model_validate(cmd.model_dump())
    except ValidationError:
        raise Refused("invalid", _("Die Eingabe ist unvollständig oder falsch.")) from None
    tx.record(entry)


def views(ids: Iterable[str] | None = None) -> dict[str, dict[str, Any] | None]:
    """The agreements in force as consoles hold them, by id; of the ids asked for, one that is not in force is None."""
    rows = Agreement.objects.filter(active=True).order_by("id")
    result: dict[str, dict[str, Any] | None] = {}
    if ids is not None:
        result = dict.fromkeys(ids)
        rows = rows.filter(pk__in=result)
    for row in rows:
        result[row.id] = {
            "id": row.id, "centre": row.centre_id, "partner": row.partner_id, "silent_seconds": row.silent_seconds,
            "signatures": row.signatures, "dispatcher_may": row.dispatcher_may,
            "automatic_seconds": row.automatic_seconds, "spill_seconds": row.spill_seconds,
        }  # fmt: skip
    return result
