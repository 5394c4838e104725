"""The hint "the journal is at N" over Redis: it saves readers the wait for their next poll, and is never the data.

Redis' own publish is used rather than a channel layer: a layer's group send costs a connection per synchronous
thread and drops beyond its capacity, and the payload here is one number that may be lost at any time.
"""

import logging
import time
from threading import Lock

import redis
from django.conf import settings

logger = logging.getLogger(__name__)

CHANNEL = "journal"
# With Redis gone a command must not wait for it: fail fast, then leave it alone for a while.
TIMEOUT_SECONDS = 0.05
REST_SECONDS = 1.0

_lock = Lock()
_client: redis.Redis | None = None
_rest_until = 0.0


def connect(timeout: float | None) -> redis.Redis:
    return redis.Redis.from_url(
        settings.REDIS_URL, socket_timeout=timeout, socket_connect_timeout=TIMEOUT_SECONDS, retry=None
    )


def hint(pos: int) -> None:
    """Tell readers that there is something up to ``pos``. Never raises: with Redis gone they poll."""
    global _client, _rest_until
    if time.monotonic() < _rest_until:
        return
    try:
        with _lock:
            _client = _client or connect(TIMEOUT_SECONDS)
        _client.publish(CHANNEL, pos)
    except redis.RedisError as error:
        _rest_until = time.monotonic() + REST_SECONDS
        logger.warning("Redis does not answer, readers poll: %s", error)
