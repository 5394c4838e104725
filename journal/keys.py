"""Keys of the personal fields: made with an aggregate's first sealed entry, destroyed when it is forgotten."""

import os
from collections.abc import Iterable

from django.db import connection
from django.utils import timezone

from journal.models import Key

KEY_BYTES = 32


def key_for_writing(subject: str) -> bytes:
    """The subject's key, made if there is none. Raises Forgotten for a destroyed one."""
    with connection.cursor() as cursor:
        # DO UPDATE (not NOTHING) so that the row comes back in the same round trip, whoever made it first.
        cursor.execute(
            "INSERT INTO journal_key (subject, secret) VALUES (%s, %s)"
            " ON CONFLICT (subject) DO UPDATE SET subject = EXCLUDED.subject RETURNING secret",
            [subject, os.urandom(KEY_BYTES)],
        )
        secret = cursor.fetchone()[0]
    if secret is None:
        raise Forgotten(subject)
    return bytes(secret)


def keys_for_reading(subjects: Iterable[str]) -> dict[str, bytes]:
    """The keys that still exist among ``subjects``."""
    rows = Key.objects.filter(subject__in=set(subjects), secret__isnull=False).values_list("subject", "secret")
    return {subject: bytes(secret) for subject, secret in rows if secret is not None}


def destroy(subject: str) -> None:
    """Forget: after the commit nobody can read the subject's sealed fields again, here. Final."""
    Key.objects.update_or_create(subject=subject, defaults={"secret": None, "destroyed_at": timezone.now()})


class Forgotten(RuntimeError):
    """The personal fields of this aggregate were forgotten; nothing personal may be added to it."""
