"""A centre dies, or freezes, with two hundred consoles open: how long until each works on at the other; and how long
until the other's people answer its calls."""

import asyncio
import random
import signal
import time
from collections.abc import Sequence
from typing import Any
from uuid import uuid4

from bench.client import AsyncClient, BadAnswer, Client, Login
from bench.pair import Pair, keys, wait_for
from bench.push import CONSOLES
from bench.sockets import Listener, connect, position
from ops.served import ServedNode

# As the console has it (static/console): a spread against the rush, and two missed beats and a little more.
JITTER_SECONDS = 0.25
SILENCE_SECONDS = 2.6
CENTRE = "centre:jena"


class Console:
    """What a console does when its centre is gone, without the browser around it."""

    def __init__(self, login: Login, listener: Listener, master: str, chance: random.Random) -> None:
        self.login, self.listener, self.master, self.chance = login, listener, master, chance

    async def go_on(self, node: ServedNode) -> float:
        """Wait until the own line is dead, then work at ``node``; the moment everything is there (monotonic)."""
        while not self.listener.closed and time.monotonic() - self.listener.heard_at < SILENCE_SECONDS:
            await asyncio.sleep(0.02)
        await asyncio.sleep(self.chance.uniform(0, JITTER_SECONDS))
        token = self.login.cookie.partition("=")[2]
        client = AsyncClient(node.web_url, {"Authorization": f"Seat {token}", "X-Leitstelle": "1"})
        answer = await client.request("GET", f"/console/snapshot?master={self.master}")
        pos = position(answer.expect(200).body)
        client.close()
        again = await connect(node.sockets_url, f"/console/socket?after={pos}", token=token)
        self.listener = again
        return time.monotonic()


async def measure(pair: Pair, logins: Sequence[Login], how: str) -> list[float]:
    """Milliseconds for each of the consoles from the end of Jena (``how``: killed or frozen) to its work at Gera."""
    chance = random.Random(112)
    home = Client(pair.jena.web_url, logins[0].headers)
    master = home.get("/console/snapshot").expect(200).json()["master_mark"]
    home.close()
    consoles = []
    for number in range(CONSOLES):
        login = logins[number % len(logins)]
        listener = await connect(pair.jena.sockets_url, "/console/socket?after=0", login.cookie)
        consoles.append(Console(login, listener, master, chance))
    complete = time.monotonic()
    while any(console.listener.heard_at < complete for console in consoles):  # all hear the beat
        await asyncio.sleep(0.02)
    began = time.monotonic()
    if how == "killed":
        await asyncio.to_thread(pair.jena.kill_site)
    else:
        for name in pair.jena.children:
            pair.jena.kill(name, signal.SIGSTOP)
    ready = await asyncio.gather(*(console.go_on(pair.gera) for console in consoles))
    for console in consoles:
        console.listener.transport.abort()
    return [(at - began) * 1000 for at in ready]


def wait_until_silent(node: ServedNode, peer: str) -> None:
    """Until ``node`` knows that it hears nothing of ``peer``."""
    wait_for(
        f"{node.name} notices",
        lambda: (
            node.sql(f"SELECT state FROM federation_linkstate WHERE node='{node.name}' AND peer='{peer}'") == "down"
        ),
        30,
    )


def take_over(pair: Pair, login: Login, patience: float = 30.0) -> tuple[float, dict[str, Any]]:
    """Seconds from the signature at Gera to the first of Jena's calls answered there, and what the taker was told."""
    client = Client(pair.gera.web_url, login.headers)
    deadline = time.monotonic() + patience
    while True:
        began = time.perf_counter()
        answer = client.command("take_over.take", {"scope": CENTRE, "reason": "Ausfall"}).json()
        if "refused" not in answer:
            break
        if answer["refused"] != "not_silent" or time.monotonic() > deadline:
            raise BadAnswer(str(answer))
        time.sleep(0.1)
    calls = answer["result"]["calls"]
    answered = client.command("call.answer", {"call": calls[0]}).json()
    seconds = time.perf_counter() - began
    if "refused" in answered:
        raise BadAnswer(str(answered))
    client.close()
    return seconds, dict(answer["result"])


def ring(node: ServedNode, count: int) -> None:
    """So many calls wait at the node."""
    client = Client(node.web_url, {"Authorization": f"Bearer {keys(node)['telephony']}"})
    for number in range(count):
        body = {"event": "ring", "call_id": str(uuid4()), "number": f"+4936415{number:05d}", "line": "112"}
        client.post("/api/v1/telephony/calls", body).expect(200)
    client.close()
