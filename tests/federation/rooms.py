"""Two rooms of a linked pair: people at both, and what the databases say of a command."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from ops.node import Node
from ops.served import ServedNetwork, ServedNode
from tests.people import TIMEOUT_SECONDS, Dispatcher

JENA_SPOT, GERA_SPOT = {"lon": 11.5899, "lat": 50.9288}, {"lon": 12.0805, "lat": 50.8805}
PATIENCE_SECONDS = 15.0


@contextmanager
def people(*seats: tuple[Node, str, str]) -> Iterator[list[Dispatcher]]:
    """(node, user name, seat): logged in, as long as the block lasts."""
    room = [Dispatcher(*seat) for seat in seats]
    yield room
    for person in room:
        person.close()


def until(true: Callable[[], Any], patience: float = PATIENCE_SECONDS) -> Any:
    """The first value that is true. Raises AssertionError after ``patience`` seconds."""
    deadline = time.monotonic() + patience
    while not (value := true()):
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.02)
    return value


def free_units(person: Dispatcher, unit_type: str, centre: str) -> list[str]:
    """Units of a type that belong to ``centre`` and are free now, as ``person`` sees it."""
    snapshot = person.snapshot()
    master = snapshot["master"]
    homes = {ident for ident, county in master["counties"].items() if county["centre"] == centre}
    stations = {ident for ident, station in master["stations"].items() if station["county"] in homes}
    return [
        ident
        for ident, live in snapshot["units"].items()
        if (unit := master["units"].get(ident)) and unit["type"] == unit_type and unit["station"] in stations
        and live["status"] in (1, 2) and not live["incident"]
    ]  # fmt: skip


def origins(node: ServedNode, incident: str) -> set[str]:
    """The nodes that made entries of an incident, as ``node`` has it."""
    sql = f"SELECT DISTINCT origin FROM journal_entry WHERE aggregate_kind = 'incident' AND aggregate_id = '{incident}'"
    return set(node.sql(sql).split())


def executions(node: ServedNode, command_id: str) -> list[str]:
    """The nodes that carried out a command, as ``node`` has it."""
    return node.sql(f"SELECT DISTINCT origin FROM journal_entry WHERE command_id = '{command_id}'").split()


def wait_cut(pair: ServedNetwork) -> None:
    """Until both nodes know that nobody speaks any more."""
    until(lambda: all(state == "down" for state, _behind in pair.states().values()))


def wait_same(pair: ServedNetwork) -> None:
    """Until both nodes have the same entries."""
    ends = "SELECT origin, incarnation, seq, encode(hash, 'hex') FROM journal_chain ORDER BY 1, 2"
    until(lambda: len({node.sql(ends) for node in pair}) == 1)


def radio(node: Node, message: dict[str, Any], key: str) -> httpx.Response:
    """A status message at a node's door for radio; ``key`` makes a repetition the same message."""
    secret = json.loads((node.run_dir / "keys.json").read_text())["radio"]
    headers = {"Authorization": f"Bearer {secret}", "Idempotency-Key": key}
    return httpx.post(f"{node.web_url}/api/v1/radio/status", json=message, headers=headers, timeout=TIMEOUT_SECONDS)
