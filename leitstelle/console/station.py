"""The page on the wall of a station: what its units are alarmed to, large, with a button that confirms it.

The first visit carries the station's key in its address; it moves into a cookie at once, because addresses end up in
histories and logs. Without scripts the page reloads itself; with them it asks every two seconds.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from federation.forwarding import execute
from incidents.selectors.stations import station_alarms, stations_of
from journal.actor import Actor
from leitstelle.accounts.keys import actor_of_plain_key
from leitstelle.accounts.roles import STATION
from resources.models import Station

COOKIE = "station"
COOKIE_DAYS = 365
RECEIPT_NAMESPACE = UUID("5b0f6a52-93c1-4a44-9c4e-0d3f7a1e2b90")

StationView = Callable[[HttpRequest, str, Actor], HttpResponse]


def for_station(view: StationView) -> Callable[[HttpRequest, str], HttpResponse]:
    """Admit screens that have a key with the role of a station. Raises PermissionDenied."""

    def admitted(request: HttpRequest, station: str) -> HttpResponse:
        actor = actor_of_plain_key(request.COOKIES.get(COOKIE, ""))
        if actor is None or STATION not in actor.roles:
            raise PermissionDenied(_("Diese Seite öffnet sich mit dem Schlüssel der Wache: /station/…/?key=…"))
        get_object_or_404(stations_of(actor.centre), pk=station)
        return view(request, station, actor)

    return admitted


@require_safe
def page(request: HttpRequest, station: str) -> HttpResponse:
    """The whole page; ``?key=`` is put into a cookie and taken out of the address."""
    key = request.GET.get("key")
    if key is None:
        return _page(request, station)
    answer = redirect("station", station)
    answer.set_cookie(
        COOKIE,
        key,
        max_age=COOKIE_DAYS * 86_400,
        path="/station/",
        secure=settings.HTTPS,
        httponly=True,
        samesite="Strict",
    )
    return answer


@for_station
def _page(request: HttpRequest, station: str, actor: Actor) -> HttpResponse:
    return render(request, "station/page.html", _context(station))


@require_safe
def alarms(request: HttpRequest, station: str) -> HttpResponse:
    """The part of the page that changes."""
    return _alarms(request, station)


@for_station
def _alarms(request: HttpRequest, station: str, actor: Actor) -> HttpResponse:
    answer = render(request, "station/alarms.html", _context(station))
    answer["Cache-Control"] = "no-store"
    return answer


@require_POST
def receipt(request: HttpRequest, station: str) -> HttpResponse:
    """The crew has read the alarm. Pressed twice is once."""
    return _receipt(request, station)


@for_station
def _receipt(request: HttpRequest, station: str, actor: Actor) -> HttpResponse:
    delivery = request.POST.get("delivery", "")[:36]
    if delivery not in {alarm["delivery"] for alarm in station_alarms(station)}:
        raise PermissionDenied(_("Dieser Alarm gehört nicht zu dieser Wache oder ist schon beendet."))
    command_id = uuid5(RECEIPT_NAMESPACE, f"{actor.key}|{delivery}")
    answer = execute("incident.receipt", {"delivery": delivery}, command_id=command_id, actor=actor)
    if "refused" in answer:
        raise PermissionDenied(answer["reason"])
    return redirect("station", station)


def _context(station: str) -> dict[str, Any]:
    row = get_object_or_404(Station, pk=station, active=True)
    return {"station": row, "alarms": [_dated(alarm) for alarm in station_alarms(station)], "now": timezone.now()}


def _dated(alarm: dict[str, Any]) -> dict[str, Any]:
    """The alarm with times that a template can format."""
    times = {name: alarm[name] and datetime.fromisoformat(alarm[name]) for name in ("alarmed_at", "receipted_at")}
    return alarm | times
