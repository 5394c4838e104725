"""What a console reads for a take-over and the way back, and the second signature under the first."""

from typing import Any

from django.contrib import auth
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_POST
from pydantic import Field

from federation import mandates, sheets, signatures
from journal.actor import Actor
from journal.commands import Command, Refused, parse
from leitstelle.accounts import failures, second
from leitstelle.accounts.models import User
from leitstelle.console.door import body_of, for_console, respond


@require_GET
@for_console
def sheet(request: HttpRequest, actor: Actor, scope: str) -> HttpResponse:
    """What whoever takes over ``scope`` must see at once: see ``federation.sheets.handover_sheet``."""
    return respond(sheets.handover_sheet(scope))


@require_GET
@for_console
def report(request: HttpRequest, actor: Actor, scope: str) -> HttpResponse:
    """The page for the printer: what was done while another centre held ``scope``."""
    try:
        return HttpResponse(sheets.return_page(scope), headers={"Cache-Control": "no-store"})
    except LookupError:
        raise Refused("not_found", _("Das ist nicht übernommen: %s") % scope[:80]) from None


class Countersign(Command):
    """See ``countersign``."""

    username: str = Field(max_length=60)
    password: str = Field(max_length=1_000)
    code: str = Field(default="", max_length=12)
    scope: str = Field(max_length=80)


@sensitive_post_parameters()
@require_POST
@for_console
def countersign(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Another person agrees to a take-over at the console of the first: ``{"token", "name"}`` for ``take_over.take``.

    A door like the log-in, and as hard: wrong passwords count. Refused ``wrong_password``, ``too_many``,
    ``wrong_code``, ``bad_signature`` (the same person), ``unknown_scope``.
    """
    wanted = parse(Countersign, body_of(request))
    mandates.scope_of(wanted.scope)
    if failures.too_many(failures.subject(wanted.username, request)):
        raise Refused("too_many", _("Zu viele Fehlversuche. Bitte warten Sie fünf Minuten."))
    user: Any = auth.authenticate(request, username=wanted.username, password=wanted.password)
    if not isinstance(user, User):
        raise Refused("wrong_password", _("Name oder Kennwort stimmt nicht."))
    if not second.accepts(user, wanted.code, request):
        raise Refused("wrong_code", _("Der Code des zweiten Faktors stimmt nicht oder fehlt."))
    if str(user.pk) == actor.id:
        raise Refused("bad_signature", _("Die zweite Unterschrift muss von einer anderen, berechtigten Person kommen."))
    signer = signatures.Signer(str(user.pk), user.name, user.centre, frozenset(user.roles))
    return respond({"token": signatures.sign(signer, wanted.scope), "name": user.name})
