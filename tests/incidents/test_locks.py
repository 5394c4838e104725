"""A command that waits for a row while an entry from elsewhere folds it anew still finds it."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event
from uuid import uuid4

import pytest
from django.db import connection, transaction

from incidents.services.locks import lock_call, lock_incident
from journal import fold
from tests.world import World

LOCKS = {"incident": lock_incident, "call": lock_call}


@pytest.mark.parametrize("kind", LOCKS)
def test_what_is_folded_anew_is_not_unknown(durable_world: World, kind: str) -> None:
    ident, lock = uuid4(), LOCKS[kind]
    if kind == "incident":
        durable_world.must("incident.open", incident=str(ident), keyword="RD1", place="Am Anger")
    else:
        durable_world.must("call.receive", call=str(ident))
    locked = Event()

    def fold_anew() -> None:
        try:
            with transaction.atomic():
                lock(ident)
                locked.set()
                until_somebody_waits()
                fold.refold(kind, str(ident))
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as thread:
        folding = thread.submit(fold_anew)
        locked.wait(timeout=10)
        with transaction.atomic():
            assert lock(ident).id == ident
        folding.result()


def until_somebody_waits() -> None:
    """Returns when another transaction waits for a lock."""
    waiting = False
    while not waiting:
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) > 0 FROM pg_locks WHERE NOT granted")
            waiting = cursor.fetchone()[0]
