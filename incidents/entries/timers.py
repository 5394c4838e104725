"""Timers as handlers set and clear them: rows of their aggregate, with ids that every node computes alike."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from incidents.models import Timer
from journal import rows

NAMESPACE = UUID("6a1b1a52-7e0b-4a57-9d7b-2f2c3a1f0112")


@dataclass(frozen=True, slots=True)
class Watch:
    """One timer to start: ``kind`` of ``subject``, due ``seconds`` after the entry; zero: no timer is wanted."""

    kind: str
    subject: str
    seconds: int


def start_timers(aggregate: UUID, centre: str, at: datetime, watches: Iterable[Watch]) -> None:
    """Start (or restart, unfired) timers relative to ``at``, all in one statement."""
    _write(
        _row(w.kind, aggregate, w.subject, centre, at + timedelta(seconds=w.seconds)) for w in watches if w.seconds > 0
    )


def start_timer(kind: str, aggregate: UUID, subject: str, centre: str, at: datetime, seconds: int) -> None:
    """``start_timers`` for one."""
    start_timers(aggregate, centre, at, [Watch(kind, subject, seconds)])


def set_timer(kind: str, aggregate: UUID, subject: str, centre: str, due_at: datetime) -> None:
    """Start (or restart, unfired) the timer ``kind`` of ``subject`` for an absolute time."""
    _write([_row(kind, aggregate, subject, centre, due_at)])


def _row(kind: str, aggregate: UUID, subject: str, centre: str, due_at: datetime) -> dict[str, Any]:
    return {
        "id": timer_id(kind, subject), "kind": str(kind), "aggregate_id": aggregate, "subject": subject,
        "centre_id": centre, "due_at": due_at,
    }  # fmt: skip


def _write(timers: Iterable[dict[str, Any]]) -> None:
    rows.insert(
        Timer,
        list(timers),
        then="DO UPDATE SET aggregate_id = excluded.aggregate_id, due_at = excluded.due_at, fired_at = NULL,"
        " seen_at = NULL, seen_by = '', centre_id = excluded.centre_id",
    )


def clear_timer(kind: str, subject: str) -> None:
    """What was waited for has happened."""
    clear_timers([kind], [subject])


def clear_timers(kinds: Collection[str], subjects: Iterable[str]) -> None:
    """``clear_timer`` for every kind of every subject, in one statement."""
    ids = [timer_id(kind, subject) for subject in subjects for kind in kinds]
    rows.delete(Timer, ids)


def timer_id(kind: str, subject: str) -> UUID:
    return uuid5(NAMESPACE, f"{kind}:{subject}")
