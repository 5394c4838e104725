"""Short notices between the processes of one node over Redis: the newest counts, and losing one is harmless.

``secured``: our journal is on disk at a peer up to this position (text of a number; the link tells web and others).
``presence``: who is in which incident here (JSON; the sockets process tells the link).
``presence.far``: the same of the other nodes, by node (JSON; the link tells the sockets process).
"""

import logging
import time

import redis

from journal import notify

logger = logging.getLogger(__name__)

SECURED = "secured"
PRESENCE = "presence"
PRESENCE_FAR = "presence.far"


class _Resting:
    """A client that fails fast and then leaves Redis alone for a while."""

    def __init__(self) -> None:
        self._client: redis.Redis | None = None
        self._rest_until = 0.0

    def _ready(self) -> redis.Redis | None:
        if time.monotonic() < self._rest_until:
            return None
        self._client = self._client or notify.connect(notify.TIMEOUT_SECONDS)
        return self._client

    def _failed(self, error: redis.RedisError) -> None:
        self._client = None
        self._rest_until = time.monotonic() + notify.REST_SECONDS
        logger.warning("Redis does not answer, notices are lost: %s", error)


class Sender(_Resting):
    """Publishes; one per thread."""

    def send(self, channel: str, payload: bytes | str) -> None:
        """Never raises, never waits long."""
        client = self._ready()
        if client is not None:
            try:
                client.publish(channel, payload)
            except redis.RedisError as error:
                self._failed(error)


class Listener(_Resting):
    """What was published on one channel since the last look; one per thread."""

    def __init__(self, channel: str) -> None:
        super().__init__()
        self._channel = channel
        self._pubsub: redis.client.PubSub | None = None

    def newest(self) -> bytes | None:
        """The newest notice that was not looked at yet. Never raises, never waits long."""
        newest = None
        try:
            pubsub = self._subscribed()
            while pubsub is not None and (message := pubsub.get_message(ignore_subscribe_messages=False, timeout=0)):
                if message["type"] == "message":
                    newest = message["data"]
        except redis.RedisError as error:
            self._pubsub = None
            self._failed(error)
        return newest

    def _subscribed(self) -> "redis.client.PubSub | None":
        if self._pubsub is None and (client := self._ready()) is not None:
            pubsub = client.pubsub()  # type: ignore[no-untyped-call]
            pubsub.subscribe(self._channel)
            self._pubsub = pubsub
        return self._pubsub
