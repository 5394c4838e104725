"""The journal's own tables when entries come from elsewhere: many rows to a statement."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from django.db import connection
from django.utils import timezone

from journal.rows import sent_together
from journal.transfer import Raw

Subject = tuple[str, str]
Head = tuple[int, str]

_KNOWN = """
SELECT e.origin, e.incarnation, e.seq, e.hash FROM journal_entry e
  JOIN unnest(%s::text[], %s::int[], %s::bigint[]) AS n(origin, incarnation, seq) USING (origin, incarnation, seq)
"""
_HEADS = """
SELECT a.kind, a.ident, a.head_hlc, a.head_origin FROM journal_aggregate a
  JOIN unnest(%s::text[], %s::text[]) AS n(kind, ident) USING (kind, ident)
"""
# The same lock as in journal_append, for the same reason; the own clock never falls behind what was received.
_TAKE = """
WITH l AS MATERIALIZED (SELECT pg_advisory_xact_lock(112112))
INSERT INTO journal_position AS p (id, pos, hlc) SELECT 1, %s, %s FROM l
ON CONFLICT (id) DO UPDATE SET pos = p.pos + %s, hlc = greatest(p.hlc, %s) RETURNING p.pos
"""
_COPY = """
COPY journal_entry (pos, origin, incarnation, seq, hlc, parent, prev_hash, hash, type, aggregate_kind, aggregate_id,
                    command_id, body, stored_at) FROM STDIN
"""
_RAISE = """
INSERT INTO journal_aggregate AS a (kind, ident, head_hash, head_hlc, head_origin)
SELECT * FROM unnest(%s::text[], %s::text[], %s::bytea[], %s::bigint[], %s::text[])
ON CONFLICT (kind, ident) DO UPDATE SET head_hash = excluded.head_hash, head_hlc = excluded.head_hlc,
       head_origin = excluded.head_origin
"""


class BrokenChain(ValueError):
    """An entry does not follow its predecessor: a gap, a fork or a changed byte."""

    def __init__(self, origin: str, incarnation: int, seq: int, why: str) -> None:
        super().__init__(f"{origin}/{incarnation}/{seq}: {why}")
        self.origin, self.incarnation, self.seq = origin, incarnation, seq


def unknown(raws: Sequence[Raw]) -> list[Raw]:
    """Those that are not stored yet, each once. Raises BrokenChain for one that is known with another content."""
    columns: list[Any] = [[r.origin for r in raws], [r.incarnation for r in raws], [r.seq for r in raws]]
    with connection.cursor() as cursor:
        cursor.execute(_KNOWN, columns)
        known = {(origin, inc, seq): bytes(digest) for origin, inc, seq, digest in cursor.fetchall()}
    new: list[Raw] = []
    for raw in raws:
        identity = (raw.origin, raw.incarnation, raw.seq)
        if identity not in known:
            new.append(raw)
            known[identity] = raw.hash
        elif known[identity] != raw.hash:
            raise BrokenChain(*identity, "known with another content")
    return new


def heads(subjects: Collection[Subject]) -> dict[Subject, Head]:
    """The newest entry in clock order of each aggregate: (hlc, origin)."""
    columns: list[Any] = [[kind for kind, _ident in subjects], [ident for _kind, ident in subjects]]
    with connection.cursor() as cursor:
        cursor.execute(_HEADS, columns)
        return {(kind, ident): (hlc, origin) for kind, ident, hlc, origin in cursor.fetchall()}


def take_positions(new: Sequence[Raw], subjects: Collection[Subject]) -> tuple[int, dict[Subject, Head]]:
    """The first of as many positions, and the newest entries of ``subjects`` from here on, when nobody else stores: the
    counter is held to the commit, as is our clock at least at theirs."""
    count, hlc = len(new), max(raw.hlc for raw in new)
    with sent_together(), connection.cursor() as cursor:
        cursor.execute(_TAKE, [count, hlc, count, hlc])
        now = heads(subjects)
        return int(cursor.fetchone()[0]) - count + 1, now


def store(new: Sequence[Raw], first_pos: int) -> dict[tuple[int, str, int, int], int]:
    """Write the entries from ``first_pos`` on; returns the position of each by its ``order``."""
    now = timezone.now()
    positions = {}
    with connection.cursor() as cursor, cursor.copy(_COPY) as copy:
        for pos, raw in enumerate(new, first_pos):
            positions[raw.order] = pos
            copy.write_row((
                pos, raw.origin, raw.incarnation, raw.seq, raw.hlc, raw.parent, raw.prev_hash, raw.hash, raw.type,
                raw.aggregate_kind, raw.aggregate_id, raw.command_id, raw.body, now,
            ))  # fmt: skip
    return positions


def raise_heads(subjects: Mapping[Subject, Sequence[Raw]], known: Mapping[Subject, Head]) -> None:
    """Note what was stored last of each aggregate, and what is newest. ``subjects``: entries in clock order."""
    rows = []
    for (kind, ident), raws in subjects.items():
        newest = max(raws[-1].order[:2], known.get((kind, ident), (0, "")))
        rows.append((kind, ident, raws[-1].hash, *newest))
    columns: list[Any] = [list(column) for column in zip(*rows, strict=True)]
    with connection.cursor() as cursor:
        cursor.execute(_RAISE, columns)
