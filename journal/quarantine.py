"""Entries that are kept and could not be applied: put aside with their reason, tried again by a version that can."""

from collections.abc import Iterable

from django.db import InterfaceError, OperationalError
from django.utils import timezone

from journal.envelope import UnknownType
from journal.models import Entry, Quarantine
from journal.transfer import Raw


def reason(error: Exception) -> str:
    """Why, for an administrator: no content of the entry, which may be personal."""
    if isinstance(error, UnknownType):
        return f"unknown type {error}"
    return f"{type(error).__name__}" + (f": {error}" if isinstance(error, LookupError) else "")


def passes_on(error: Exception) -> bool:
    """Whether it is the database that fails and not the entry: then nothing is put aside, the batch is repeated."""
    return isinstance(error, OperationalError | InterfaceError)


def put_aside(entries: Iterable[tuple[int, Entry | Raw, str]]) -> None:
    """Note entries, by position, that are stored and not applied."""
    now = timezone.now()
    rows = [
        Quarantine(
            pos=pos, origin=entry.origin, type=entry.type, aggregate_kind=entry.aggregate_kind,
            aggregate_id=entry.aggregate_id, reason=why, at=now,
        )
        for pos, entry, why in entries
    ]  # fmt: skip
    Quarantine.objects.bulk_create(rows, ignore_conflicts=True)
