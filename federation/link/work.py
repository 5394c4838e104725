"""The threads of the process ``link``, and what they do in the journal. None of this runs in the event loop."""

import asyncio
import functools
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection
from psycopg_pool import PoolTimeout

from federation.link.version import version
from federation.protocol import Have, Local, Mark, Read, Row
from journal import feed
from journal.receive import receive
from journal.transfer import Batch

P = ParamSpec("P")
T = TypeVar("T")

READERS = 2
COMMANDS = 4
LEAVES = 2


class Gone(Exception):
    """The database does not answer. Nothing is lost: whoever asked tries again later."""


class Threads:
    """One thread stores, so what comes is applied in order; commands of others never wait for it or for reads.

    ``leaves``: commands that other nodes' commands wait for. In a pool with those, two nodes could wait for each other.
    """

    def __init__(self) -> None:
        self.store = ThreadPoolExecutor(1, "store")
        self.read = ThreadPoolExecutor(READERS, "read")
        self.house = ThreadPoolExecutor(1, "house")
        self.notices = ThreadPoolExecutor(1, "notices")
        self.commands = ThreadPoolExecutor(COMMANDS, "command")
        self.leaves = ThreadPoolExecutor(LEAVES, "leaf")

    def stop(self) -> None:
        for pool in (self.store, self.read, self.house, self.notices, self.commands, self.leaves):
            pool.shutdown(wait=False, cancel_futures=True)


async def run(pool: ThreadPoolExecutor, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """``function`` in a thread of ``pool``. Raises Gone if the database does not answer."""
    call = functools.partial(_with_database, function, *args, **kwargs)
    return await asyncio.get_running_loop().run_in_executor(pool, call)


def _with_database(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    try:
        return function(*args, **kwargs)
    except (OperationalError, InterfaceError, PoolTimeout) as error:
        connection.close()
        raise Gone(str(error).strip()[:200]) from error


def back_to_pool(function: Callable[P, T]) -> Callable[P, T]:
    """For threads that are many and rarely busy: they keep no connection."""

    @functools.wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return function(*args, **kwargs)
        finally:
            connection.close()

    return call


# --- in the journal ------------------------------------------------------------------------------------------------
def local() -> Local:
    """Who this node is to others."""
    return Local(settings.LEITSTELLE_NODE, str(feed.store_id()), version(), tuple(settings.LEITSTELLE_CENTRES))


def have() -> Have:
    """How far this node has each chain."""
    return {
        origin: tuple(Mark(incarnation, seq, digest.hex()) for incarnation, seq, digest in marks)
        for origin, marks in feed.have().items()
    }


def read(what: Read) -> list[Row]:
    """The rows that a session asked for."""
    batch = feed.read(what.origin, what.incarnation, what.after, what.limit)
    return [Row(*row) for row in batch.rows()]


def store(rows: Sequence[Row]) -> Have:
    """Store and apply rows of one stream; returns how far that stream is on disk now.

    Raises ValueError (``BrokenChain`` among them) for rows that the journal does not take.
    """
    receive(Batch.of_rows([(row.origin, row.incarnation, row.seq, row.prev_hash, row.hash, row.wire) for row in rows]))
    last = rows[-1]
    return {last.origin: (Mark(last.incarnation, last.seq, last.hash),)}


_POSITION = "SELECT pos FROM journal_entry WHERE origin = %s AND incarnation = %s AND seq = %s"


def position_of(mark: Mark) -> int:
    """Where the entry of our own chain stands in our own journal; 0 if it does not."""
    with connection.cursor() as cursor:
        cursor.execute(_POSITION, [settings.LEITSTELLE_NODE, mark.incarnation, mark.seq])
        row = cursor.fetchone()
    return int(row[0]) if row else 0


def not_durable() -> str:
    """Why entries of this database must not leave, or "".

    Only what survives a crash may be given away, or the other side would hold a fork of our chain after the crash. A
    commit that waits for its flush becomes visible to others after it (PostgreSQL flushes before it takes the
    transaction off the list of running ones), so with these settings whatever can be read has been flushed.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, setting FROM pg_settings WHERE name IN ('fsync', 'synchronous_commit')")
        found = dict(cursor.fetchall())
    if found.get("fsync") != "on":
        return "PostgreSQL runs with fsync=off: what it answers may be lost, so it may not be given to other nodes"
    if found.get("synchronous_commit") in ("off", None):
        return "PostgreSQL runs with synchronous_commit=off: entries could leave before they are on disk"
    return ""
