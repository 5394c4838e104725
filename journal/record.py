"""The one write path: apply the entries, then number and store them, last of all, in the same transaction."""

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
from journal.types import EntryType

# One INSERT carries a whole command. An alarm of a hundred units is three hundred entries; ten thousand is a bug.
MAX_ENTRIES_PER_COMMAND = 10_000


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
        entries = [
            {
                "type": e.data.type_name,
                "kind": e.data.aggregate,
                "ident": e.data.aggregate_id(),
                "body": encode(e, keys.get(e.subject)),
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


def head() -> int:
    """Position of the newest entry this node has stored (0 for none)."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(max(pos), 0) FROM journal_position")
        return int(cursor.fetchone()[0])
