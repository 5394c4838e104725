"""Record reference data through the journal: only what differs from what was last loaded."""

from collections.abc import Iterable
from dataclasses import dataclass

import orjson
from django.db import connection

from journal.actor import Actor, system
from journal.record import Transaction
from journal.types import EntryType, entry_type

LOADER = "reference"
# Two nodes on one database may start at once; the second waits and then finds nothing to do.
LOCK = "SELECT pg_advisory_xact_lock(112113)"
# What the loader itself recorded last. An administrator's later change is therefore left alone, until the file
# itself changes.
LOADED = """
SELECT DISTINCT ON (aggregate_kind, aggregate_id, type) type, body
  FROM journal_entry
 WHERE aggregate_kind = ANY(%s) AND type = ANY(%s) AND body::jsonb->'actor'->>'id' = %s
       AND body::jsonb->'actor'->>'kind' = 'system'
 ORDER BY aggregate_kind, aggregate_id, type, hlc DESC, origin DESC, seq DESC
"""


@dataclass(frozen=True, slots=True)
class Loaded:
    """How many entries were recorded, found unchanged, and taken out of use because their line is gone."""

    recorded: int
    unchanged: int
    retired: int


def actor() -> Actor:
    """Who loads reference data."""
    return system(LOADER)


def load(tx: Transaction, entries: Iterable[EntryType]) -> Loaded:
    """Record those of ``entries`` that differ from what was loaded before; retire rows whose line vanished.

    ``tx`` must act as ``actor()``. Types with personal fields cannot be compared and do not belong here.
    """
    wanted = {(entry.type_name, entry.aggregate_id()): entry for entry in entries}
    loaded = _loaded({entry.aggregate for entry in wanted.values()}, {name for name, _ident in wanted})
    recorded = 0
    for key, entry in wanted.items():
        if loaded.get(key) != entry.model_dump(mode="json"):
            tx.record(entry)
            recorded += 1
    retired = 0
    for (name, ident), data in loaded.items():
        cls = entry_type(name)
        if (name, ident) not in wanted and cls is not None and data.get("active"):
            tx.record(cls.model_validate_json(orjson.dumps(data | {"active": False})))
            retired += 1
    return Loaded(recorded, len(wanted) - recorded, retired)


def _loaded(kinds: set[str], types: set[str]) -> dict[tuple[str, str], dict[str, object]]:
    with connection.cursor() as cursor:
        cursor.execute(LOCK)
        cursor.execute(LOADED, [sorted(kinds), sorted(types), LOADER])
        rows = cursor.fetchall()
    result: dict[tuple[str, str], dict[str, object]] = {}
    for name, body in rows:
        value = orjson.loads(body)
        result[name, value["aggregate"].partition(":")[2]] = value["data"]
    return result
