"""How safe an answer is: ``stored`` (on disk here) or ``secured`` (on disk at another site as well).

Whoever has just changed something waits up to 150 ms for the word of a peer, then goes on. Nobody waits where there is
no line, no Redis that could bring the word, or only one database.
"""

import logging
import threading
import time
from typing import Any

import redis
from django.db import connection

from federation import reach
from federation.notices import SECURED
from journal import notify

logger = logging.getLogger(__name__)

WAIT_SECONDS = 0.15
POLL_SECONDS = 0.005

_POS = "SELECT pos FROM journal_entry WHERE origin = %s AND incarnation = %s AND seq = %s"


class _Word:
    """The newest word of the link process, heard by a thread of this process from the first question on."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._started = False
        self._listening = False
        self._pos = 0

    def reaches(self, pos: int, seconds: float) -> bool:
        """Whether a peer has everything up to ``pos``, at the latest after ``seconds``."""
        with self._changed:
            if not self._started:
                self._started = True
                threading.Thread(target=self._listen, name="secured", daemon=True).start()
            if self._listening:
                self._changed.wait_for(lambda: self._pos >= pos or not self._listening, seconds)
            return self._listening and self._pos >= pos

    def _listen(self) -> None:
        while True:
            try:
                with notify.connect(None).pubsub(ignore_subscribe_messages=True) as subscription:
                    subscription.subscribe(SECURED)
                    self._heard(0)  # the next word says everything
                    for message in subscription.listen():
                        self._heard(int(message["data"]))
            except (redis.RedisError, ValueError) as error:
                logger.warning("no word of what is secured: %s", error)
            with self._changed:
                self._listening = False
                self._changed.notify_all()
            time.sleep(notify.REST_SECONDS)

    def _heard(self, pos: int) -> None:
        """The newest word counts, not the highest: after a restore from a backup positions begin further down."""
        with self._changed:
            self._pos, self._listening = pos, True
            self._changed.notify_all()


_word = _Word()


def told(answer: dict[str, Any]) -> dict[str, Any]:
    """``answer``, with ``secured`` for its safety if that becomes true soon enough."""
    pos = answer.get("pos")
    if pos is None or not reach.speaking() or not _word.reaches(pos, WAIT_SECONDS):
        return answer
    return answer | {"safety": "secured"}


def reached(pos: int, seconds: float) -> bool:
    """Whether a peer has everything up to our ``pos``, at the latest after ``seconds``."""
    return bool(reach.speaking()) and _word.reaches(pos, seconds)


def arrived(origin: str, incarnation: int, seq: int) -> int | None:
    """Our position of another node's entry, once it is here; None if it does not come soon enough."""
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        with connection.cursor() as cursor:
            cursor.execute(_POS, [origin, incarnation, seq])
            row = cursor.fetchone()
        if row is not None:
            return int(row[0])
        if time.monotonic() > deadline:
            return None
        time.sleep(POLL_SECONDS)
