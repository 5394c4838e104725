"""Consoles that go on at another node when their own is gone: which nodes there are, and who may ask from elsewhere.

A console's page stays the one its own node served; its requests then come from a foreign origin. Origins of the
network's nodes are admitted, none else, and never with cookies: such a request carries its seat token itself.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlsplit

from channels.db import database_sync_to_async
from channels.security.websocket import AllowedHostsOriginValidator, WebsocketDenier
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers

from federation.models import Node
from leitstelle.language import CHOSEN

ALLOWED_HEADERS = f"Authorization, Content-Type, X-Leitstelle, {CHOSEN}"
# Browsers ask again after at most two hours; a node is admitted to the network far less often.
PREFLIGHT_SECONDS = 7200

View = Callable[..., HttpResponse]


def known_nodes() -> list[dict[str, Any]]:
    """The nodes of the network that consoles can work with, by name: addresses as a browser reaches them."""
    rows = Node.objects.filter(active=True).exclude(web_url="").order_by("id")
    return [
        {
            "id": row.id,
            "name": row.name or row.id,
            "url": row.web_url.rstrip("/"),
            "sockets_url": _socket_address(row.sockets_url),
            "centres": row.centres,
        }
        for row in rows
    ]


def origins() -> set[str]:
    """Origins of the pages of all known nodes, and those the settings name beside them."""
    addresses = [node["url"] for node in known_nodes()] + settings.LEITSTELLE_NODE_ORIGINS
    return {_origin(address) for address in addresses} - {""}


def sources() -> list[str]:
    """What a console's page may connect to beside its own node, for its content security policy."""
    addresses = [address for node in known_nodes() for address in (node["url"], node["sockets_url"])]
    return sorted({_origin(address) for address in addresses} - {""})


def shared(view: View) -> View:
    """Let consoles of the other nodes ask this address (CORS): preflights answered, the answer readable there."""

    @wraps(view)
    def answered(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        origin = request.headers.get("Origin", "")
        foreign = origin not in ("", f"{request.scheme}://{request.get_host()}") and origin in origins()
        preflight = request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers
        response = HttpResponse(status=204 if foreign else 403) if preflight else view(request, *args, **kwargs)
        patch_vary_headers(response, ["Origin"])
        if foreign:
            response["Access-Control-Allow-Origin"] = origin
        if foreign and preflight:
            response["Access-Control-Allow-Methods"] = "GET, POST"
            response["Access-Control-Allow-Headers"] = ALLOWED_HEADERS
            response["Access-Control-Max-Age"] = str(PREFLIGHT_SECONDS)
        return response

    return answered


class KnownOrigins:
    """ASGI middleware for sockets: pages of this host come in as ever, pages of the other nodes as well, no others."""

    def __init__(self, application: Any) -> None:
        self.application = application
        self.own = AllowedHostsOriginValidator(application)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        origin = dict(scope["headers"]).get(b"origin", b"").decode("latin-1")
        admitted = self.own.valid_origin(urlsplit(origin) if origin else None)
        if not admitted:
            admitted = origin in await database_sync_to_async(origins, thread_sensitive=False)()
        await (self.application if admitted else WebsocketDenier())(scope, receive, send)


def _origin(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}" if parts.scheme and parts.netloc else ""


def _socket_address(address: str) -> str:
    """Where the socket is; a node may be known by its bare address."""
    return address if urlsplit(address).path.strip("/") or not address else f"{address.rstrip('/')}/console/socket"
