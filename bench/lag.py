"""From a commit at one centre to the commit of the same entry at the other, and how many answers say ``secured``."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from bench.client import Login
from bench.openloop import OpenLoop
from bench.pair import Pair, chain, connect, keys, picture, wait_for
from bench.room import Room
from ops.served import ServedNode

RATE = 50.0
_COMMITS = """
SELECT seq, extract(epoch FROM pg_xact_commit_timestamp(xmin)) * 1000 FROM journal_entry
 WHERE origin = %s AND seq > %s AND seq <= %s
"""


@dataclass
class Answered(OpenLoop):
    """An open loop that also counts how safe each answer said it was."""

    safeties: Counter[str] = field(default_factory=Counter)

    async def answered(self, answer: Any) -> None:
        self.safeties[answer.json().get("safety", "refused")] += 1


def room_of(node: ServedNode, login: Login, seed: int) -> Room:
    """A room that works in its own counties with its own units."""
    return Room(picture(node, login), seed, centre=node.name)


def measure(pair: Pair, seconds: float, seed: int) -> tuple[list[float], Counter[str], list[float], list[str]]:
    """At RATE commands a second in Jena: ms from commit to commit of every entry, safeties, latencies, errors."""
    jena, gera = pair.jena, pair.gera
    login = pair.log_in(jena, 1)[0]
    before = chain(jena, "jena")
    loop = Answered(
        jena.web_url, login, keys(jena)["radio"], room_of(jena, login, seed), RATE, seconds, seed
    )  # fmt: skip
    asyncio.run(loop.run())
    head = chain(jena, "jena")
    wait_for("the last entry at the other centre", lambda: chain(gera, "jena") >= head)
    commits: list[dict[int, float]] = []
    for node in (jena, gera):
        with connect(node) as connection:
            found = connection.execute(_COMMITS, ["jena", before, head]).fetchall()
            commits.append({int(seq): float(at) for seq, at in found})
    lags = [commits[1][seq] - at for seq, at in commits[0].items()]
    return lags, loop.safeties, loop.times, loop.errors
