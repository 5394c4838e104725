"""Slowing down whoever guesses passwords. Local to this node and independent of Redis."""

import hashlib
from datetime import timedelta

from django.http import HttpRequest
from django.utils import timezone

from leitstelle.accounts.models import LoginFailure

# Ten tries in five minutes: a tired dispatcher never meets it, a list of passwords gets nowhere.
MAX_FAILURES = 10
WINDOW = timedelta(minutes=5)


def subject(username: str, request: HttpRequest | None) -> str:
    """Who is counted: the name together with the address, so nobody locks a colleague out from elsewhere."""
    address = request.META.get("REMOTE_ADDR", "") if request is not None else ""
    return hashlib.sha256(f"{username.casefold()}|{address}".encode()).hexdigest()


def too_many(who: str) -> bool:
    return LoginFailure.objects.filter(subject=who, at__gt=timezone.now() - WINDOW).count() >= MAX_FAILURES


def note(who: str) -> None:
    """Count a failure; on the way, sweep what is too old to matter to anybody."""
    now = timezone.now()
    LoginFailure.objects.filter(at__lt=now - WINDOW).delete()
    LoginFailure.objects.create(subject=who, at=now)


def forget(who: str) -> None:
    LoginFailure.objects.filter(subject=who).delete()
