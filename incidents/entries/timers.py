"""Timers as handlers set and clear them: rows of the aggregate they belong to, with ids that every node computes alike."""

from datetime import datetime, timedelta
from uuid import UUID, uuid5

from incidents.models import Timer

NAMESPACE = UUID("6a1b1a52-7e0b-4a57-9d7b-2f2c3a1f0112")


def start_timer(kind: str, aggregate: UUID, subject: str, centre: str, at: datetime, seconds: int) -> None:
    """``set_timer`` relative to ``at``; zero seconds: no timer is wanted."""
    if seconds > 0:
        set_timer(kind, aggregate, subject, centre, at + timedelta(seconds=seconds))


def set_timer(kind: str, aggregate: UUID, subject: str, centre: str, due_at: datetime) -> None:
    """Start (or restart, unfired) the timer ``kind`` of ``subject``."""
    Timer.objects.bulk_create(
        [
            Timer(
                id=timer_id(kind, subject), kind=kind, aggregate_id=aggregate, subject=subject, centre_id=centre,
                due_at=due_at,
            )
        ],
        update_conflicts=True,
        unique_fields=["id"],
        update_fields=["due_at", "fired_at", "seen_at", "seen_by", "centre"],
    )  # fmt: skip


def clear_timer(kind: str, subject: str) -> None:
    """What was waited for has happened."""
    Timer.objects.filter(pk=timer_id(kind, subject)).delete()


def timer_id(kind: str, subject: str) -> UUID:
    return uuid5(NAMESPACE, f"{kind}:{subject}")
