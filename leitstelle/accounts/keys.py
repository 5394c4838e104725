"""Keys of programs: who stands behind ``Authorization: Bearer <key>``."""

import threading
import time
from typing import Final

from journal.actor import Actor
from leitstelle.accounts.models import ApiKey
from leitstelle.accounts.services import key_hash

# A locked key stops working within this time in every process.
CACHE_SECONDS: Final = 5.0
MAX_CACHED: Final = 1000
SCHEME: Final = "bearer "

_lock = threading.Lock()
_cache: dict[str, tuple[float, Actor | None]] = {}


def actor_of_key(authorization: str) -> Actor | None:
    """The program behind an ``Authorization`` header; None for a wrong form, an unknown or a locked key."""
    if authorization[: len(SCHEME)].lower() != SCHEME:
        return None
    digest = key_hash(authorization[len(SCHEME) :].strip())
    now = time.monotonic()
    with _lock:
        known = _cache.get(digest)
    if known is not None and now < known[0]:
        return known[1]
    actor = _look_up(digest)
    with _lock:
        if len(_cache) >= MAX_CACHED:
            _cache.clear()
        _cache[digest] = (now + CACHE_SECONDS, actor)
    return actor


def _look_up(digest: str) -> Actor | None:
    key = ApiKey.objects.filter(sha256=digest, active=True).first()
    return key and Actor("device", key.id, key.name, key.centre, roles=frozenset(key.roles))
