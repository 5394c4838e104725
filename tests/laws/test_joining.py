"""A console that has just been let in misses nothing, whatever the threads do in between."""

import asyncio
from uuid import uuid4

import orjson

from journal.record import head
from leitstelle.console.hub import Console, Hub
from leitstelle.console.reader import Reader
from tests.world import World


def test_the_first_console_of_a_centre_gets_the_very_next_frame(durable_world: World) -> None:
    """The reader lets it in, and reads on before the event loop has come to add it to the hub."""
    hub, loop = Hub(), asyncio.new_event_loop()
    try:
        reader = Reader(hub)
        reader._loop, reader.cursor = loop, head()
        console = Console(durable_world.gera)
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
