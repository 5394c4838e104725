"""A console that has just been let in misses nothing, whatever the threads do in between."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest
from django.db import transaction

from journal.actor import Actor, system
from journal.record import Transaction, head
from leitstelle.accounts.entries import UserSaved
from leitstelle.console.hub import CLOSE_REVOKED, Console, Hub
from leitstelle.console.reader import Reader
from resources.entries import SeatLeft
from resources.models import SeatSession
from tests.world import World


def session_of(actor: Actor) -> UUID:
    """The seat session of a person of the world."""
    return SeatSession.objects.get(user_id=actor.id, ended_at=None).pk


def test_the_first_console_of_a_centre_gets_the_very_next_frame(durable_world: World) -> None:
    """The reader lets it in, and reads on before the event loop has come to add it to the hub."""
    hub, loop = Hub(), asyncio.new_event_loop()
    try:
        reader = Reader(hub)
        reader._loop, reader.cursor = loop, head()
        console = Console(durable_world.gera, session_of(durable_world.gera))
        reader.join(console, reader.cursor)
        reader._admit()
        durable_world.must("incident.open", incident=str(uuid4()), lon=12.08, lat=50.88)
        reader._turn()
        loop.run_until_complete(asyncio.sleep(0))
    finally:
        loop.close()
    kinds = []
    while not console.queue.empty():
        kinds.append(orjson.loads(console.queue.get_nowait())["t"])
    assert kinds[:2] == ["up-to-date", "frame"]


def test_a_seat_left_while_its_socket_was_joining_is_closed(durable_world: World) -> None:
    hub, loop = Hub(), asyncio.new_event_loop()
    try:
        reader = Reader(hub)
        reader._loop, reader.cursor = loop, head()
        console = Console(durable_world.gera, session_of(durable_world.gera))
        tx = Transaction(system("test"))
        session = SeatSession.objects.get(user_id=durable_world.gera.id)
        tx.record(SeatLeft(session=session.pk, reason="abgelöst"))
        with transaction.atomic():
            tx.append()
        reader._turn()  # tells everybody who is there, which the console is not yet
        reader.join(console, reader.cursor)
        reader._turn()
        loop.run_until_complete(asyncio.sleep(0))
    finally:
        loop.close()
    assert console.close_code == CLOSE_REVOKED


@pytest.mark.parametrize("change", [{"active": False}, {"roles": ["auditor"]}])
def test_a_locked_log_in_loses_its_socket(durable_world: World, change: dict[str, Any]) -> None:
    hub, loop = Hub(), asyncio.new_event_loop()
    gera = durable_world.gera
    user = {"id": gera.id, "username": "gerd", "name": gera.name, "centre": "gera", "roles": ["dispatcher"]}
    try:
        reader = Reader(hub)
        reader._loop, reader.cursor = loop, head()
        consoles = [Console(actor, session_of(actor)) for actor in (gera, durable_world.jena)]
        for console in consoles:
            reader.join(console, reader.cursor)
        reader._turn()
        loop.run_until_complete(asyncio.sleep(0))
        tx = Transaction(system("test"))
        tx.record(UserSaved.model_validate(user | change))
        with transaction.atomic():
            tx.append()
        reader._turn()
        loop.run_until_complete(asyncio.sleep(0))
    finally:
        loop.close()
    assert [console.close_code for console in consoles] == [CLOSE_REVOKED, 0]
