"""Two simulators share one land: together they play all of it, nothing twice, and neither dies with its centre."""

import asyncio
from collections.abc import Callable
from typing import Any

from leitstelle.simulator import atlas
from leitstelle.simulator.doors import Doors
from ops.environment import free_port


def test_shares_of_the_centres_are_the_whole_land_without_overlap() -> None:
    whole = atlas.load()
    shares = [atlas.load(frozenset({centre})) for centre in sorted(set(whole.centres.values()))]
    assert len(shares) > 1
    for held in ("counties", "stations"):
        together = [key for share in shares for key in getattr(share, held)]
        assert sorted(together) == sorted(getattr(whole, held)), held


def test_lines_and_radio_are_switched_over_while_the_own_node_is_dead(node_factory: Callable[..., Any]) -> None:
    node = node_factory("gera", processes=("web",))

    async def ask() -> list[dict[str, Any]]:
        dead = f"http://127.0.0.1:{free_port()}"
        doors = Doors.of(dead, node.run_dir, [node.web_url])
        try:
            async with asyncio.timeout(30):
                return await doors.units()
        finally:
            await doors.close()

    assert asyncio.run(ask())
