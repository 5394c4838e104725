"""What tests of the link look at: the content of nodes, and a stranger with a websocket."""

import json
import time
from collections.abc import Callable
from typing import Any

import psycopg

from journal.types import replicas
from ops.node import Node
from ops.served import ServedNode

PATIENCE_SECONDS = 45.0
CHAINS = (
    "SELECT coalesce(md5(string_agg(origin || incarnation || '/' || seq || encode(hash, 'hex'), ',' ORDER BY origin,"
    " incarnation, seq)), '') FROM journal_entry"
)


def eventually(check: Callable[[], Any], what: object = "", patience: float = PATIENCE_SECONDS) -> Any:
    """The first true value of ``check``. Raises AssertionError with ``what`` (called, if it can be) when time is up."""
    deadline = time.monotonic() + patience
    while not (value := check()):
        assert time.monotonic() < deadline, what() if callable(what) else what
        time.sleep(0.05)
    return value


def query(node: Node, statement: str, *values: object) -> list[tuple[Any, ...]]:
    with psycopg.connect(node.env["DATABASE_URL"]) as database:
        return database.execute(statement, values).fetchall()  # type: ignore[call-overload,no-any-return]


def content(node: Node) -> dict[str, str]:
    """One hash over all entries, and one over every replicated table."""
    found = {"journal_entry": query(node, CHAINS)[0][0]}
    for replica in {replica.model: replica for replica in replicas()}.values():
        table, pk = replica.model._meta.db_table, replica.model._meta.pk.column
        found[table] = query(
            node, f"SELECT coalesce(md5(string_agg(md5(t::text), '' ORDER BY t.\"{pk}\"::text)), '') FROM \"{table}\" t"
        )[0][0]
    return found


def equal(*nodes: Node, patience: float = PATIENCE_SECONDS) -> None:
    """Wait until all hold the same entries and the same tables."""

    def differing() -> list[str]:
        contents = [content(node) for node in nodes]
        return [name for name in contents[0] if len({found[name] for found in contents}) > 1]

    eventually(lambda: not differing(), differing, patience)


def link(node: Node, peer: str) -> dict[str, Any]:
    """The row of LinkState, with its age in seconds; empty for none."""
    columns = "state, lag_entries, behind_entries, secured_pos, shared, error, vitals, clock_ms, rtt_ms, version"
    rows = query(
        node,
        f"SELECT {columns}, extract(epoch FROM now() - updated_at)::float FROM federation_linkstate WHERE id = %s",
        f"{node.name}:{peer}",
    )
    return dict(zip([*columns.split(", "), "age"], rows[0], strict=True)) if rows else {}


def has_state(node: Node, peer: str, state: str) -> Callable[[], bool]:
    return lambda: link(node, peer).get("state") == state


def append(node: ServedNode, count: int, kind: str = "x.future") -> int:
    """Entries of a type that no version knows, straight into the journal of ``node``; gives the last position."""
    actor = {"kind": "system", "id": "t", "name": "t"}
    body = {"type": kind, "v": 1, "aggregate": "thing:1", "at": "2026-01-01T00:00:00+00:00", "actor": actor,
            "command": None, "term": 1, "data": {}}  # fmt: skip
    entry = {"type": kind, "kind": "thing", "ident": "1", "body": json.dumps(body)}
    call = "SELECT journal_append(%s, NULL, %s::jsonb, '', '', '{}')"
    with psycopg.connect(node.env["DATABASE_URL"]) as database:
        found = database.execute(call, [node.name, json.dumps([entry] * count)]).fetchone()
    assert found is not None
    return int(found[0])
