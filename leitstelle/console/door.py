"""The console's HTTP: commands in, pictures and look-ups out. Always JSON, always an actor, never a traceback."""

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any
from uuid import UUID, uuid4

import orjson
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST
from kombu.exceptions import OperationalError
from pydantic import Field

from federation.forwarding import execute
from incidents import proposal as proposals
from incidents import selectors as incident_selectors
from incidents.run_sheet import run_sheet
from incidents.tasks import print_run_sheet
from journal.actor import Actor
from journal.commands import Command, Refused, parse
from journal.models import Chain
from journal.record import head
from leitstelle.accounts import roles, seats
from leitstelle.console import crossing, master, picture
from leitstelle.console.search import search_all

MAX_BODY_BYTES = 65_536
STATUS = {"invalid": 422, "forbidden": 403, "unknown_command": 404, "not_found": 404, "unauthenticated": 401}
# In doubt: the same command again, under the same id, is what every client does on 503.
STATUS |= {"malformed": 400, "too_large": 413, "in_doubt": 503}

View = Callable[..., HttpResponse]


def respond(value: Any, status: int = 200) -> HttpResponse:
    body = value if isinstance(value, bytes) else picture.encoded(value)
    return HttpResponse(body, status=status, content_type="application/json", headers={"Cache-Control": "no-store"})


def refuse(answer: dict[str, Any]) -> HttpResponse:
    return respond(answer, STATUS.get(answer["refused"], 409))


