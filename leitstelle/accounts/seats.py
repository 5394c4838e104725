"""Seats: the signed token that says who works where, and how it becomes an actor.

A token is good at every node of the network: all share the keys that sign it, and the journal carries users and seat
sessions. It comes as the cookie of the node that gave it out, and elsewhere (a console whose own node is gone) as
``Authorization: Seat <token>`` or as the subprotocol ``seat.<token>`` of a socket.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from http.cookies import CookieError, SimpleCookie
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core import signing
from django.db import connection
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone

from journal.actor import Actor
from leitstelle.accounts import roles

COOKIE = "seat"
SALT = "seat"
SCHEME = "Seat "
SUBPROTOCOL = "leitstelle"
TOKEN_PROTOCOL = "seat."

# One query decides whether the token still holds: its user is in use and its session has not ended. The roles are
# the user's of this moment, so that taking one away needs no new log-in. A session that this node has not heard of is
# no ended one: whoever sat down while the link was cut may go on here when the own node dies as well.
STANDS = """
SELECT u.roles FROM accounts_user u LEFT JOIN resources_seatsession s ON s.id = %s
 WHERE u.id = %s AND u.active AND s.ended_at IS NULL
"""
OCCUPATION = """
SELECT t.id, t.name, t.centre_id, t.phone, s.id, s.user_id, s.user_name, s.began_at
  FROM resources_seat t
  LEFT JOIN LATERAL (
       SELECT * FROM resources_seatsession
        WHERE seat_id = t.id AND ended_at IS NULL AND began_at > %s ORDER BY began_at DESC, id LIMIT 1) s ON true
 WHERE t.active AND (%s = '' OR t.centre_id = %s) ORDER BY t.centre_id, length(t.id), t.id
"""


@dataclass(frozen=True, slots=True)
class SeatToken:
    """What the cookie says; signed, so nobody else wrote it. Whether it still holds is asked of the database."""

    session: UUID
    user: UUID
    name: str
    seat: str
    centre: str
    roles: tuple[str, ...]
    began: int  # the session's begin, Unix time in seconds; a renewed token keeps it

    def sign(self) -> str:
        """The token as of now, under today's key."""
        value = {
            "session": str(self.session), "user": str(self.user), "name": self.name, "seat": self.seat,
            "centre": self.centre, "roles": list(self.roles), "began": self.began,
        }  # fmt: skip
        return signer().sign_object(value)

    @classmethod
    def read(cls, token: str) -> "SeatToken | None":
        """The token's content, or None for one that is forged, malformed or too old, or whose session has lasted long
        enough."""
        try:
            value = signer().unsign_object(token, max_age=settings.SEAT_TOKEN_SECONDS)
            found = cls(
                UUID(value["session"]), UUID(value["user"]), value["name"], value["seat"], value["centre"],
                tuple(value["roles"]), int(value["began"]),
            )  # fmt: skip
        except (signing.BadSignature, KeyError, TypeError, ValueError):
            return None
        return found if found.seconds_left() > 0 else None

    def seconds_left(self) -> float:
        """Until its session has lasted as long as one may."""
        return self.began + settings.SEAT_SESSION_SECONDS - time.time()


@dataclass(frozen=True, slots=True)
class SeatView:
    """A seat as the log-in page shows it; without ``session`` it is free."""

    id: str
    name: str
    centre: str
    phone: str
    session: UUID | None
    user: UUID | None
    user_name: str | None
    since: datetime | None


def signer() -> signing.TimestampSigner:
    """The network's: the first key signs, all verify, so that a new key may come before the old one goes. With dots,
    because a token has to be a word of a socket's subprotocols too (RFC 6455: a token of HTTP)."""
    keys: list[bytes | str] = list(settings.LEITSTELLE_TOKEN_KEYS)
    return signing.TimestampSigner(key=keys[0], sep=".", salt=SALT, fallback_keys=keys[1:])


def actor_of(token: str | None) -> Actor | None:
    """The person behind a seat token, or None if it is forged, too old, revoked, or its user gone."""
    content = SeatToken.read(token) if token else None
    if content is None:
        return None
    with connection.cursor() as cursor:
        cursor.execute(STANDS, [content.session, content.user])
        row = cursor.fetchone()
    if row is None:
        return None
    return Actor("user", str(content.user), content.name, content.centre, content.seat, frozenset(row[0]))


def token_in_cookie_header(header: str | bytes | None) -> str | None:
    """The seat token in a raw ``Cookie`` header."""
    if not header:
        return None
    try:
        morsel = SimpleCookie(header.decode("latin-1") if isinstance(header, bytes) else header).get(COOKIE)
    except CookieError:
        return None
    return morsel.value if morsel is not None else None


def token_of_request(request: HttpRequest) -> str:
    """The seat token of a request: the one it names, else its cookie's; empty without."""
    header = request.headers.get("Authorization", "")
    return header.removeprefix(SCHEME) if header.startswith(SCHEME) else request.COOKIES.get(COOKIE, "")


def token_of_socket(scope: Mapping[str, Any]) -> str:
    """The same for a websocket's ASGI scope."""
    for name in scope.get("subprotocols", ()):
        if name.startswith(TOKEN_PROTOCOL):
            return str(name.removeprefix(TOKEN_PROTOCOL))
    return token_in_cookie_header(dict(scope["headers"]).get(b"cookie")) or ""


def actor_of_request(request: HttpRequest) -> Actor | None:
    """The person behind a request's token."""
    return actor_of(token_of_request(request))


def set_cookie(response: HttpResponseBase, token: SeatToken) -> None:
    """Hand the token to the browser: no script reads it and no other site sends it."""
    response.set_cookie(
        COOKIE, token.sign(), max_age=settings.SEAT_TOKEN_SECONDS, httponly=True, samesite="Strict",
        secure=settings.SESSION_COOKIE_SECURE,
    )  # fmt: skip


def clear_cookie(response: HttpResponseBase) -> None:
    response.delete_cookie(COOKIE, samesite="Strict")


def occupation(centre: str) -> list[SeatView]:
    """The seats of a centre (empty: of all), each with who sits there. A session that has lasted too long counts as
    left."""
    with connection.cursor() as cursor:
        cursor.execute(OCCUPATION, [oldest_session(), centre, centre])
        return [SeatView(*row) for row in cursor.fetchall()]


def oldest_session() -> datetime:
    """A session that began before this has no valid token any more."""
    return timezone.now() - timedelta(seconds=settings.SEAT_SESSION_SECONDS)


def person(user: Any, seat: str = "", centre: str = "") -> Actor:
    """A user as actor, for what is done outside a seat: the log-in itself, the administration."""
    return Actor("user", str(user.pk), user.name, centre or user.centre, seat, frozenset(user.roles))


def centres_of(actor: Actor) -> list[str]:
    """The centres whose work a person does at this node: the own one, and for a guest, whose own node is gone, those
    of this node as well, because they stand in for it. Empty: all."""
    if not actor.centre:
        return []
    own = settings.LEITSTELLE_CENTRES
    return [actor.centre] if actor.centre in own else [actor.centre, *own]


def calls_of(actor: Actor) -> str:
    """The centre whose calls a person sees at this node; empty: of all, as a guest does."""
    return actor.centre if len(centres_of(actor)) == 1 else ""


def may_sit(user: Any) -> bool:
    """Whether this user works at a console at all."""
    return bool(roles.CONSOLE & set(user.roles))
