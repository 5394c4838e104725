"""Changes to log-ins."""

import hashlib
from typing import Any
from uuid import uuid4

from django.contrib.auth.hashers import make_password

from journal.actor import system
from journal.commands import Command, command, execute
from journal.record import Transaction
from leitstelle.accounts.entries import UserSaved
from leitstelle.accounts.models import User

NOBODY: frozenset[str] = frozenset()


class RenewHash(Command):
    """See ``renew_hash``."""

    user: str
    password: str


@command("user.renew_hash", roles=NOBODY)
def renew_hash_service(tx: Transaction, cmd: RenewHash) -> None:
    """Store a password's hash anew; only the system may, right after the password was found correct."""
    user = User.objects.select_for_update(no_key=True).get(pk=cmd.user)
    tx.record(UserSaved(**saved_fields(user) | {"password": cmd.password}))


def renew_hash(user: User, password: str) -> None:
    """Hash a password that was just found correct by today's, stronger parameters."""
    data = {"user": str(user.pk), "password": make_password(password)}
    execute("user.renew_hash", data, command_id=uuid4(), actor=system("login"))


def saved_fields(user: User) -> dict[str, Any]:
    """A user's row as the fields of ``UserSaved``."""
    return {name: getattr(user, name) for name in UserSaved.model_fields}


def key_hash(key: str) -> str:
    """What is stored of a program's key. Keys are 256 random bits, so a fast hash is enough."""
    return hashlib.sha256(key.encode()).hexdigest()
