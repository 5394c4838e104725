"""The simulator against a real node: calls ring, colleagues work them, crews drive, incidents are closed."""

import asyncio
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from leitstelle.simulator.doors import Doors
from leitstelle.simulator.play import Wish, play
from resources.availability import LOCAL

MORNING = datetime(2026, 3, 2, 10, 0, tzinfo=LOCAL)
DEADLINE_SECONDS = 240.0


def test_a_morning_is_worked_from_the_first_ring_to_closed_incidents(node_factory: Callable[..., Any]) -> None:
    node = node_factory("jena", demo=True, processes=("web", "sockets", "vital"))
    wish = Wish(
        url=node.web_url, seed=3, begin=MORNING, end=MORNING + timedelta(hours=8), speed=100, intensity=0.5,
        dispatch=True, seats=3,
    )  # fmt: skip
    closed, units = asyncio.run(_until_closed(wish, node))
    incident = closed[0]
    assert incident["outcome"] in ("transported", "completed")
    done = incident["assignments"]
    assert done
    for row in done:
        assert row["alarmed_at"] <= row["en_route_at"] <= row["on_scene_at"] <= row["ended_at"]
    assert {unit["status"] for unit in units} > {2}


async def _until_closed(wish: Wish, node: Any) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    doors = Doors.of(wish.url, node.run_dir)
    watcher = Doors.of(wish.url, node.run_dir)
    playing = asyncio.create_task(play(wish, doors))
    deadline = time.monotonic() + DEADLINE_SECONDS
    try:
        while time.monotonic() < deadline:
            assert not playing.done(), playing.exception()
            page = await watcher.get("partner", "/api/v1/incidents", {"state": "closed"})
            finished = [i for i in page["incidents"] if all(row["on_scene_at"] for row in i["assignments"])]
            if finished:
                return finished, await watcher.units()
            await asyncio.sleep(0.5)
        pytest.fail("no incident was closed in time")
    finally:
        playing.cancel()
        await asyncio.gather(playing, return_exceptions=True)
        await watcher.close()
