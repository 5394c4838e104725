"""How users are found."""

from typing import TYPE_CHECKING

from django.contrib.auth.base_user import BaseUserManager

if TYPE_CHECKING:
    from leitstelle.accounts.models import User


class UserManager(BaseUserManager["User"]):
    """Finds; does not create: users come into being by entries only."""

    def get_by_natural_key(self, username: str | None) -> "User":
        """The user of this name, whatever the case. Raises User.DoesNotExist.

        Of two that were made on either side of an outage it is the one with the smaller id, at both centres.
        """
        user = self.filter(username__iexact=username or "", active=True).order_by("id").first()
        if user is None:
            raise self.model.DoesNotExist(f"no user {username!r}")
        return user
