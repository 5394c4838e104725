"""Timers as handlers set and clear them: rows of their aggregate, with ids that every node computes alike."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid5

from incidents.models import Timer

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
        Timer(
            id=timer_id(w.kind, w.subject), kind=w.kind, aggregate_id=aggregate, subject=w.subject,
            centre_id=centre, due_at=at + timedelta(seconds=w.seconds),
        )
        for w in watches
        if w.seconds > 0
    )  # fmt: skip


def start_timer(kind: str, aggregate: UUID, subject: str, centre: str, at: datetime, seconds: int) -> None:
    """``start_timers`` for one."""
    start_timers(aggregate, centre, at, [Watch(kind, subject, seconds)])


def set_timer(kind: str, aggregate: UUID, subject: str, centre: str, due_at: datetime) -> None:
    """Start (or restart, unfired) the timer ``kind`` of ``subject`` for an absolute time."""
    row = Timer(
        id=timer_id(kind, subject),
        kind=kind,
        aggregate_id=aggregate,
        subject=subject,
        centre_id=centre,
        due_at=due_at,
    )
    _write([row])


def _write(timers: Iterable[Timer]) -> None:
    rows = list(timers)
    if rows:
        Timer.objects.bulk_create(
            rows,
            update_conflicts=True,
            unique_fields=["id"],
            update_fields=["aggregate_id", "due_at", "fired_at", "seen_at", "seen_by", "centre"],
        )


def clear_timer(kind: str, subject: str) -> None:
    """What was waited for has happened."""
    clear_timers([kind], [subject])


def clear_timers(kinds: Iterable[str], subjects: Iterable[str]) -> None:
    """``clear_timer`` for every kind of every subject, in one statement."""
    subjects = list(subjects)
    Timer.objects.filter(pk__in=[timer_id(kind, subject) for kind in kinds for subject in subjects]).delete()


def timer_id(kind: str, subject: str) -> UUID:
    return uuid5(NAMESPACE, f"{kind}:{subject}")
