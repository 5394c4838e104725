"""From a commit at one centre to the commit of the same entry at the other, and how many answers say ``secured``."""

import asyncio
import socket
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from bench.client import Login
from bench.openloop import OpenLoop
from bench.pair import Pair, chain, connect, keys, picture, wait_for
from bench.room import Room
from ops.served import ServedNode

RATE = 50.0
FLOOR_ROUNDS = 250
_COMMITTED = "SELECT seq, extract(epoch FROM pg_xact_commit_timestamp(xmin)) * 1000 FROM"
_COMMITS = f"{_COMMITTED} journal_entry WHERE origin = %s AND seq > %s AND seq <= %s"


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
    commits = [_commits(node, _COMMITS, ["jena", before, head]) for node in (jena, gera)]
    return _differences(*commits), loop.safeties, loop.times, loop.errors


def floor(pair: Pair) -> list[float]:
    """The bare form of the way, one row at a time: committed in Jena, a word through a socket, committed in Gera."""
    here, there = socket.socketpair()

    def follow() -> None:
        with connect(pair.gera) as database, there:
            while word := there.recv(8):
                database.execute("INSERT INTO bench_lag VALUES (%s)", [int.from_bytes(word, "big")])

    for node in pair.network:
        with connect(node) as database:
            database.execute("CREATE TABLE bench_lag (seq bigint PRIMARY KEY)")
    follower = threading.Thread(target=follow)
    follower.start()
    with connect(pair.jena) as database, here:
        for seq in range(FLOOR_ROUNDS):
            database.execute("INSERT INTO bench_lag VALUES (%s)", [seq])
            here.send(seq.to_bytes(8, "big"))
            time.sleep(1 / RATE)  # the rate itself: nothing is waited for
    follower.join()
    return _differences(*(_commits(node, f"{_COMMITTED} bench_lag", []) for node in pair.network))


def _commits(node: ServedNode, query: str, params: list[Any]) -> dict[int, float]:
    with connect(node) as connection:
        return {int(seq): float(at) for seq, at in connection.execute(query, params).fetchall()}


def _differences(first: dict[int, float], then: dict[int, float]) -> list[float]:
    return [then[seq] - at for seq, at in first.items()]
