"""Keys of the personal fields: made with an aggregate's first sealed entry, destroyed when it is forgotten."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import connection
from django.utils import timezone

from journal.models import Key

KEY_BYTES = 32


# The oldest answer wins: whoever made a key first, everybody seals with it once they know it.
_FOR_WRITING = """
WITH known AS (SELECT secret FROM journal_key WHERE subject = %(subject)s ORDER BY maker LIMIT 1),
     made AS (INSERT INTO journal_key (subject, maker, secret)
              SELECT %(subject)s, %(maker)s, %(secret)s WHERE NOT EXISTS (SELECT FROM known)
              ON CONFLICT (subject, maker) DO UPDATE SET subject = EXCLUDED.subject RETURNING secret)
SELECT secret FROM known UNION ALL SELECT secret FROM made
"""
_READABLE = "SELECT subject, maker, secret FROM journal_key WHERE subject = ANY(%s) AND secret IS NOT NULL"
# A key that comes from elsewhere after the subject was forgotten here stays away.
_KEEP = """
INSERT INTO journal_key (subject, maker, secret, destroyed_at)
SELECT k.subject, k.maker, CASE WHEN d.at IS NULL THEN k.secret END, d.at
  FROM unnest(%s::text[], %s::text[], %s::bytea[]) AS k(subject, maker, secret)
  LEFT JOIN LATERAL (SELECT min(destroyed_at) AS at FROM journal_key WHERE subject = k.subject) d ON true
ON CONFLICT (subject, maker) DO NOTHING
"""


@dataclass(frozen=True, slots=True)
class SealKey:
    """A key on its way to another node."""

    subject: str
    maker: str
    secret: bytes


def key_for_writing(subject: str) -> bytes:
    """The subject's key, made if there is none. Raises Forgotten for a destroyed one."""
    with connection.cursor() as cursor:
        values: dict[str, Any] = {
            "subject": subject,
            "maker": settings.LEITSTELLE_NODE,
            "secret": os.urandom(KEY_BYTES),
        }
        cursor.execute(_FOR_WRITING, values)
        secret = cursor.fetchone()[0]
    if secret is None:
        raise Forgotten(subject)
    return bytes(secret)


def keys_for_reading(subjects: Iterable[str]) -> dict[str, tuple[bytes, ...]]:
    """The keys that still exist among ``subjects``."""
    found: dict[str, tuple[bytes, ...]] = {}
    for key in keys_of(subjects):
        found[key.subject] = (*found.get(key.subject, ()), key.secret)
    return found


def keys_of(subjects: Iterable[str]) -> list[SealKey]:
    """The same, as they travel to another node."""
    with connection.cursor() as cursor:
        cursor.execute(_READABLE, [list(set(subjects))])
        return [SealKey(subject, maker, bytes(secret)) for subject, maker, secret in cursor.fetchall()]


def keep(keys: Sequence[SealKey]) -> None:
    """Store keys that came from another node; known ones stay as they are, forgotten subjects stay forgotten."""
    if keys:
        columns: list[Any] = [[k.subject for k in keys], [k.maker for k in keys], [k.secret for k in keys]]
        with connection.cursor() as cursor:
            cursor.execute(_KEEP, columns)


def forgotten(subject: str) -> bool:
    """Whether the subject's keys were destroyed."""
    return Key.objects.filter(subject=subject).exclude(destroyed_at=None).exists()


def destroy(subject: str) -> None:
    """Forget: after the commit nobody can read the subject's sealed fields again, here. Final."""
    now = timezone.now()
    if not Key.objects.filter(subject=subject).update(secret=None, destroyed_at=now):
        Key.objects.create(subject=subject, maker=settings.LEITSTELLE_NODE, destroyed_at=now)


class Forgotten(RuntimeError):
    """The personal fields of this aggregate were forgotten; nothing personal may be added to it."""
