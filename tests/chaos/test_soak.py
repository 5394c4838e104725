"""The soak in short: ages of seconds at one node, and whether its instruments find what is wrong."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.client import Client, log_in
from bench.ground import PASSWORD
from chaos.soak import Day, restart
from chaos.soak_consoles import OpenConsole, Room
from chaos.soak_vitals import CONNECTIONS, FILES, MEMORY_GROWTH, MORE_THREADS, THREADS, Vitals, grown
from leitstelle import settings
from ops.served import ServedNode
from ops.testing import NodeFactory
from tests.federation.lines import eventually

# Longer than both doors need to start anew, also on a busy machine: who cannot renew for so long has to sign in again.
TOKEN_SECONDS = 30
DOORS = ("web", "sockets")


def wait_for_renewals(consoles: list[OpenConsole], more: int) -> None:
    goals = {console: console.renewals + more for console in consoles}
    eventually(lambda: all(console.live and console.renewals >= goal for console, goal in goals.items()))


def alive(node: ServedNode, token: str) -> int:
    client = Client(node.web_url, {"Authorization": f"Seat {token}"})
    try:
        return client.get("/console/alive").status
    finally:
        client.close()


def test_who_renews_stays_through_age_and_change_of_keys_and_who_does_not_is_out(node_factory: NodeFactory) -> None:
    ages = {"LEITSTELLE_SEAT_TOKEN_SECONDS": str(TOKEN_SECONDS), "LEITSTELLE_TOKEN_KEYS": "old"}
    node = node_factory(processes=DOORS, extra=ages)
    careful = OpenConsole(node, log_in(node.web_url, "jena1", PASSWORD, "J1"), 0.5)
    guest = OpenConsole(node, log_in(node.web_url, "gera1", PASSWORD, "G1"), 0.5, guest=True)
    careless = OpenConsole(node, log_in(node.web_url, "jena2", PASSWORD, "J2"), 3600)
    first = careful.token
    with Room([careful, guest, careless]) as room:
        eventually(lambda: all(console.live for console in room.consoles))
        eventually(lambda: alive(node, first) == 401, patience=2 * TOKEN_SECONDS)
        assert all(console.live for console in room.consoles)
        for keys in ("new,old", "new"):
            node.env["LEITSTELLE_TOKEN_KEYS"] = keys
            for name in DOORS:
                restart(node, name)
            # Two, so that the second one began under these keys.
            wait_for_renewals([careful, guest], 2)
        head = int(node.sql("SELECT max(pos) FROM journal_entry"))
        eventually(lambda: len(room.lacking({node.name: head})) == 1)
        assert careful.thrown_out == guest.thrown_out == []
        assert careless.thrown_out
        assert careless.name in room.lacking({node.name: head})[0]


def test_all_ages_shrink_by_one_factor() -> None:
    shrunk = Day(minutes=24 * 60 / 100).settings()
    assert int(shrunk["LEITSTELLE_SEAT_TOKEN_SECONDS"]) * 100 == settings.SEAT_TOKEN_SECONDS
    assert int(shrunk["LEITSTELLE_SEAT_SESSION_SECONDS"]) * 100 == settings.SEAT_SESSION_SECONDS
    database: Any = settings.DATABASES["default"]
    pool = database["OPTIONS"]["pool"]
    assert int(shrunk["LEITSTELLE_POOL_IDLE_SECONDS"]) * 100 == pool["max_idle"]
    assert int(shrunk["LEITSTELLE_POOL_LIFETIME_SECONDS"]) * 100 == pool["max_lifetime"]


@given(st.integers(10_000, 10**10), st.integers(0, 500), st.integers(0, 200), st.integers(0, 50))
def test_growth_is_found_where_it_is_more_than_allowed(memory: int, files: int, threads: int, connections: int) -> None:
    before = Vitals({"web": memory}, files, {"web": threads, "link": threads}, connections)
    most = Vitals(
        {"web": int(memory * (1 + MEMORY_GROWTH))}, files + FILES,
        {"web": threads + MORE_THREADS["web"], "link": threads + THREADS}, connections + CONNECTIONS,
    )  # fmt: skip
    assert grown(before, before) == grown(before, most) == []
    assert len(grown(before, replace(most, memory={"web": int(memory * 1.06) + 1}))) == 1
    for name in ("files", "connections"):
        assert grown(before, replace(most, **{name: getattr(most, name) + 1}))[0].startswith(name)
    for name, count in most.threads.items():
        more = replace(most, threads={**most.threads, name: count + 1})
        assert grown(before, more) == [f"threads of {name}: {threads} -> {count + 1}"]


@pytest.mark.parametrize("minutes", [6.0, 10.0])
def test_a_day_of_settings_keeps_the_order_of_ages(minutes: float) -> None:
    ages = [int(value) for value in Day(minutes).settings().values()]
    token, session, idle, lifetime = ages
    assert idle < lifetime < token < session
