"""The hint "the journal is at N" over Redis: it saves readers the wait for their next poll, and is never the data.

Redis' own publish is used rather than a channel layer: a layer's group send costs a connection per synchronous
thread and drops beyond its capacity, and the payload here is one number that may be lost at any time.
"""

import logging
import time

import redis
from django.conf import settings

logger = logging.getLogger(__name__)

CHANNEL = "journal"
# With Redis gone a command must not wait for it: fail fast, then leave it alone for a while.
TIMEOUT_SECONDS = 0.05
REST_SECONDS = 1.0


def connect(timeout: float | None) -> redis.Redis:
    """A client that gives up quickly and does not retry. ``timeout``: seconds per answer, None for no limit."""
    return redis.Redis.from_url(
        settings.REDIS_URL, socket_timeout=timeout, socket_connect_timeout=TIMEOUT_SECONDS, retry=None
    )


class Hinter:
    """The process's publisher; rests for a while after a failure."""

    def __init__(self) -> None:
        self._client: redis.Redis | None = None
        self._rest_until = 0.0

    def publish(self, pos: int) -> None:
        if time.monotonic() < self._rest_until:
            return
        try:
            # Two threads may each make a client at first; one of them is then collected.
            self._client = self._client or connect(TIMEOUT_SECONDS)
            self._client.publish(CHANNEL, pos)
        except redis.RedisError as error:
            self._rest_until = time.monotonic() + REST_SECONDS
            logger.warning("Redis does not answer, readers poll: %s", error)


_hinter = Hinter()


def hint(pos: int) -> None:
    """Tell readers that there is something up to ``pos``. Never raises: with Redis gone they poll."""
    _hinter.publish(pos)
