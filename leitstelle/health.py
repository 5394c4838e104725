"""Whether this process can do its work: asked by the supervisor, the containers and the consoles."""

import logging
from typing import Any

import orjson
import redis
from channels.db import database_sync_to_async
from django.conf import settings
from django.db import DatabaseError
from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe
from psycopg_pool import PoolTimeout

from journal import notify
from journal.record import head

logger = logging.getLogger(__name__)

# The question is asked every second; it must not add to the trouble it looks for.
REDIS_TIMEOUT_SECONDS = 0.2


def state() -> dict[str, Any]:
    """``{"ok", "node", "pos", "database", "redis"}``; never raises.

    ``ok`` means that commands are taken, which needs the database alone. With Redis gone the room works on,
    more slowly: ``redis`` is then False and ``ok`` stays True. ``pos`` is None without the database.
    """
    pos = _position()
    return {
        "ok": pos is not None,
        "node": settings.LEITSTELLE_NODE,
        "pos": pos,
        "database": pos is not None,
        "redis": _redis_answers(),
    }


@require_safe
def health(request: HttpRequest) -> JsonResponse:
    """200 while commands are taken, else 503."""
    answer = state()
    response = JsonResponse(answer, status=200 if answer["ok"] else 503)
    response["Cache-Control"] = "no-store"
    return response


def _position() -> int | None:
    try:
        return head()
    except (DatabaseError, PoolTimeout) as error:
        logger.warning("the database does not answer: %s", type(error).__name__)
        return None


def _redis_answers() -> bool:
    try:
        with notify.connect(REDIS_TIMEOUT_SECONDS) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False


async def asgi_health(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """The same answer for the sockets process, which has no Django handler: any path, 200 or 503."""
    answer = await database_sync_to_async(state, thread_sensitive=False)()
    status = 200 if answer["ok"] else 503
    headers = [(b"content-type", b"application/json"), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": orjson.dumps(answer)})
