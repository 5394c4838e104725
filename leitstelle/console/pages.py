"""The console's page. One page for all panels; what it shows comes by snapshot and socket."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from leitstelle.accounts import roles, seats

# Panels that open in a window of their own; the names of static/console/app.js.
PANELS = frozenset({"queue", "incidents", "work", "proposal", "board", "map"})


@require_safe
def console(request: HttpRequest) -> HttpResponse:
    """The whole console, or with ``?panel=map`` one panel. Without a seat: to the log-in, and back here after it."""
    actor = seats.actor_of(request.COOKIES.get(seats.COOKIE, ""))
    if actor is None or not actor.roles & roles.CONSOLE:
        return redirect(f"/login/?next={request.path}")
    panel = request.GET.get("panel", "")
    return render(request, "console/console.html", {"panel": panel if panel in PANELS else ""})
