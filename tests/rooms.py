"""Two nodes that take turns in one database: what one has stored is put away while the other works.

Cheap enough for laws over random programs. The real thing, two databases and a line between them, is the pair of nodes
that ``ops.pytest_plugin`` makes.
"""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection

from federation import conflicts
from journal import fold
from journal.chain import genesis
from journal.guard import applying
from journal.models import Aggregate, Chain, Entry, Position
from journal.record import head
from journal.transfer import Raw
from journal.types import replicas

AHEAD_US = 90_000_000


class Rooms:
    """The nodes of Jena and Gera, with one and the same past. ``ahead``: whose clock runs a minute and a half ahead."""

    def __init__(self, settings: Any, ahead: str = "") -> None:
        self._settings = settings
        past = self._stored()
        self._raws = {"jena": list(past), "gera": list(past)}
        now = Position.objects.get().hlc
        self._clocks = {name: now + (AHEAD_US if name == ahead else 0) for name in self._raws}
        self._here = ""

    @staticmethod
    def _stored() -> list[Raw]:
        return [Raw.of(entry) for entry in Entry.objects.order_by("pos")]

    @contextmanager
    def at(self, name: str) -> Iterator[None]:
        """Everything inside happens at this node."""
        if name != self._here:
            self._put_away()
            self._enter(name)
        yield

    def _put_away(self) -> None:
        if self._here:
            self._raws[self._here], self._clocks[self._here] = self._stored(), Position.objects.get().hlc

    @staticmethod
    def _clear() -> None:
        """As ``fold.clear``, row by row: making the files of all tables anew takes ten times as long."""
        tables = {r.model._meta.db_table: None for r in reversed(replicas())}
        with connection.cursor() as cursor, applying():
            cursor.execute("TRUNCATE journal_entry")
            for table in (*tables, "journal_aggregate", "journal_chain", "journal_quarantine", "journal_receipt"):
                cursor.execute(f'DELETE FROM "{table}"')

    def _enter(self, name: str) -> None:
        self._clear()
        Position.objects.update(hlc=self._clocks[name])
        self._settings.LEITSTELLE_NODE, self._settings.LEITSTELLE_CENTRES = name, [name]
        raws = self._raws[name]
        fold.absorb(raws)
        self._note_heads(raws)
        Chain.objects.create(origin=name, incarnation=1, seq=0, hash=genesis(name, 1))
        self._note_chains(raws)
        self._here = name

    @staticmethod
    def _note_heads(raws: list[Raw]) -> None:
        """What was stored last of each aggregate is what its next author has seen."""
        heads = {raw.subject: raw.hash for raw in raws}
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE journal_aggregate a SET head_hash = n.hash"
                " FROM unnest(%s::text[], %s::text[], %s::bytea[]) AS n(kind, ident, hash)"
                " WHERE a.kind = n.kind AND a.ident = n.ident",
                [[kind for kind, _ in heads], [ident for _, ident in heads], list(heads.values())],
            )
        assert Aggregate.objects.count() == len(heads)

    @staticmethod
    def _note_chains(raws: list[Raw]) -> None:
        for raw in {raw.origin: raw for raw in raws}.values():
            values = {"seq": raw.seq, "hash": raw.hash}
            Chain.objects.update_or_create(origin=raw.origin, incarnation=raw.incarnation, defaults=values)

    def hear(self, giver: str, taker: str, dice: random.Random, *, note: bool = True) -> None:
        """The taker gets what it lacks, in batches as a link brings them, and looks for conflicts after each."""
        with self.at(taker):
            have = {raw.hash for raw in self._stored()}
            coming = [raw for raw in self._raws[giver] if raw.hash not in have]
            while coming:
                size = dice.choice([1, 3, 10, 50])
                before = head()
                fold.absorb(coming[:size])
                self._note_chains(coming[:size])
                coming = coming[size:]
                if note:
                    conflicts.note_between(before, head())

    def heal(self, dice: random.Random) -> None:
        """Both hear everything: what the other did, then what the other noted about it."""
        for _round in range(2):
            for giver, taker in dice.sample([("jena", "gera"), ("gera", "jena")], k=2):
                self.hear(giver, taker, dice)
