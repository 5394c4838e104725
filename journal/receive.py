"""What another node sends: the chain is proved, then stored and applied with its keys and receipts, in one commit."""

import logging
import threading
import time
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from django.db import OperationalError, connection, transaction
from psycopg.errors import DeadlockDetected, LockNotAvailable

from journal import keys, notify
from journal.chain import genesis
from journal.fold import absorb_unknown
from journal.rows import sent_together
from journal.shelf import BrokenChain, unknown
from journal.transfer import Batch, KeptReceipt, Raw

logger = logging.getLogger(__name__)

# Our clock follows every entry it receives; one from so far ahead would push it beyond all use.
MAX_AHEAD_US = 366 * 86_400 * 1_000_000
TRIES = 5
# A catch-up fills tables within seconds, long before their statistics are renewed.
FIRST_PLANS = 500

_LOCK_CHAIN = "SELECT seq, hash FROM journal_chain WHERE origin = %s AND incarnation = %s FOR NO KEY UPDATE"
_MOVE_CHAIN = """
INSERT INTO journal_chain (origin, incarnation, seq, hash) VALUES (%s, %s, %s, %s)
ON CONFLICT (origin, incarnation) DO UPDATE SET seq = excluded.seq, hash = excluded.hash
"""
# Positions are each node's own: the answer names the position that the command's last entry has here.
_RECEIPTS = """
INSERT INTO journal_receipt (command_id, name, actor_id, answer, created_at)
SELECT r.command_id, r.name, r.actor_id,
       (r.answer::jsonb || jsonb_build_object('pos',
           (SELECT max(pos) FROM journal_entry e WHERE e.command_id = r.command_id)))::text, r.created_at
  FROM unnest(%s::uuid[], %s::text[], %s::text[], %s::text[], %s::timestamptz[])
       AS r(command_id, name, actor_id, answer, created_at)
ON CONFLICT (command_id) DO NOTHING
"""


class Growth(threading.local):
    """How much a thread has stored, so that its connection plans anew each time that has doubled: a plan kept from when
    a table had a few rows reads it whole for every batch when it has a hundred thousand."""

    stored = 0
    plan_at = FIRST_PLANS

    def by(self, entries: int) -> None:
        """To be called in a transaction."""
        self.stored += entries
        if self.stored >= self.plan_at:
            self.plan_at = 2 * self.stored
            with connection.cursor() as cursor:
                cursor.execute("DISCARD PLANS")


_growth = Growth()


def receive(batch: Batch) -> None:
    """Prove, store and apply a batch; on disk when this returns. Known entries are passed over.

    Raises BrokenChain for a gap, a fork, a changed byte or a clock beyond all reason: nothing of the batch is stored.
    """
    for attempt in range(1, TRIES + 1):
        try:
            pos = _receive(batch)
        except OperationalError as error:
            if attempt == TRIES or not isinstance(error.__cause__, DeadlockDetected | LockNotAvailable):
                raise
            logger.warning("receiving: %s, try %s", type(error.__cause__).__name__, attempt)
            continue
        break
    if pos is not None:
        notify.hint(pos)


@transaction.atomic(durable=True)
def _receive(batch: Batch) -> int | None:
    """Our position after what was new; None if nothing was."""
    chains: dict[tuple[str, int], list[Raw]] = defaultdict(list)
    for raw in batch.entries:
        chains[raw.origin, raw.incarnation].append(raw)
    with sent_together():
        fresh = [raw for (origin, inc), raws in sorted(chains.items()) for raw in _proved(origin, inc, raws)]
        keys.keep(batch.keys)
    pos = absorb_unknown(fresh) if fresh else None
    _keep_receipts(batch.receipts)
    _growth.by(len(fresh))
    return pos


def _proved(origin: str, incarnation: int, raws: Sequence[Raw]) -> list[Raw]:
    """Those of one chain that are new, once they are proved to continue it; moves the chain."""
    with connection.cursor() as cursor:
        cursor.execute(_LOCK_CHAIN, [origin, incarnation])
        row = cursor.fetchone()
    seq, digest = (row[0], bytes(row[1])) if row else (0, genesis(origin, incarnation))
    latest = int(time.time() * 1_000_000) + MAX_AHEAD_US
    known: list[Raw] = []
    fresh: list[Raw] = []
    for raw in raws:
        if raw.seq <= seq:
            known.append(raw)
            continue
        if raw.seq != seq + 1:
            raise BrokenChain(origin, incarnation, raw.seq, f"a gap after {seq}")
        if raw.prev_hash != digest:
            raise BrokenChain(origin, incarnation, raw.seq, "does not follow what is known: a fork")
        if not raw.genuine():
            raise BrokenChain(origin, incarnation, raw.seq, "not what its hash says")
        if raw.hlc > latest:
            raise BrokenChain(origin, incarnation, raw.seq, "its clock is more than a year ahead")
        seq, digest = raw.seq, raw.hash
        fresh.append(raw)
    if known:
        unknown(known)  # raises where one is known with another content
    if fresh:
        with connection.cursor() as cursor:
            cursor.execute(_MOVE_CHAIN, [origin, incarnation, seq, digest])
    return fresh


def _keep_receipts(receipts: Sequence[KeptReceipt]) -> None:
    if receipts:
        columns: list[Any] = [
            [r.command_id for r in receipts], [r.name for r in receipts], [r.actor_id for r in receipts],
            [r.answer for r in receipts], [r.created_at for r in receipts],
        ]  # fmt: skip
        with connection.cursor() as cursor:
            cursor.execute(_RECEIPTS, columns)
