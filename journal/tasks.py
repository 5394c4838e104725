"""Clean-up: what is only needed for a while."""

from datetime import timedelta

from celery import shared_task
from django.contrib.sessions.models import Session
from django.utils import timezone

from journal.models import Receipt

# A client repeats a command for minutes, a console that was offline for days; nobody for a month.
RECEIPT_DAYS = 30


@shared_task
def tidy_up() -> dict[str, int]:
    """Delete old receipts and expired sessions; returns the counts."""
    now = timezone.now()
    receipts, _kinds = Receipt.objects.filter(created_at__lt=now - timedelta(days=RECEIPT_DAYS)).delete()
    sessions, _kinds = Session.objects.filter(expire_date__lt=now).delete()
    return {"receipts": receipts, "sessions": sessions}
