"""Tables of the journal. All writes go through ``record``, ``fold`` and the SQL function of the first migration."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Entry(models.Model):
    """One fact, never changed once stored.

    ``pos`` is the order in which *this* node stored it (its readers' cursor); ``(origin, incarnation, seq)`` is its
    identity everywhere. ``hash`` = SHA-256 over ``prev_hash``, the identity, ``hlc``, ``parent`` and ``body``.
    ``body`` is kept as the exact bytes that were hashed; the other columns repeat parts of it for the indexes.
    """

    pos = models.BigIntegerField(primary_key=True)
    origin = models.TextField()
    incarnation = models.IntegerField()
    seq = models.BigIntegerField()
    hlc = models.BigIntegerField(help_text="hybrid logical clock, microseconds since 1970; orders, is never a cursor")
    parent = models.BinaryField(null=True, help_text="hash of the aggregate's entry that the author had seen last")
    prev_hash = models.BinaryField()
    hash = models.BinaryField()
    type = models.TextField()
    aggregate_kind = models.TextField()
    aggregate_id = models.TextField()
    command_id = models.UUIDField(null=True)
    body = models.TextField()
    stored_at = models.DateTimeField(help_text="wall clock of this node when it stored the entry")

    class Meta:
        verbose_name = _("Journaleintrag")
        verbose_name_plural = _("Journaleinträge")
        constraints = (models.UniqueConstraint(fields=["origin", "incarnation", "seq"], name="entry_identity"),)
        indexes = (
            models.Index(fields=["aggregate_kind", "aggregate_id", "hlc", "origin", "seq"], name="entry_aggregate"),
            models.Index(fields=["command_id"], name="entry_command"),
        )

    def __str__(self) -> str:
        return f"{self.pos} {self.type} {self.origin}/{self.incarnation}/{self.seq}"


class Position(models.Model):
    """The counter row behind ``pos`` and the persisted clock: one row, locked last and held to the commit.

    A sequence would not do: its numbers commit out of order and a reader behind a cursor loses rows.
    """

    id = models.SmallIntegerField(primary_key=True)
    pos = models.BigIntegerField()
    hlc = models.BigIntegerField()

    class Meta:
        constraints = (models.CheckConstraint(condition=models.Q(id=1), name="one_position"),)

    def __str__(self) -> str:
        return str(self.pos)


class Chain(models.Model):
    """How far this node has the chain of each origin. A restore from backup starts a new incarnation."""

    origin = models.TextField()
    incarnation = models.IntegerField()
    seq = models.BigIntegerField()
    hash = models.BinaryField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["origin", "incarnation"], name="chain_identity"),)

    def __str__(self) -> str:
        return f"{self.origin}/{self.incarnation}/{self.seq}"


class Aggregate(models.Model):
    """Everything the journal speaks about: the entry stored last (``head_hash``, what the next author has seen) and
    the newest one in clock order (``head_hlc``, ``head_origin``: what comes before it comes late)."""

    kind = models.TextField()
    ident = models.TextField()
    head_hash = models.BinaryField()
    head_hlc = models.BigIntegerField()
    head_origin = models.TextField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["kind", "ident"], name="aggregate_identity"),)

    def __str__(self) -> str:
        return f"{self.kind}:{self.ident}"


class Receipt(models.Model):
    """The first answer to a command; the same ``command_id`` gets it again and never acts twice."""

    command_id = models.UUIDField(primary_key=True)
    name = models.TextField()
    actor_id = models.TextField(help_text="nobody else may fetch the answer by guessing the id")
    answer = models.TextField(help_text="JSON, the exact answer that was given")
    created_at = models.DateTimeField()

    class Meta:
        verbose_name = _("Quittung")
        verbose_name_plural = _("Quittungen")

    def __str__(self) -> str:
        return f"{self.name} {self.command_id}"


class Key(models.Model):
    """A key under which personal fields of one aggregate are sealed. Destroying all of a subject's keys forgets them.

    ``maker``: the node that made it. Two nodes that were cut off from each other may both have made one; a seal says
    by itself which of them opens it.
    """

    subject = models.TextField(help_text="kind:id of the aggregate")
    maker = models.TextField()
    secret = models.BinaryField(null=True, help_text="AES-256 key; empty once destroyed")
    destroyed_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("Schlüssel")
        verbose_name_plural = _("Schlüssel")
        constraints = (models.UniqueConstraint(fields=["subject", "maker"], name="key_identity"),)

    def __str__(self) -> str:
        return self.subject


class Quarantine(models.Model):
    """An entry that is kept and could not be applied: its type is unknown here, or its handler failed. Everything
    else goes on; a version that can read it folds the aggregate anew."""

    pos = models.BigIntegerField(primary_key=True)
    origin = models.TextField()
    type = models.TextField()
    aggregate_kind = models.TextField()
    aggregate_id = models.TextField()
    reason = models.TextField()
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("Zurückgestellter Eintrag")
        verbose_name_plural = _("Zurückgestellte Einträge")
        indexes = (models.Index(fields=["aggregate_kind", "aggregate_id"], name="quarantine_aggregate"),)

    def __str__(self) -> str:
        return f"{self.pos} {self.type}: {self.reason}"


class Store(models.Model):
    """The identity of this database. Two nodes that find the same one share it."""

    id = models.UUIDField(primary_key=True)

    class Meta:
        verbose_name = _("Datenbestand")
        verbose_name_plural = _("Datenbestände")

    def __str__(self) -> str:
        return str(self.id)


class Cursor(models.Model):
    """How far a follower (effects, statistics, a partner) has read; kept by the follower, at least once."""

    name = models.TextField(primary_key=True)
    pos = models.BigIntegerField(default=0)

    class Meta:
        verbose_name = _("Lesezeiger")
        verbose_name_plural = _("Lesezeiger")

    def __str__(self) -> str:
        return f"{self.name} @ {self.pos}"
