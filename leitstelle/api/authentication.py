"""Who calls: a program with ``Authorization: Bearer <key>``."""

from dataclasses import dataclass

from django.utils.translation import gettext as _
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed, Throttled
from rest_framework.request import Request

from journal.actor import Actor
from leitstelle.accounts.keys import actor_of_key
from leitstelle.api.throttles import strangers


@dataclass(frozen=True, slots=True)
class Caller:
    """An actor in the form in which Django REST framework wants its user."""

    actor: Actor
    is_authenticated: bool = True

    @property
    def pk(self) -> str:
        return self.actor.key


class KeyAuthentication(BaseAuthentication):
    """The key stands in the header only: addresses end up in logs and histories, headers do not."""

    def authenticate(self, request: Request) -> tuple[Caller, None] | None:
        header = request.headers.get("Authorization", "")
        if not header:
            return None
        actor = actor_of_key(header)
        if actor is None:
            wait = strangers.take(request.META.get("REMOTE_ADDR", ""))
            if wait:
                raise Throttled(wait)
            raise AuthenticationFailed(_("Der Schlüssel ist unbekannt oder gesperrt."))
        return Caller(actor), None

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="Leitstelle"'
