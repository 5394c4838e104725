"""The process ``link``: the other nodes' sockets and signed requests, and its own health. Nothing for browsers.

GET  /health                        200 while the database answers
     /federation/link               websocket, see ``federation.protocol``
POST /federation/command/<name>     a command whose centre is home here, forwarded by a peer
POST /federation/marks              hashes of a chain at some numbers, see ``federation.link.restored``
"""

import gc
import logging
import os
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "leitstelle.settings")
django.setup()

import orjson  # noqa: E402  the rest needs the apps
from channels.routing import URLRouter  # noqa: E402
from django.conf import settings  # noqa: E402
from django.urls import path  # noqa: E402

from federation import forwarding  # noqa: E402
from federation.identity import Denied  # noqa: E402
from federation.link import work  # noqa: E402
from federation.link.consumer import LinkConsumer, exchange  # noqa: E402
from federation.link.restored import MARKS_PATH, marks  # noqa: E402
from federation.link.work import Gone  # noqa: E402

logger = logging.getLogger(__name__)

# The event loop only passes things on, and entries wait for it: while the threads compute, it must get its turn within
# a millisecond and not after Python's usual five, for each of the hops of an entry.
SWITCH_SECONDS = 0.0005
COMMAND_PATH = "/federation/command/"
MAX_BODY_BYTES = 1024 * 1024

consumer: Any = LinkConsumer.as_asgi()  # Django's types know no ASGI application as a view
sockets: Any = URLRouter([path("federation/link", consumer)])


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    if scope["type"] == "lifespan":
        await _live(receive, send)
    elif scope["type"] == "websocket":
        await (sockets if scope["path"] == "/federation/link" else _refuse)(scope, receive, send)
    elif scope["path"] == "/health":
        healthy = exchange().healthy
        links = {line.peer: line.session.status.state for line in exchange().lines if line.up}
        await _answer(send, 200 if healthy else 503, {"ok": healthy, "node": settings.LEITSTELLE_NODE, "links": links})
    else:
        await _request(scope, receive, send)


async def _live(receive: Any, send: Any) -> None:
    while (message := await receive())["type"] == "lifespan.startup":
        sys.setswitchinterval(SWITCH_SECONDS)
        await exchange().start()
        # What is loaded by now lives as long as the process: full collections must not walk it and delay entries.
        gc.collect()
        gc.freeze()
        await send({"type": "lifespan.startup.complete"})
    assert message["type"] == "lifespan.shutdown"
    await exchange().stop()
    await send({"type": "lifespan.shutdown.complete"})


async def _refuse(scope: dict[str, Any], receive: Any, send: Any) -> None:
    await send({"type": "websocket.close"})


async def _request(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """A peer's signed request. Whoever proves nothing learns nothing, not even which addresses exist."""
    body = await _body(receive)
    header = dict(scope["headers"]).get(b"authorization", b"").decode("latin-1")
    try:
        if scope["method"] != "POST" or body is None:
            raise Denied("not a request of a node")
        peer = exchange().gate.admit(header, scope["path"], body)
    except Denied as denial:
        logger.warning("refused %s: %s", scope["path"][:80], denial)
        await _answer(send, 403, {})
        return
    status, answer = await _serve(peer, scope["path"], body)
    await _answer(send, status, answer)


async def _serve(peer: str, address: str, body: bytes) -> tuple[int, dict[str, Any]]:
    threads = exchange().threads
    try:
        value = orjson.loads(body)
        if not isinstance(value, dict):
            raise ValueError("not an object")
        job: Callable[[], dict[str, Any]]
        if address == MARKS_PATH:
            pool, job = threads.leaves, partial(marks, value)
        elif address.startswith(COMMAND_PATH):
            name = address.removeprefix(COMMAND_PATH)
            pool = threads.leaves if name in forwarding.LEAVES else threads.commands
            job = partial(forwarding.serve, peer, name, value)
        else:
            return 404, {}
        return 200, await work.run(pool, work.back_to_pool(job))
    except ValueError as error:
        logger.warning("%s sends what cannot be read at %s: %s", peer, address[:80], error)
        return 400, {}
    except Gone as error:
        logger.warning("the database does not answer %s: %s", peer, error)
        return 503, {}
    except Exception:
        logger.exception("%s for %s", address[:80], peer)
        return 500, {}


async def _body(receive: Any) -> bytes | None:
    """The whole body; None for one that is too large, or broken off."""
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return None
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > MAX_BODY_BYTES:
            return None
        if not message.get("more_body"):
            return b"".join(parts)


async def _answer(send: Any, status: int, value: dict[str, Any]) -> None:
    headers = [(b"content-type", b"application/json"), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": orjson.dumps(value)})
