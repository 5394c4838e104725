"""Password log-in, for the console and the administration alike."""

from typing import Any
from uuid import UUID

from django.contrib.auth.backends import BaseBackend
from django.contrib.auth.hashers import make_password, verify_password
from django.http import HttpRequest

from leitstelle.accounts import failures, services
from leitstelle.accounts.models import User


class AccountBackend(BaseBackend):
    """Checks name and password. Permissions follow from the user's roles, see ``models.User``."""

    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **_: Any
    ) -> User | None:
        """The user, or None for a wrong name or password, or after too many failures."""
        if not username or not password:
            return None
        subject = failures.subject(username, request)
        if failures.too_many(subject):
            return None
        try:
            user = User.objects.get_by_natural_key(username)
        except User.DoesNotExist:
            # As slow as for a real user, so that the time does not tell which names exist.
            make_password(password)
            failures.note(subject)
            return None
        correct, outdated = verify_password(password, user.password)
        if not correct:
            failures.note(subject)
            return None
        failures.forget(subject)
        if outdated:
            services.renew_hash(user, password)
        return user

    def get_user(self, user_id: UUID | str) -> User | None:
        return User.objects.filter(pk=user_id, active=True).first()
