"""Entries of any origin, in any order, any number of times: the same tables.

The state of an aggregate is the fold of its own entries in clock order ``(hlc, origin, seq)``. An entry newer than
everything applied so far is simply applied; one that arrives late makes this node fold that one aggregate again.
"""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from journal.envelope import UnknownType, decode
from journal.guard import applying
from journal.keys import keys_for_reading
from journal.models import Aggregate, Chain, Entry, Position
from journal.types import Fact, Replica, replicas

logger = logging.getLogger(__name__)

# Kept, and applied by the version that can read it.
UNREADABLE = (UnknownType, ValueError)


class BrokenChain(ValueError):
    """An entry does not follow its predecessor: a gap, a fork or a changed byte."""


@dataclass(frozen=True, slots=True)
class Raw:
    """An entry as it travels: what is hashed, and the hash."""

    origin: str
    incarnation: int
    seq: int
    hlc: int
    parent: bytes | None
    prev_hash: bytes
    hash: bytes
    type: str
    aggregate_kind: str
    aggregate_id: str
    command_id: object
    body: str

    @classmethod
    def of(cls, entry: Entry) -> "Raw":
        values = {name: getattr(entry, name) for name in cls.__dataclass_fields__}
        for name in ("parent", "prev_hash", "hash"):
            values[name] = bytes(values[name]) if values[name] is not None else None
        return cls(**values)

    @property
    def order(self) -> tuple[int, str, int]:
        return self.hlc, self.origin, self.seq


@transaction.atomic
def receive(raws: Iterable[Raw]) -> int:
    """Store and apply entries made elsewhere; known ones are passed over. Returns how many were new."""
    new = 0
    for raw in raws:
        if _known(raw):
            continue
        _store(raw)
        _apply_in_order(raw)
        new += 1
    return new


def _known(raw: Raw) -> bool:
    same = Entry.objects.filter(origin=raw.origin, incarnation=raw.incarnation, seq=raw.seq)
    stored = same.values_list("hash", flat=True).first()
    if stored is not None and bytes(stored) != raw.hash:
        raise BrokenChain(f"{raw.origin}/{raw.incarnation}/{raw.seq} is known with another content")
    return stored is not None


def _store(raw: Raw) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE journal_position SET pos = pos + 1, hlc = greatest(hlc, %s) RETURNING pos", [raw.hlc])
        pos = cursor.fetchone()[0]
    values = {name: getattr(raw, name) for name in Raw.__dataclass_fields__}
    Entry(pos=pos, stored_at=timezone.now(), **values).save(force_insert=True)
    chain, _created = Chain.objects.get_or_create(
        origin=raw.origin, incarnation=raw.incarnation, defaults={"seq": raw.seq, "hash": raw.hash}
    )
    if raw.seq > chain.seq:
        Chain.objects.filter(pk=chain.pk).update(seq=raw.seq, hash=raw.hash)


def _apply_in_order(raw: Raw) -> None:
    kind, ident = raw.aggregate_kind, raw.aggregate_id
    head = Aggregate.objects.filter(kind=kind, ident=ident).first()
    if head is not None and (raw.hlc, raw.origin) < (head.head_hlc, head.head_origin):
        refold(kind, ident)
        return
    Aggregate.objects.update_or_create(
        kind=kind,
        ident=ident,
        defaults={"head_hash": raw.hash, "head_hlc": raw.hlc, "head_origin": raw.origin},
    )
    subject = f"{kind}:{ident}"
    try:
        fact = decode(raw.body, keys_for_reading([subject]).get(subject, ()))
    except UNREADABLE as error:
        logger.error("%s of %s is kept and not applied: %s", raw.type, subject, type(error).__name__)
        return
    apply(fact)


def apply(fact: Fact) -> None:
    """Run the handler of one fact."""
    with applying():
        fact.data.apply(fact)


@transaction.atomic
def refold(kind: str, ident: str) -> None:
    """Build one aggregate's rows anew from its entries in clock order."""
    subject = f"{kind}:{ident}"
    keys = keys_for_reading([subject]).get(subject, ())
    facts: list[Fact] = []
    newest_first = Entry.objects.filter(aggregate_kind=kind, aggregate_id=ident).order_by("-hlc", "-origin", "-seq")
    for entry in newest_first.iterator():
        try:
            facts.append(decode(entry.body, keys))
        except UNREADABLE:
            continue
        if facts[-1].data.absolute():
            break
    with applying():
        for replica in reversed(replicas(kind)):
            _rows(replica, ident).delete()
    for fact in reversed(facts):
        apply(fact)
    if keys and not keys_for_reading([subject]):
        # A forgetting among them: what others wrote after it, not knowing, was read with the key once more. Not again.
        refold(kind, ident)


def _rows(replica: Replica, ident: str) -> "QuerySet[Any]":
    return replica.model._default_manager.filter(**{replica.by: ident})


def digests() -> dict[str, str]:
    """One hash per replicated table over all its rows; equal on nodes that hold the same entries."""
    result: dict[str, str] = {}
    with connection.cursor() as cursor:
        for replica in {r.model: r for r in replicas()}.values():
            table, pk = replica.model._meta.db_table, replica.model._meta.pk.column
            # Identifiers come from our own models, never from outside.
            cursor.execute(
                f"SELECT coalesce(md5(string_agg(md5(t::text), '' ORDER BY t.\"{pk}\"::text)), '') FROM \"{table}\" t"
            )
            result[table] = cursor.fetchone()[0]
    return result


def clear() -> None:
    """Empty the journal and every replicated table of this database: the start of a rebuild or of a test."""
    tables = {r.model._meta.db_table for r in replicas()} | {m._meta.db_table for m in (Entry, Aggregate, Chain)}
    with connection.cursor() as cursor, applying():
        # CASCADE: Django's own admin log points at users.
        cursor.execute("TRUNCATE " + ", ".join(f'"{name}"' for name in sorted(tables)) + " CASCADE")
    Position.objects.update(pos=0)
