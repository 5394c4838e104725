"""A node's further lives: after a restore from an old backup it must not give its numbers out a second time.

Whoever was restored lacks the end of its own chain, which the others hold. Its new entries go into a new incarnation
with a chain of its own; the old end comes back from the others like any entry. If it had written on before it noticed,
that tail bears numbers that elsewhere mean something else: nobody else has taken it (it does not follow what they
know), so it is moved, unchanged in content, into the new incarnation.
"""

import logging

from django.conf import settings
from django.db import connection, transaction

from journal.chain import entry_hash, genesis
from journal.models import Chain, Entry
from journal.transfer import Raw

logger = logging.getLogger(__name__)

_MOVE = """
UPDATE journal_entry SET incarnation = %s, seq = %s, parent = %s, prev_hash = %s, hash = %s WHERE pos = %s
"""


def current(origin: str = "") -> int:
    """The incarnation in which ``origin`` (empty: this node) writes; 1 before its first entry."""
    chain = Chain.objects.filter(origin=origin or settings.LEITSTELLE_NODE).order_by("-incarnation").first()
    return chain.incarnation if chain else 1


@transaction.atomic(durable=True)
def begin(known: int, common: int | None = None) -> int:
    """Begin a new incarnation above ``known``, the highest that anybody has heard of; returns it.

    common: sequence number up to which our latest incarnation is the same everywhere; what we wrote after it moves
    into the new one. None: all of ours is (or will be) the same.
    """
    origin = settings.LEITSTELLE_NODE
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(112112)")  # as journal_append: nobody writes meanwhile
        last = current()
        new = max(known, last) + 1
        tail = [] if common is None else _tail(origin, last, common)
        if tail and common is not None:
            cursor.execute("SET LOCAL journal.reincarnates = 'yes'")
            seq, digest = _moved(cursor, tail, new)
            kept = Entry.objects.filter(origin=origin, incarnation=last, seq=common).first()
            Chain.objects.filter(origin=origin, incarnation=last).update(
                seq=common, hash=bytes(kept.hash) if kept else genesis(origin, last)
            )
        else:
            seq, digest = 0, genesis(origin, new)
        Chain.objects.create(origin=origin, incarnation=new, seq=seq, hash=digest)
    logger.warning("%s begins its incarnation %s; %s entries moved into it", origin, new, len(tail))
    return new


def _tail(origin: str, incarnation: int, common: int) -> list[tuple[int, Raw]]:
    entries = Entry.objects.filter(origin=origin, incarnation=incarnation, seq__gt=common).order_by("seq")
    return [(entry.pos, Raw.of(entry)) for entry in entries]


def _moved(cursor, tail: list[tuple[int, Raw]], incarnation: int) -> tuple[int, bytes]:  # type: ignore[no-untyped-def]
    """Write the entries anew as the beginning of ``incarnation``; returns its last number and hash."""
    digest = genesis(settings.LEITSTELLE_NODE, incarnation)
    renamed: dict[bytes, bytes] = {}
    seq = 0
    for seq, (pos, raw) in enumerate(tail, 1):
        parent = renamed.get(raw.parent, raw.parent) if raw.parent else None
        previous = digest
        digest = entry_hash(previous, raw.origin, incarnation, seq, raw.hlc, parent, raw.body)
        renamed[raw.hash] = digest
        cursor.execute(_MOVE, [incarnation, seq, parent, previous, digest, pos])
    columns = [list(renamed), list(renamed.values())]
    cursor.execute(
        "UPDATE journal_aggregate a SET head_hash = n.new FROM unnest(%s::bytea[], %s::bytea[]) AS n(old, new)"
        " WHERE a.head_hash = n.old",
        columns,
    )
    return seq, digest
