"""Changes to log-ins."""

import hashlib
from typing import Any
from uuid import uuid4

from django.contrib.auth.hashers import make_password
from django.utils.translation import gettext as _

from journal.actor import SYSTEM_ROLE, Actor, system
from journal.commands import Command, Refused, command, execute
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


class ChangePassword(Command):
    """See ``change_password``. ``password`` is the salted hash."""

    password: str


@command("user.change_password", roles=frozenset())
def change_password(tx: Transaction, cmd: ChangePassword) -> None:
    """Give oneself another password. Open to no role: the page that calls it has checked the old one."""
    user = User.objects.select_for_update(no_key=True).filter(pk=tx.actor.id, active=True).first()
    if user is None:
        raise Refused("unknown_user", _("Diesen Benutzer gibt es nicht."))
    tx.record(UserSaved(**saved_fields(user) | {"password": cmd.password}))


class SetSecondFactor(Command):
    """See ``set_second_factor``. ``secret`` is base32; empty removes the factor."""

    secret: str = ""


@command("user.set_second_factor", roles=frozenset())
def set_second_factor(tx: Transaction, cmd: SetSecondFactor) -> None:
    """Give oneself a second factor, or none. Open to no role: the page that calls it has checked password and code."""
    user = User.objects.select_for_update(no_key=True).filter(pk=tx.actor.id, active=True).first()
    if user is None:
        raise Refused("unknown_user", _("Diesen Benutzer gibt es nicht."))
    tx.record(UserSaved(**saved_fields(user) | {"totp_secret": cmd.secret}))


def saved_fields(user: User) -> dict[str, Any]:
    """A user's row as the fields of ``UserSaved``."""
    return {name: getattr(user, name) for name in UserSaved.model_fields}


def set_own_password(user: User, password: str) -> None:
    """Store a new password for the person who has just given the old one. Raises Refused."""
    _for_oneself(user, "user.change_password", {"password": make_password(password)})


def set_own_second_factor(user: User, secret: str) -> None:
    """Store (or with "" remove) the second factor of the person who has just given the password. Raises Refused."""
    _for_oneself(user, "user.set_second_factor", {"secret": secret})


def _for_oneself(user: User, name: str, data: dict[str, str]) -> None:
    actor = Actor("user", str(user.pk), user.name, user.centre, roles=frozenset({SYSTEM_ROLE}))
    answer = execute(name, data, command_id=uuid4(), actor=actor)
    if "refused" in answer:
        raise Refused(answer["refused"], answer["reason"])


def key_hash(key: str) -> str:
    """What is stored of a program's key. Keys are 256 random bits, so a fast hash is enough."""
    return hashlib.sha256(key.encode()).hexdigest()
