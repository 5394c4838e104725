"""The one write path: apply the entries, then number and store them, last of all, in the same transaction."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from django.conf import settings
from django.db import connection
from django.utils import timezone

from journal.actor import Actor
from journal.envelope import Envelope, encode
from journal.guard import applying
from journal.keys import key_for_writing
from journal.types import EntryType, replicas

# One INSERT carries a whole command. An alarm of a hundred units is three hundred entries; ten thousand is a bug.
MAX_ENTRIES_PER_COMMAND = 10_000


class Network:
    """Whether this node is linked with others: whoever links it says so. A lone one has no terms to look up."""

    linked: Callable[[], bool] | None = None


@dataclass(slots=True)
class Transaction:
    """What one command records. Lives inside ``transaction.atomic(durable=True)``; see ``journal.commands``."""

    actor: Actor
    command_id: UUID | None = None
    at: datetime = field(default_factory=timezone.now)
    envelopes: list[Envelope] = field(default_factory=list)

    def record(self, data: EntryType, *, term: int = 1) -> None:
        """Apply ``data`` to the tables now; it is stored when the command ends. Call under the rows' locks."""
        if len(self.envelopes) >= MAX_ENTRIES_PER_COMMAND:
            raise OverflowError(f"more than {MAX_ENTRIES_PER_COMMAND} entries in one command")
        envelope = Envelope(data, self.at, self.actor, self.command_id, term)
        with applying():
            data.apply(envelope.fact())
        self.envelopes.append(envelope)

    def append(self, name: str = "", result: dict[str, Any] | None = None) -> int:
        """Store all recorded entries, and the command's receipt if it has an id; return the position of the last
        entry (the current head if there is none).

        Takes the counter row, which is held to the commit: nothing may follow. Raises IntegrityError if the command
        already has a receipt.
        """
        keys = {e.subject: key_for_writing(e.subject) for e in self.envelopes if e.data.personal}
        terms = terms_of(self.envelopes) if Network.linked and Network.linked() else {}
        entries = [
            {
                "type": e.data.type_name,
                "kind": e.data.aggregate,
                "ident": e.data.aggregate_id(),
                "body": encode(e, keys.get(e.subject), max(e.term, terms.get(e.subject, 1))),
            }
            for e in self.envelopes
        ]
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT journal_append(%s, %s, %s::jsonb, %s, %s, %s)",
                [
                    settings.LEITSTELLE_NODE,
                    self.command_id,
                    orjson.dumps(entries).decode(),
                    name,
                    self.actor.key,
                    orjson.dumps(result or {}).decode(),
                ],
            )
            return int(cursor.fetchone()[0])


def terms_of(envelopes: Iterable[Envelope]) -> dict[str, int]:
    """The term under which each aggregate is answered for now, by subject, where there is one."""
    terms: dict[str, int] = {}
    for replica in replicas():
        idents = {e.data.aggregate_id() for e in envelopes if e.data.aggregate == replica.aggregate}
        if replica.term and idents:
            table, pk = replica.model._meta.db_table, replica.model._meta.pk
            with connection.cursor() as cursor:
                # Names of our own model, never from outside.
                cursor.execute(
                    f'SELECT "{pk.column}"::text, "{replica.term}" FROM "{table}" WHERE "{pk.column}" = ANY(%s)',
                    [[pk.to_python(ident) for ident in idents]],
                )
                terms |= {f"{replica.aggregate}:{ident}": term for ident, term in cursor.fetchall()}
    return terms


def head() -> int:
    """Position of the newest entry this node has stored (0 for none)."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(max(pos), 0) FROM journal_position")
        return int(cursor.fetchone()[0])
