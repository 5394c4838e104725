"""How much one program may ask: enough for any real gateway, too little to drown the room."""

import math
import threading
import time
from typing import TYPE_CHECKING, Final

from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

if TYPE_CHECKING:  # the framework's views load this module while they are being loaded themselves
    from rest_framework.views import APIView

# A storm of 900 calls in ten minutes with all its status messages stays below 30 a second from one gateway.
PER_SECOND: Final = 200.0
BURST: Final = 1000.0
# Wrong keys, per address: a misconfigured gateway is slowed down, a guesser gets nowhere.
STRANGER_PER_SECOND: Final = 2.0
STRANGER_BURST: Final = 100.0
MAX_BUCKETS: Final = 10_000


class Bucket:
    """A token bucket: ``burst`` at once, refilled with ``rate`` a second. ``now`` in seconds, monotonic."""

    __slots__ = ("at", "burst", "rate", "tokens")

    def __init__(self, rate: float, burst: float, now: float) -> None:
        self.rate, self.burst, self.tokens, self.at = rate, burst, burst, now

    def take(self, now: float) -> float:
        """0 if one may pass now, else the seconds after which it may."""
        self.tokens = min(self.burst, self.tokens + (now - self.at) * self.rate)
        self.at = now
        if self.tokens >= 1:
            self.tokens -= 1
            return 0.0
        return (1 - self.tokens) / self.rate


class Buckets:
    """Buckets by name, bounded in number; kept per process because exactness is not needed."""

    def __init__(self, rate: float, burst: float) -> None:
        self.rate, self.burst = rate, burst
        self._lock = threading.Lock()
        self._buckets: dict[str, Bucket] = {}

    def take(self, name: str, now: float | None = None) -> float:
        """As ``Bucket.take`` for the bucket of ``name``."""
        now = time.monotonic() if now is None else now
        with self._lock:
            bucket = self._buckets.pop(name, None) or Bucket(self.rate, self.burst, now)
            self._buckets[name] = bucket  # at the end: the first one is the one longest not seen
            if len(self._buckets) > MAX_BUCKETS:
                del self._buckets[next(iter(self._buckets))]
            return bucket.take(now)


callers = Buckets(PER_SECOND, BURST)
strangers = Buckets(STRANGER_PER_SECOND, STRANGER_BURST)


class PerCaller(BaseThrottle):
    """One bucket per key."""

    _wait = 0.0

    def allow_request(self, request: Request, view: "APIView") -> bool:
        self._wait = callers.take(str(getattr(request.user, "pk", "")))
        return self._wait == 0

    def wait(self) -> float:
        return math.ceil(self._wait)
