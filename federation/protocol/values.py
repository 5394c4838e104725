"""The values of the link protocol: what goes in and what comes out. All of them plain, most of them frozen."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

PROTOCOLS = (1,)
"""The versions of the protocol this program speaks."""

Key = tuple[str, int]
"""A stream: (origin, incarnation)."""


@dataclass(frozen=True, slots=True)
class Mark:
    """The end of what somebody has of one stream: its number and its hash (hex)."""

    incarnation: int
    seq: int
    hash: str


Have = Mapping[str, tuple[Mark, ...]]
"""Per origin the heads of all its incarnations, ascending."""


@dataclass(frozen=True, slots=True)
class Local:
    """Who speaks: the node, the identity of its database (``store``), its version, the centres it is home of."""

    node: str
    store: str
    version: str
    centres: tuple[str, ...] = ()
    protocols: tuple[int, ...] = PROTOCOLS


@dataclass(frozen=True, slots=True)
class Limits:
    """Sizes in rows and bytes of JSON, times in seconds. The smaller of both sides' windows counts."""

    unacked_rows: int = 4000
    unacked_bytes: int = 16 * 1024 * 1024
    batch_rows: int = 500
    batch_bytes: int = 512 * 1024
    row_bytes: int = 4 * 1024 * 1024  # one row alone may exceed a batch, else its stream would stand for ever
    beat_seconds: float = 1.0
    silence_seconds: float = 2.6
    handshake_seconds: float = 5.0
    relay_seconds: float = 2.5  # how long rows are left to the direct link the peer says it has with their origin
    live_entries: int = 100  # further apart than this counts as catching up
    signal_keys: int = 5000  # signals held back while the link is congested
    signal_bytes: int = 256 * 1024

    @property
    def frame_bytes(self) -> int:
        """The largest message either side may send: what the carrier has to let through."""
        return self.row_bytes + 64 * 1024


class Keyring(Protocol):
    """The own private key and the public keys of the network (Ed25519, RFC 8032)."""

    def sign(self, text: bytes) -> bytes: ...

    def verify(self, node: str, text: bytes, signature: bytes) -> bool:
        """False for a wrong signature and for a node that is unknown or was dismissed. Never raises."""
        ...


@dataclass(frozen=True, slots=True)
class Row:
    """One entry on its way. ``wire`` is what the driver makes of it (JSON): entry, key, receipt; never looked into."""

    origin: str
    incarnation: int
    seq: int
    prev_hash: str
    hash: str
    wire: Any


@dataclass(frozen=True, slots=True)
class Status:
    """What consoles are told about a link.

    ``state``: connecting (not yet authenticated), catching_up, up, closed. ``lag_entries``: what we have and the peer
    has not; ``behind_entries``: what it has and we have not. ``lag_seconds``: age of the oldest row sent and not yet
    acknowledged. ``clock_offset``: seconds the peer's clock is ahead of ours. ``heard_at``: when anything came last.
    ``secured``: our own newest entry that the peer has on disk in a database of its own. ``stopped``: streams that
    stand until reconnect, with the alarm's code. ``vitals``: what the peer's newest beat said about itself.
    """

    state: str
    peer: str
    have_theirs: Have
    lag_entries: int
    behind_entries: int
    lag_seconds: float
    clock_offset: float | None
    rtt: float | None
    heard_at: float
    secured: Mark | None
    stopped: tuple[tuple[str, int, str], ...] = ()
    vitals: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Send:
    """Hand this message to the carrier, in order."""

    message: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Read:
    """Read up to ``limit`` rows of a stream with seq > ``after`` and give them to ``Session.read``."""

    origin: str
    incarnation: int
    after: int
    limit: int


@dataclass(frozen=True, slots=True)
class Store:
    """Commit these rows (one stream, ascending, without a gap), then call ``Session.stored`` or ``.refused``."""

    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Secured:
    """The peer has our own chain on disk, in another database, up to here."""

    incarnation: int
    seq: int


@dataclass(frozen=True, slots=True)
class Up:
    """The peer is who it says, and has told what it has."""

    peer: str
    protocol: int
    store: str
    version: str
    centres: tuple[str, ...]
    same_store: bool


@dataclass(frozen=True, slots=True)
class Signal:
    """Newest values from the peer, per key."""

    kind: str
    items: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Restored:
    """The peer knows more of OUR incarnation than we do: begin a new one before anything else is recorded."""

    incarnation: int
    seq: int


@dataclass(frozen=True, slots=True)
class Alarm:
    """One stream stands until reconnect; everything else flows. Codes: fork, refused, gap, too_large."""

    code: str
    detail: str
    origin: str
    incarnation: int
    seq: int


@dataclass(frozen=True, slots=True)
class Close:
    """The session is over: close the carrier, without a word to it.

    Codes: refused (not authenticated), version, silent, malformed, protocol (the peer breaks the rules), bye.
    """

    code: str
    reason: str


Effect = Send | Read | Store | Secured | Up | Signal | Restored | Alarm | Close


def flatten(have: Have) -> dict[Key, Mark]:
    """One mark per stream."""
    return {(origin, mark.incarnation): mark for origin, marks in have.items() for mark in marks}


def nest(marks: Iterable[tuple[Key, Mark]]) -> dict[str, tuple[Mark, ...]]:
    """The reverse of ``flatten``."""
    have: dict[str, tuple[Mark, ...]] = {}
    for (origin, _incarnation), mark in sorted(marks, key=lambda item: item[0]):
        have[origin] = (*have.get(origin, ()), mark)
    return have
