"""Entries of any origin, in any order, any number of times: the same tables.

The state of an aggregate is the fold of its own entries in clock order ``(hlc, origin, incarnation, seq)``. An entry
newer than everything applied so far is simply applied; one that arrives late makes this node fold that one aggregate
again. A batch from another node is applied in waves (the first entry of each aggregate, then the second …), so that
one statement serves many aggregates; see ``EntryType.apply_many``.
"""

import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Min, QuerySet

from journal import quarantine, rows, shelf
from journal.envelope import UnknownType, decode
from journal.guard import applying
from journal.keys import keys_for_reading
from journal.models import Aggregate, Chain, Entry, Position, Quarantine
from journal.transfer import Raw
from journal.types import EntryType, Fact, Replica, replicas

logger = logging.getLogger(__name__)

# Every aggregate that a command touched which left entries in more than one chain.
_TOUCHED_TWICE = """
SELECT DISTINCT aggregate_kind, aggregate_id FROM journal_entry WHERE command_id IN (
    SELECT command_id FROM journal_entry WHERE command_id = ANY(%s)
     GROUP BY 1 HAVING count(DISTINCT (origin, incarnation)) > 1)
"""

Subject = tuple[str, str]
Subjects = dict[Subject, list[Raw]]
Wave = dict[type[EntryType], list[tuple[Raw, Fact]]]


@transaction.atomic
def absorb(raws: Iterable[Raw]) -> int:
    """Store and apply entries made elsewhere; known ones are passed over. Returns how many were new."""
    new = shelf.unknown(list(raws))
    if new:
        absorb_unknown(new)
    return len(new)


def absorb_unknown(new: Sequence[Raw]) -> int:
    """Store and apply entries that are known to be new, within the caller's transaction. Returns our position.

    The order of locks is that of a command: the rows of the aggregates, then the position. Chains are the caller's
    business, see ``journal.receive``.
    """
    subjects: Subjects = defaultdict(list)
    for raw in sorted(new, key=lambda raw: raw.order):
        subjects[raw.subject].append(raw)
    with rows.sent_together():
        _lock_roots(subjects)
        before = shelf.heads(subjects)
        keys = _keys_of(subjects)
    # Equal: of another life of the same node, which counted on from the same clock after a restore.
    late = {subject for subject, theirs in subjects.items() if theirs[0].order[:2] <= before.get(subject, (0, ""))}
    failed = _apply_in_waves({s: theirs for s, theirs in subjects.items() if s not in late}, keys)
    # Forgotten by an entry among these: what was read with the key before that is folded again, without it.
    late |= keys.keys() - _keys_of(keys).keys() if keys else set()
    first_pos, now = shelf.take_positions(new, subjects)
    # What came in between reading the heads and now was folded in the wrong order.
    late |= {subject for subject in subjects if now.get(subject) != before.get(subject)}
    positions = shelf.store(new, first_pos)
    with rows.sent_together():
        shelf.raise_heads(subjects, now)
        late |= _executed_twice(new)
    quarantine.put_aside([(positions[raw.order], raw, reason) for raw, reason in failed])
    for kind, ident in late:
        refold(kind, ident)
    return first_pos + len(new) - 1


def _lock_roots(subjects: Subjects) -> None:
    """Lock the aggregates' own rows where services do, in the same order as they (``Replica.rank``)."""
    for replica in sorted((r for r in replicas() if r.rank < 9 and r.by == "pk"), key=lambda r: r.rank):
        pk = replica.model._meta.pk
        idents = [pk.to_python(ident) for kind, ident in subjects if kind == replica.aggregate]
        if idents:
            with connection.cursor() as cursor:
                table = replica.model._meta.db_table
                # The names come from our own model, never from outside.
                cursor.execute(
                    f'SELECT 1 FROM "{table}" WHERE "{pk.column}" = ANY(%s) ORDER BY "{pk.column}" FOR NO KEY UPDATE',
                    [idents],
                )


def _keys_of(subjects: Mapping[Subject, Any]) -> dict[Subject, tuple[bytes, ...]]:
    found = keys_for_reading([f"{kind}:{ident}" for kind, ident in subjects])
    return {(kind, ident): found[key] for kind, ident in subjects if (key := f"{kind}:{ident}") in found}


def _apply_in_waves(subjects: Subjects, keys: Mapping[Subject, Sequence[bytes]]) -> list[tuple[Raw, str]]:
    """Apply entries that come after everything known of their aggregates; returns those that could not be."""
    failed: list[tuple[Raw, str]] = []
    queues: list[list[tuple[Raw, Fact]]] = []
    for subject, raws in subjects.items():
        facts = []
        for raw in raws:
            try:
                facts.append((raw, decode(raw.body, keys.get(subject, ()))))
            except (UnknownType, ValueError) as error:
                failed.append((raw, quarantine.reason(error)))
        queues.append(_from_last_absolute(facts))
    waves = list(_waves(queues))
    try:
        with transaction.atomic():
            for wave in waves:
                _apply_wave(wave)
    except Exception as error:
        if quarantine.passes_on(error):
            raise
        for wave in waves:
            for cls, group in wave.items():
                failed += _apply_carefully(cls, group)
    return failed


def _from_last_absolute(facts: list[tuple[Raw, Fact]]) -> list[tuple[Raw, Fact]]:
    """What stands before an entry that sets everything anew need not be applied."""
    for index in range(len(facts) - 1, 0, -1):
        if facts[index][1].data.absolute():
            return facts[index:]
    return facts


