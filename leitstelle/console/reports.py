"""What a console reads of the network one by one: a conflict that was decided, the report of all drills."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from federation import conflict_views, drills
from journal.actor import Actor
from journal.commands import Refused
from leitstelle.console.door import for_console, respond
from leitstelle.console.network import concerning


@require_GET
@for_console
def drill_page(request: HttpRequest, actor: Actor) -> HttpResponse:
    """The page for the printer: every drill of the actor's centre and the seconds it took."""
    page = render_to_string("federation/drills.html", drills.drill_report(actor.centre))
    return HttpResponse(page, headers={"Cache-Control": "no-store"})


@require_GET
@for_console
def conflict(request: HttpRequest, actor: Actor, conflict_id: UUID) -> HttpResponse:
    """One conflict, signed or not: who decided what, and why."""
    view = conflict_views.conflict_view(conflict_id)
    if view is None or not concerning({view["id"]: view}, actor.centre):
        raise Refused("not_found", _("Diesen Widerspruch gibt es nicht."))
    return respond(view)
