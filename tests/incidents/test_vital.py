"""The vital process as it runs: killed, its database killed, asked to stop; no alarm and no deadline is lost."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from ops.cluster import Cluster
from ops.node import Node
from ops.redis_server import RedisServer
from tests.people import Dispatcher

PATIENCE_SECONDS = 30


@pytest.fixture
def own_node(
    private_servers: Callable[[], tuple[Cluster, RedisServer]], tmp_path: Path
) -> Iterator[tuple[Node, Cluster]]:
    """A node on a PostgreSQL that only this test uses and may kill."""
    cluster, redis = private_servers()
    url = cluster.create_database("vital")
    with Node("jena", database_url=url, redis_url=redis.url(), run_dir=tmp_path) as node:
        node.prepare(demo=True)
        node.start(["web", "vital"])
        node.wait_ready(["web"])
        yield node, cluster


def rows(node: Node, sql: str) -> list[Any]:
    with psycopg.connect(node.env["DATABASE_URL"]) as database:
        return database.execute(sql).fetchall()


def until(happened: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not happened():
        assert time.monotonic() < deadline, f"{what}: not within {PATIENCE_SECONDS} s"
        threading.Event().wait(0.05)


def all_sent(node: Node) -> bool:
    return {state for (state,) in rows(node, "SELECT DISTINCT state FROM incidents_alarmdelivery")} == {"sent"}


def alarm_next(person: Dispatcher, free: list[str]) -> str:
    incident = person.open_incident()
    person.must("incident.alarm", incident=incident, units=[{"unit": free.pop()}])
    return incident


def test_alarms_and_deadlines_outlive_process_and_database(
    own_node: tuple[Node, Cluster], request: pytest.FixtureRequest
) -> None:
    node, cluster = own_node
    person = Dispatcher(node, "jena1", "J1")
    request.addfinalizer(person.close)
    available = "SELECT u.id FROM resources_unit u JOIN resources_unitstate s ON s.unit_id = u.id" \
        " WHERE u.active AND s.status = 2 AND cardinality(u.media) > 0 ORDER BY u.id LIMIT 9"  # fmt: skip
    free = [ident for (ident,) in rows(node, available)]

    alarm_next(person, free)
    until(lambda: all_sent(node), "an alarm is delivered")

    node.kill("vital")
    alarm_next(person, free)
    assert not all_sent(node)
    node.start(["vital"])
    until(lambda: all_sent(node), "what was alarmed without the process is delivered by the next one")

    pid = node.children["vital"].pid
    cluster.kill()
    cluster.start()
    until(lambda: node.healthy("web"), "the web process has its database again")
    alarm_next(person, free)
    until(lambda: all_sent(node), "after an outage of the database the same process goes on")
    assert node.children["vital"].pid == pid
    assert node.running("vital")

    call = person.must("call.receive", call=str(uuid4()), centre="jena")["call"]
    fired = f"SELECT 1 FROM incidents_timer WHERE aggregate_id = '{call}' AND fired_at IS NOT NULL"
    until(lambda: bool(rows(node, fired)), "a call that waits too long alarms the room by itself")

    lines = (node.run_dir / "alarms.log").read_text(encoding="utf-8").splitlines()
    assert len(lines) >= 3
    vital = node.children["vital"]
    vital.ask_to_stop()
    until(lambda: not vital.running, "it ends when asked")
    assert vital.exit_code == 0

    # Half a vital process is worse than none: what it cannot live through ends it, so that a whole one is started.
    node.start(["vital"])
    with psycopg.connect(node.env["DATABASE_URL"]) as database:
        database.execute("ALTER TABLE incidents_timer RENAME TO incidents_timer_gone")
    vital = node.children["vital"]
    until(lambda: not vital.running, "one dead loop ends the process")
    assert vital.exit_code == 1
