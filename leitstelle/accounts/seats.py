"""Seats: the signed token that says who works where, and how it becomes an actor."""

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

# One query decides whether the token still holds: its session is open and its user still in use. The roles are
# the user's of this moment, so that taking one away needs no new log-in.
STANDS = """
SELECT u.roles FROM resources_seatsession s JOIN accounts_user u ON u.id = s.user_id AND u.active
 WHERE s.id = %s AND s.ended_at IS NULL
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

    def sign(self) -> str:
        value = {
            "session": str(self.session), "user": str(self.user), "name": self.name, "seat": self.seat,
            "centre": self.centre, "roles": list(self.roles),
        }  # fmt: skip
        return signing.dumps(value, salt=SALT)

    @classmethod
    def read(cls, token: str) -> "SeatToken | None":
        """The token's content, or None for one that is forged, malformed or older than a long shift."""
        try:
            value = signing.loads(token, salt=SALT, max_age=settings.SEAT_TOKEN_SECONDS)
            return cls(
                UUID(value["session"]), UUID(value["user"]), value["name"], value["seat"], value["centre"],
                tuple(value["roles"]),
            )  # fmt: skip
        except (signing.BadSignature, KeyError, TypeError, ValueError):
            return None


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


def actor_of(token: str | None) -> Actor | None:
    """The person behind a seat token, or None if it is forged, too old, revoked, or its user gone."""
    content = SeatToken.read(token) if token else None
    if content is None:
        return None
    with connection.cursor() as cursor:
        cursor.execute(STANDS, [content.session])
        row = cursor.fetchone()
    if row is None:
        return None
    return Actor("user", str(content.user), content.name, content.centre, content.seat, frozenset(row[0]))


def actor_of_cookie_header(header: str | bytes | None) -> Actor | None:
    """The same for the raw ``Cookie`` header of a socket."""
    token = token_in_cookie_header(header)
    return actor_of(token) if token else None


def token_in_cookie_header(header: str | bytes | None) -> str | None:
    """The seat token in a raw ``Cookie`` header."""
    if not header:
        return None
    try:
        morsel = SimpleCookie(header.decode("latin-1") if isinstance(header, bytes) else header).get(COOKIE)
    except CookieError:
        return None
    return morsel.value if morsel is not None else None


def actor_of_request(request: HttpRequest) -> Actor | None:
    """The same for a request."""
    return actor_of(request.COOKIES.get(COOKIE))


def session_of_request(request: HttpRequest) -> UUID | None:
    """The seat session of a request's token, whether it still stands or not."""
    content = SeatToken.read(request.COOKIES.get(COOKIE, ""))
    return content.session if content else None


def set_cookie(response: HttpResponseBase, token: SeatToken) -> None:
    """Hand the token to the browser: no script reads it and no other site sends it."""
    response.set_cookie(
        COOKIE, token.sign(), max_age=settings.SEAT_TOKEN_SECONDS, httponly=True, samesite="Strict",
        secure=settings.SESSION_COOKIE_SECURE,
    )  # fmt: skip


def clear_cookie(response: HttpResponseBase) -> None:
    response.delete_cookie(COOKIE, samesite="Strict")


def occupation(centre: str) -> list[SeatView]:
    """The seats of a centre (empty: of all), each with who sits there. A session whose token has expired by age
    counts as left."""
    with connection.cursor() as cursor:
        cursor.execute(OCCUPATION, [oldest_session(), centre, centre])
        return [SeatView(*row) for row in cursor.fetchall()]


def oldest_session() -> datetime:
    """A session that began before this has no valid token any more."""
    return timezone.now() - timedelta(seconds=settings.SEAT_TOKEN_SECONDS)


def person(user: Any, seat: str = "", centre: str = "") -> Actor:
    """A user as actor, for what is done outside a seat: the log-in itself, the administration."""
    return Actor("user", str(user.pk), user.name, centre or user.centre, seat, frozenset(user.roles))


def may_sit(user: Any) -> bool:
    """Whether this user works at a console at all."""
    return bool(roles.CONSOLE & set(user.roles))
