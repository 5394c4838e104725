"""What all doors for programs share: who may enter, one command per message, once."""

from functools import cache
from typing import Any, ClassVar
from uuid import UUID, uuid4, uuid5

import orjson
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import translation
from django.utils.translation import gettext as _
from rest_framework.exceptions import PermissionDenied, ValidationError
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.serializers import Serializer
from rest_framework.views import APIView

from federation.forwarding import execute
from journal.actor import Actor
from leitstelle.api.problems import RefusedCommand

# Names of programs become UUIDs under this namespace, together with the key that used them.
NAMESPACE = UUID("0d1c6f1e-3a4b-4c6d-8a57-6f3b1c2d4e5f")
MAX_NAME = 200


class HasRole(BasePermission):
    """The key carries one of the view's ``roles``."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        actor = getattr(request.user, "actor", None)
        if actor is None:
            return False  # answered with 401 and how to authenticate
        if not actor.roles & view.roles:  # type: ignore[attr-defined]  # only on doors
            raise PermissionDenied(_("Dieser Schlüssel ist für diese Schnittstelle nicht zugelassen."))
        return True


class Door(APIView):
    """Base of the doors: keys with one of ``roles`` may come in. Answers in the language that is asked for."""

    roles: ClassVar[frozenset[str]]
    permission_classes = (HasRole,)

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        with translation.override(translation.get_language_from_request(request)):
            return super().dispatch(request, *args, **kwargs)


def actor_of(request: Request) -> Actor:
    """The actor behind the key. Use where ``HasRole`` has let the caller in."""
    caller: Any = request.user  # a Caller, see authentication
    actor: Actor = caller.actor
    return actor


def checked(schema: type[Serializer[Any]], data: Any) -> Any:
    """The validated data. Raises ValidationError."""
    return _validator(schema).run_validation(data)


@cache
def _validator(schema: type[Serializer[Any]]) -> Serializer[Any]:
    """One instance for all messages: validating keeps nothing in it, and making one copies every field."""
    return schema()


def run(name: str, data: dict[str, Any], command_id: UUID, actor: Actor) -> dict[str, Any]:
    """Carry out a command and return its answer. Raises RefusedCommand."""
    answer = execute(name, data, command_id=command_id, actor=actor)
    if "refused" in answer:
        raise RefusedCommand(answer)
    return answer


def named(actor: Actor, kind: str, name: str) -> UUID:
    """The identity behind a name that a program made up: a UUID as it is, anything else mapped, per key."""
    try:
        return UUID(name)
    except ValueError:
        return uuid5(NAMESPACE, f"{actor.key}|{kind}|{name}")


def command_id_of(request: Request, kind: str, message: Any, *, dated: bool, number: int | None = None) -> UUID:
    """The command's identity, so that a repeated delivery acts once.

    It is the header ``Idempotency-Key`` (a UUID or any text up to 200 characters; in a batch together with
    the message's ``number``), else the content itself if that is ``dated``: two equal messages with one time
    of observation are one message. Without either every request is a new message, because a status that is
    sent twice may be meant twice.
    """
    actor = actor_of(request)
    given = request.headers.get("Idempotency-Key", "").strip()
    if len(given) > MAX_NAME:
        raise ValidationError({"Idempotency-Key": [_("Höchstens 200 Zeichen.")]})
    if given:
        return named(actor, "key", given if number is None else f"{given}/{number}")
    if not dated:
        return uuid4()
    content = orjson.dumps(message, option=orjson.OPT_SORT_KEYS, default=str).decode()
    return uuid5(NAMESPACE, f"{actor.key}|{kind}|{content}")
