"""Readers of the journal: rows after a cursor, woken by a hint, polling without it."""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import redis
from django.db import connection, transaction

from journal import notify
from journal.envelope import UnknownType, decode
from journal.keys import keys_for_reading
from journal.models import Cursor
from journal.record import head
from journal.types import Fact

logger = logging.getLogger(__name__)

# Without Redis a reader is at most this late.
POLL_SECONDS = 0.2
# With Redis the poll only covers a lost hint.
HINTED_POLL_SECONDS = 1.0
BATCH = 500
FOLLOWER_BATCH = 100
# How far a follower may read past entries of no concern without saving its cursor.
CURSOR_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Stored:
    """An entry as a reader of this node gets it."""

    pos: int
    origin: str
    type: str
    aggregate_kind: str
    aggregate_id: str
    fact: Fact | None  # None for a type this version does not know, or a body that it cannot read


# Asked with every commit by every follower, so not through the ORM.
_ENTRIES = "SELECT pos, origin, type, aggregate_kind, aggregate_id, body FROM journal_entry"
_AFTER = f"{_ENTRIES} WHERE pos > %s ORDER BY pos LIMIT %s"
_CONCERNING = f"{_ENTRIES} WHERE pos > %s AND pos <= %s AND type = ANY(%s) ORDER BY pos LIMIT %s"
_HISTORY = (
    f"{_ENTRIES} WHERE aggregate_kind = %s AND aggregate_id = ANY(%s) ORDER BY hlc, origin, incarnation, seq LIMIT %s"
)


def after(pos: int, limit: int = BATCH) -> list[Stored]:
    """The next entries behind ``pos`` in the order of this node; empty at the head."""
    return _read(_AFTER, [pos, limit])


def history(kind: str, *idents: str, limit: int = 10_000) -> list[Stored]:
    """All entries of one aggregate (or several of a kind) in clock order: its log."""
    return _read(_HISTORY, [kind, list(idents), limit])


def _read(statement: str, params: Sequence[Any]) -> list[Stored]:
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        rows = cursor.fetchall()
    sealed = {f"{row[3]}:{row[4]}" for row in rows if '"sealed":' in row[5]}
    keys = keys_for_reading(sealed) if sealed else {}
    result = []
    for pos, origin, name, kind, ident, body in rows:
        try:
            fact = decode(body, keys.get(f"{kind}:{ident}", ()))
        except UnknownType:
            fact = None
        except ValueError as error:
            # One entry that cannot be read must not stop everybody who follows the journal, alarms among them.
            logger.error("entry %s (%s of %s:%s) cannot be read: %s", pos, name, kind, ident, type(error).__name__)
            fact = None
        result.append(Stored(pos, origin, name, kind, ident, fact))
    return result


@contextmanager
def snapshot() -> Iterator[int]:
    """One consistent picture: everything read inside belongs to the position that is yielded."""
    with transaction.atomic(durable=True):
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            cursor.execute("SELECT coalesce(max(pos), 0) FROM journal_position")
            pos = int(cursor.fetchone()[0])
        yield pos


class Waker:
    """Waits for the next hint, or for the poll interval. One per reading thread."""

    def __init__(self) -> None:
        self._pubsub: redis.client.PubSub | None = None
        self._retry_at = 0.0

    def wait(self, stop: threading.Event) -> None:
        """Return when there may be something to read, at the latest after the poll interval."""
        pubsub = self._subscribed()
        if pubsub is None:
            stop.wait(POLL_SECONDS)
            return
        try:
            message = pubsub.get_message(ignore_subscribe_messages=True, timeout=HINTED_POLL_SECONDS)
            while message is not None:  # a burst of hints is one reason to read
                message = pubsub.get_message(ignore_subscribe_messages=True, timeout=0)
        except redis.RedisError as error:
            logger.warning("Redis does not answer, polling: %s", error)
            self._pubsub = None
            self._retry_at = time.monotonic() + notify.REST_SECONDS

    def _subscribed(self) -> "redis.client.PubSub | None":
        if self._pubsub is None and time.monotonic() >= self._retry_at:
            try:
                pubsub = notify.connect(timeout=HINTED_POLL_SECONDS + 1).pubsub()  # type: ignore[no-untyped-call]
                pubsub.subscribe(notify.CHANNEL)
                self._pubsub = pubsub
            except redis.RedisError:
                self._retry_at = time.monotonic() + notify.REST_SECONDS
        return self._pubsub


def follow(
    name: str,
    types: frozenset[str],
    handle: Callable[[Sequence[Stored]], None],
    stop: threading.Event,
    *,
    rest: float = 0.0,
) -> None:
    """Give all entries of ``types`` to ``handle``, in order, at least once, until ``stop``: one by one in peace, many
    at a time after a cut. The cursor is kept under ``name``. ``rest``: seconds between two looks, for whoever need not
    know at once.

    The cursor is saved after entries were handled, else once in a while: reading past entries of no concern must not
    cost every command of the room a second commit. An exception in ``handle`` ends the follower without moving the
    cursor: its supervisor starts it again and it gets the same entries.
    """
    waker = Waker()
    cursor, _created = Cursor.objects.get_or_create(name=name)
    concerned = sorted(types)
    saved_at = time.monotonic()
    while not stop.is_set():
        high = head()
        if high == cursor.pos:
            waker.wait(stop)
            continue
        batch = _read(_CONCERNING, [cursor.pos, high, concerned, FOLLOWER_BATCH])
        if batch:
            handle(batch)
        cursor.pos = batch[-1].pos if len(batch) == FOLLOWER_BATCH else high
        if batch or time.monotonic() - saved_at > CURSOR_SECONDS:
            cursor.save(update_fields=["pos"])
            saved_at = time.monotonic()
        if rest:
            stop.wait(rest)
    cursor.save(update_fields=["pos"])