def for_console(view: Callable[[HttpRequest, Actor], HttpResponse] | Callable[..., HttpResponse]) -> View:
    """Admit people at a seat; refusals raised inside become JSON with the matching status.

    Cross-site requests are kept out by the cookie (SameSite=Strict) and, for POST, by a header that no foreign form
    can set, so Django's own token is not needed here. Consoles of other nodes name their token (see ``crossing``).
    """

    @csrf_exempt
    @wraps(view)
    def admitted(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        actor = seats.actor_of_request(request)
        try:
            if actor is None:
                raise Refused("unauthenticated", _("Bitte melden Sie sich an."))
            if not actor.roles & roles.CONSOLE:
                raise Refused("forbidden", _("Dafür fehlt Ihnen die Berechtigung."))
            if request.method == "POST" and request.headers.get("X-Leitstelle") != "1":
                raise Refused("forbidden", _("Diese Anfrage kommt nicht von der Konsole."))
            return view(request, actor, *args, **kwargs)
        except Refused as refusal:
            return refuse(refusal.to_json())

    return admitted


def body_of(request: HttpRequest) -> dict[str, Any]:
    """The JSON object in the body. Raises Refused."""
    if int(request.META.get("CONTENT_LENGTH") or 0) > MAX_BODY_BYTES:
        raise Refused("too_large", _("Die Eingabe ist zu groß."), limit=MAX_BODY_BYTES)
    try:
        value = orjson.loads(request.body)
    except orjson.JSONDecodeError:
        raise Refused("malformed", _("Die Anfrage ist kein gültiges JSON.")) from None
    if not isinstance(value, dict):
        raise Refused("malformed", _("Die Anfrage ist kein JSON-Objekt."))
    return value


@require_POST
@for_console
def command(request: HttpRequest, actor: Actor, name: str) -> HttpResponse:
    """``{"command_id": uuid, "data": {…}}`` -> the answer of ``federation.forwarding.execute``."""
    body = body_of(request)
    try:
        command_id = UUID(body["command_id"])
    except (KeyError, ValueError, TypeError, AttributeError):
        raise Refused("malformed", _("Dem Befehl fehlt eine gültige Nummer (command_id).")) from None
    data = body.get("data", {})
    if not isinstance(data, dict):
        raise Refused("malformed", _("Die Daten des Befehls sind kein JSON-Objekt."))
    answer = execute(name, data, command_id=command_id, actor=actor)
    return refuse(answer) if "refused" in answer else respond(answer)


@require_GET
@for_console
def snapshot(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Everything the console shows; ``?part=board`` the unit board alone. ``?master=<mark>``: without the master data
    if the console has just these already, as one that comes from another node mostly does."""
    if request.GET.get("part") == "board":
        return respond(picture.board())
    whole = picture.snapshot(actor, known_master=request.GET.get("master"))
    known = {
        "nodes": crossing.known_nodes(),
        "token": seats.token_of_request(request),
        "token_seconds": settings.SEAT_TOKEN_SECONDS,
    }
    return respond(whole | {"sockets_url": sockets_url(request)} | known)


@require_GET
@for_console
def alive(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Whether this node works, and how far it has each origin's chain: a console that is at another node compares, and
    goes back only to a node that has everything."""
    chains: dict[str, dict[str, int]] = {}
    for origin, incarnation, seq in Chain.objects.values_list("origin", "incarnation", "seq"):
        chains.setdefault(origin, {})[str(incarnation)] = seq
    return respond({"node": settings.LEITSTELLE_NODE, "pos": head(), "have": chains})


@require_POST
@for_console
def leave(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Leave the seat, for a console that cannot use the log-out page of its own node because that is gone."""
    return respond(execute("seat.leave", {"session": str(_content(request).session)}, command_id=uuid4(), actor=actor))


@require_POST
@for_console
def renew(request: HttpRequest, actor: Actor) -> HttpResponse:
    """A fresh token for a console that stays open, under today's key; at its own node the cookie as well."""
    content = _content(request)
    response = respond({"token": content.sign()})
    seats.set_cookie(response, content)
    return response


def _content(request: HttpRequest) -> seats.SeatToken:
    """What the token of an admitted request says."""
    content = seats.SeatToken.read(seats.token_of_request(request))
    if content is None:
        raise Refused("unauthenticated", _("Bitte melden Sie sich an."))
    return content


def sockets_url(request: HttpRequest) -> str:
    """Where the console's websocket is: behind the proxy under the same host, in the demo on the next port."""
    if settings.LEITSTELLE_SOCKETS_URL:
        return str(settings.LEITSTELLE_SOCKETS_URL)
    host = request.get_host().rsplit(":", 1)[0]
    scheme = "wss" if request.is_secure() else "ws"
    return f"{scheme}://{host}:{settings.LEITSTELLE_SOCKETS_PORT}/console/socket"


@require_GET
@for_console
def geography(request: HttpRequest, actor: Actor) -> HttpResponse:
    """County areas and place names for the map without tiles; the browser keeps them for the day."""
    response = respond(master.geography())
    response["Cache-Control"] = "private, max-age=86400"
    return response


@require_GET
@for_console
def incident(request: HttpRequest, actor: Actor, incident_id: UUID) -> HttpResponse:
    """One incident, open or closed, with its log, its calls and its interval record."""
    view = incident_selectors.incident_view(incident_id)
    if view is None:
        raise Refused("not_found", _("Diesen Einsatz gibt es nicht."))
    return respond(
        {
            "incident": view,
            "log": incident_selectors.incident_log(incident_id),
            "calls": incident_selectors.calls_of(incident_id),
            "intervals": incident_selectors.intervals(incident_id),
        }
    )


@require_GET
@for_console
def sheet(request: HttpRequest, actor: Actor, incident_id: UUID) -> HttpResponse:
    """The run sheet of an incident, to look at and to print from the browser."""
    try:
        return HttpResponse(run_sheet(incident_id), headers={"Cache-Control": "no-store"})
    except LookupError:
        raise Refused("not_found", _("Diesen Einsatz gibt es nicht.")) from None


@require_POST
@for_console
def print_sheet(request: HttpRequest, actor: Actor, incident_id: UUID) -> HttpResponse:
    """Have the run sheet printed by the worker: paper may wait."""
    if incident_selectors.incident_view(incident_id) is None:
        raise Refused("not_found", _("Diesen Einsatz gibt es nicht."))
    try:
        print_run_sheet.delay(str(incident_id))
    except OperationalError:
        raise Refused("busy", _("Der Druckdienst ist nicht erreichbar. Bitte später wiederholen.")) from None
    return respond({"queued": True}, 202)


@require_GET
@for_console
def incidents(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Incidents, newest first: ``state`` (open, closed, all), ``q``, ``before`` (ISO time), 50 at a time."""
    query = request.GET
    return respond(
        {
            "incidents": incident_selectors.incident_list(
                state=query.get("state", "open"),
                q=query.get("q", "")[:100],
                before=_time(query.get("before")),
            )
        }
    )


@require_GET
@for_console
def search(request: HttpRequest, actor: Actor) -> HttpResponse:
    """``q`` in places, incidents, units and keywords at once; ``lon``/``lat`` prefer what is near."""
    near = _spot(request.GET)
    return respond(search_all(request.GET.get("q", "")[:100], near))


@require_GET
@for_console
def nearby(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Open incidents near a place (``lon``, ``lat``) and time, and earlier calls of ``number``."""
    lon, lat = _spot(request.GET) or (None, None)
    query = request.GET
    call, number = query.get("call", "")[:36], query.get("number", "")[:40]
    return respond(incident_selectors.nearby(call=call or None, lon=lon, lat=lat, number=number, centre=actor.centre))


class ProposalQuery(Command):
    """What a proposal is asked for: a running incident, or a keyword at a point (degrees, WGS 84)."""

    incident: UUID | None = None
    keyword: str = ""
    lon: float | None = Field(default=None, ge=-180, le=180)
    lat: float | None = Field(default=None, ge=-90, le=90)
    county: str | None = None
    place_id: str = ""
    exclude: list[str] = []


@require_POST
@for_console
def proposal(request: HttpRequest, actor: Actor) -> HttpResponse:
    """What to send, see ``incidents.proposal``."""
    query = parse(ProposalQuery, body_of(request))
    exclude = tuple(query.exclude)
    if query.incident:
        wanted = proposals.wanted_by(query.incident, exclude=exclude)
    elif query.lon is not None and query.lat is not None:
        wanted = proposals.Wanted(
            keyword=query.keyword,
            lon=query.lon,
            lat=query.lat,
            county=query.county or "",
            place_id=query.place_id,
            exclude=exclude,
        )
    else:
        raise Refused("no_place", _("Ohne Einsatzort gibt es keinen Vorschlag."))
    if wanted is None:
        raise Refused("not_found", _("Diesen Einsatz gibt es nicht."))
    return respond(proposals.propose(wanted))


def _spot(query: Any) -> tuple[float, float] | None:
    """(lon, lat) in degrees, or None where they are not given or not on earth."""
    try:
        lon, lat = float(query["lon"]), float(query["lat"])
    except (KeyError, ValueError):
        return None
    return (lon, lat) if -180 <= lon <= 180 and -90 <= lat <= 90 else None


def _time(text: str | None) -> datetime | None:
    try:
        value = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return value if value.tzinfo else None
