"""What the link to another node reads: how far this one has each origin's chain, and the entries after a place in it.

Only what is flushed to disk may leave, or the other side could hold a fork of our chain. Commits here are synchronous
(``synchronous_commit=on``), and PostgreSQL makes such a transaction visible to others only after its flush: what this
module can read has been flushed.
"""

from collections.abc import Mapping
from uuid import UUID

from django.db import connection

from journal.keys import keys_of
from journal.models import Entry, Store
from journal.rows import sent_together
from journal.transfer import Batch, KeptReceipt, Raw

Have = Mapping[str, tuple[tuple[int, int, bytes], ...]]

# Asked with every commit of this node, so not through the ORM.
_HAVE = "SELECT origin, incarnation, seq, hash FROM journal_chain ORDER BY origin, incarnation"
_READ = """
SELECT origin, incarnation, seq, hlc, parent, prev_hash, hash, type, aggregate_kind, aggregate_id, command_id, body
  FROM journal_entry WHERE origin = %s AND incarnation = %s AND seq > %s ORDER BY seq LIMIT %s
"""
_RECEIPTS = "SELECT command_id, name, actor_id, answer, created_at FROM journal_receipt WHERE command_id = ANY(%s)"


def have() -> Have:
    """Per origin, by ascending incarnation: (incarnation, highest sequence number, its hash)."""
    result: dict[str, tuple[tuple[int, int, bytes], ...]] = {}
    with connection.cursor() as cursor:
        cursor.execute(_HAVE)
        for origin, incarnation, seq, digest in cursor.fetchall():
            result[origin] = (*result.get(origin, ()), (incarnation, seq, bytes(digest)))
    return result


def read(origin: str, incarnation: int, after_seq: int, limit: int) -> Batch:
    """The entries after ``after_seq`` of one chain, at most ``limit``, with the keys and receipts they need."""
    with connection.cursor() as cursor:
        cursor.execute(_READ, [origin, incarnation, after_seq, limit])
        entries = [_raw(row) for row in cursor.fetchall()]
        commands = {raw.command_id for raw in entries if raw.command_id}
        subjects = {f"{raw.aggregate_kind}:{raw.aggregate_id}" for raw in entries if raw.sealed}
        with sent_together():
            cursor.execute(_RECEIPTS, [list(commands)])
            keys = keys_of(subjects) if subjects else []
            return Batch(entries, keys, [KeptReceipt(*row) for row in cursor.fetchall()])


def _raw(row: tuple) -> Raw:  # type: ignore[type-arg]
    origin, incarnation, seq, hlc, parent, prev_hash, digest, name, kind, ident, command_id, body = row
    seen = bytes(parent) if parent is not None else None
    return Raw(
        origin, incarnation, seq, hlc, seen, bytes(prev_hash), bytes(digest), name, kind, ident, command_id, body
    )  # fmt: skip


def store_id() -> UUID:
    """The identity of this database."""
    return Store.objects.values_list("id", flat=True).get()


def entries_at(origin: str, incarnation: int, seqs: list[int]) -> dict[int, bytes]:
    """The hashes of the entries that exist among ``seqs`` of one chain: what finds the last common one of two."""
    rows = Entry.objects.filter(origin=origin, incarnation=incarnation, seq__in=seqs).values_list("seq", "hash")
    return {seq: bytes(digest) for seq, digest in rows}