def _waves(queues: list[list[tuple[Raw, Fact]]]) -> Iterable[Wave]:
    """The n-th entry of every aggregate, by type: within a wave no two facts belong to one aggregate."""
    for index in range(max(map(len, queues), default=0)):
        wave: Wave = defaultdict(list)
        for queue in queues:
            if index < len(queue):
                wave[type(queue[index][1].data)].append(queue[index])
        yield wave


def _apply_wave(wave: Wave) -> None:
    with applying(), rows.gathered() as gathering:
        for cls, group in wave.items():
            cls.apply_many([fact for _raw, fact in group], gathering.next_fact)


def _apply_carefully(cls: type[EntryType], group: list[tuple[Raw, Fact]]) -> list[tuple[Raw, str]]:
    """All at once; where that fails one by one, so that a poisoned entry stops nothing but itself."""
    try:
        with transaction.atomic():
            _apply_wave({cls: group})
    except Exception as error:
        if quarantine.passes_on(error):
            raise
        return [(raw, reason) for raw, fact in group if (reason := _apply_guarded(fact))]
    return []


def _apply_guarded(fact: Fact) -> str:
    """Apply one fact; returns why it could not be, else nothing."""
    try:
        with transaction.atomic():
            apply(fact)
    except Exception as error:
        if quarantine.passes_on(error):
            raise
        logger.exception("%s cannot be applied", fact.type)
        return quarantine.reason(error)
    return ""


def apply(fact: Fact) -> None:
    """Run the handler of one fact."""
    with applying():
        fact.data.apply(fact)


@transaction.atomic
def refold(kind: str, ident: str) -> None:
    """Build one aggregate's rows anew from its entries in clock order."""
    subject = f"{kind}:{ident}"
    keys = keys_for_reading([subject]).get(subject, ())
    entries = Entry.objects.filter(aggregate_kind=kind, aggregate_id=ident)
    repeated = repeated_commands(entries)
    facts: list[tuple[int, Entry, Fact]] = []
    unreadable: list[tuple[int, Entry, str]] = []
    for entry in entries.order_by("-hlc", "-origin", "-incarnation", "-seq").iterator():
        if (entry.command_id, entry.origin, entry.incarnation) in repeated:
            continue
        try:
            fact = decode(entry.body, keys)
        except (UnknownType, ValueError) as error:
            unreadable.append((entry.pos, entry, quarantine.reason(error)))
            continue
        facts.append((entry.pos, entry, fact))
        if fact.data.absolute():
            break
    Quarantine.objects.filter(aggregate_kind=kind, aggregate_id=ident).delete()
    with applying():
        for replica in reversed(replicas(kind)):
            _rows(replica, ident).delete()
    for pos, entry, fact in reversed(facts):
        if reason := _apply_guarded(fact):
            unreadable.append((pos, entry, reason))
    quarantine.put_aside(unreadable)
    if keys and not keys_for_reading([subject]):
        # A forgetting among them: what others wrote after it, not knowing, was read with the key once more. Not again.
        refold(kind, ident)


def retry_quarantined() -> int:
    """Fold again what was put aside, as far as this version can read it now; returns how many aggregates are whole.
    At the start of a process: what a new version knows, the old one had kept."""
    put_aside = Quarantine.objects.values_list("aggregate_kind", "aggregate_id").distinct()
    whole = 0
    for kind, ident in list(put_aside):
        refold(kind, ident)
        whole += not Quarantine.objects.filter(aggregate_kind=kind, aggregate_id=ident).exists()
    return whole


def _rows(replica: Replica, ident: str) -> "QuerySet[Any]":
    return replica.model._default_manager.filter(**{replica.by: ident})


Execution = tuple[UUID | None, str, int]


def repeated_commands(entries: "QuerySet[Entry]") -> set[Execution]:
    """Executions of commands that another node had carried out too, and earlier: nodes that are cut off from each
    other cannot know. Both stand in the journal; only the earliest is folded, or one command would act twice."""
    commands = entries.exclude(command_id=None).values("command_id")
    executions = (
        Entry.objects.filter(command_id__in=commands)
        .values_list("command_id", "origin", "incarnation")
        .annotate(first=Min("hlc"))
    )
    by_command: dict[UUID, list[tuple[int, str, int]]] = defaultdict(list)
    for command_id, origin, incarnation, first in executions:
        by_command[command_id].append((first, origin, incarnation))
    return {
        (command_id, origin, incarnation)
        for command_id, times in by_command.items()
        for _first, origin, incarnation in sorted(times)[1:]
    }


def _executed_twice(new: Sequence[Raw]) -> set[Subject]:
    """Aggregates touched by a command of ``new`` that was carried out at two nodes."""
    commands = list({raw.command_id for raw in new if raw.command_id})
    if not commands:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(_TOUCHED_TWICE, [commands])
        return set(cursor.fetchall())


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
    tables = {r.model._meta.db_table for r in replicas()}
    tables |= {m._meta.db_table for m in (Entry, Aggregate, Chain, Quarantine)}
    with connection.cursor() as cursor, applying():
        # CASCADE: Django's own admin log points at users.
        cursor.execute("TRUNCATE " + ", ".join(f'"{name}"' for name in sorted(tables)) + " CASCADE")
    Position.objects.update(pos=0)
