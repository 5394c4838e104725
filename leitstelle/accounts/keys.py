"""Programs at the doors: the bearer key of a request becomes an actor."""

import time

from journal.actor import Actor
from leitstelle.accounts.models import ApiKey
from leitstelle.accounts.services import key_hash

# A key that is withdrawn opens no door five seconds later; until then each process remembers it.
REMEMBER_SECONDS = 5.0
MAX_REMEMBERED = 1000

_remembered: dict[str, tuple[float, Actor | None]] = {}


def actor_of_key(header: str | None) -> Actor | None:
    """The program behind an ``Authorization`` header of the form ``Bearer <key>``; None for no or a wrong key."""
    scheme, _space, key = (header or "").partition(" ")
    key = key.strip()
    if scheme.lower() != "bearer" or not key:
        return None
    return actor_of_plain_key(key)


def actor_of_plain_key(key: str) -> Actor | None:
    """The program that has this key, or None: for pages that carry it in their address."""
    digest = key_hash(key)
    known = _remembered.get(digest)
    now = time.monotonic()
    if known is not None and now < known[0]:
        return known[1]
    actor = _look_up(digest)
    if len(_remembered) >= MAX_REMEMBERED:
        _remembered.clear()
    _remembered[digest] = (now + REMEMBER_SECONDS, actor)
    return actor


def forget() -> None:
    """Look every key up again: for tests and after a change in this process."""
    _remembered.clear()


def _look_up(digest: str) -> Actor | None:
    key = ApiKey.objects.filter(sha256=digest, active=True).order_by("id").first()
    if key is None:
        return None
    return Actor("device", key.id, key.name, key.centre, roles=frozenset(key.roles))
