"""The sending half: what the peer lacks, stream by stream, within the window. Catch-up and live are the same."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from federation.protocol import messages
from federation.protocol.ledger import Ledger, ProtocolError
from federation.protocol.messages import Entries, Malformed, Welcome
from federation.protocol.values import Have, Key, Mark, Read, Row, Secured, Send, flatten

ROW_OVERHEAD = 300
"""Bytes of number, hashes and punctuation around one row, rounded up."""

MAX_STREAMS = 50_000


@dataclass(slots=True)
class Flight:
    """A row that was sent and is not yet known to be on the peer's disk."""

    seq: int
    hash: str
    size: int
    sent_at: float


@dataclass(slots=True)
class Outgoing:
    """One stream on its way out. ``sent`` and ``sent_hash``: where to go on, and what the next row must link to.

    ``sent_here``: the newest row sent by this link. ``confirmed``: up to where the peer has the same rows as we, proven
    by hash. ``moved_at``: since when the peer lacks something without getting nearer to it; ``relaying``: for so long
    that we stand in for the stream's origin until the peer is level.
    """

    sent: int = 0
    sent_hash: str = ""
    sent_here: int = 0
    acked: int = 0
    reading: tuple[int, int] | None = None
    pause_until: float = 0.0
    moved_at: float | None = None
    relaying: bool = False
    confirmed: int = 0
    flight: deque[Flight] = field(default_factory=deque)


class Outbox:
    """Reads what the peer lacks, fairly over origins, and knows what of it is under way."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.open = False
        self.linked: frozenset[str] = frozenset()
        self.secured: Mark | None = None
        self.next_due: float | None = None
        self._streams: dict[Key, Outgoing] = {}
        self._turns: deque[str] = deque()
        limits = ledger.limits
        self._window_rows, self._row_bytes = limits.unacked_rows, limits.row_bytes
        self._batch_rows, self._batch_bytes = limits.batch_rows, limits.batch_bytes
        self._rows = self._bytes = self._reserved = 0

    @property
    def rows_in_flight(self) -> int:
        return self._rows

    @property
    def congested(self) -> bool:
        return 2 * self._rows > self._window_rows

    def oldest_sent(self) -> float | None:
        """When the oldest row was sent that is still unacknowledged."""
        return min((stream.flight[0].sent_at for stream in self._streams.values() if stream.flight), default=None)

    def begin(self, welcome: Welcome) -> None:
        """The peer may have everything from now on. The smaller of both windows counts."""
        self._window_rows = min(self._window_rows, welcome.unacked_rows)
        self._batch_rows = min(self._batch_rows, welcome.batch_rows)
        self._batch_bytes = min(self._batch_bytes, welcome.batch_bytes)
        self._row_bytes = min(self._row_bytes, welcome.row_bytes)
        self.open = True

    def heard(self, have: Have, now: float) -> None:
        """Take what the peer says it has on disk. Raises ProtocolError if that goes backwards or contradicts itself."""
        for key, mark in flatten(have).items():
            known = self.ledger.theirs.get(key)
            if known is not None and mark.seq < known.seq:
                raise ProtocolError(f"{key} goes back from {known.seq} to {mark.seq}")
            if known is not None and mark.seq == known.seq:
                if mark.hash != known.hash:
                    raise ProtocolError(f"{key} at {mark.seq} has two hashes")
                continue
            if known is None and len(self.ledger.theirs) >= MAX_STREAMS:
                raise ProtocolError("more streams than a network can have")
            self._advance(key, mark, now)

    def shown(self, message: Entries, now: float) -> None:
        """What the peer sends it has: it need not come back, and rows of our own that we lack are news of a restore."""
        key, last = (message.origin, message.incarnation), message.rows[-1]
        known = self.ledger.theirs.get(key)
        if key not in self.ledger.stopped and (known is None or last.seq > known.seq):
            self._advance(key, Mark(key[1], last.seq, last.hash), now)

    def acked(self, have: Have, now: float) -> None:
        """An acknowledgement speaks of rows sent on this link, and of nothing else. Raises ProtocolError."""
        for key, mark in flatten(have).items():
            stream = self._streams.get(key)
            if stream is None or not stream.acked <= mark.seq <= stream.sent_here:
                raise ProtocolError(f"acknowledgement of {key} at {mark.seq} for what was not sent, or backwards")
            stream.acked = mark.seq
            known = self.ledger.theirs.get(key)
            if known is None or mark.seq > known.seq:
                self._advance(key, mark, now)

    def _advance(self, key: Key, mark: Mark, now: float) -> None:
        ledger, stream = self.ledger, self._stream(key)
        ledger.theirs[key] = mark
        stream.moved_at = now
        last: Flight | None = None
        while stream.flight and stream.flight[0].seq <= mark.seq:
            last = stream.flight.popleft()
            self._rows -= 1
            self._bytes -= last.size
        if last is not None and last.seq == mark.seq and last.hash != mark.hash:
            ledger.stop(key, mark.seq, "fork", f"sent {last.hash[:16]}, acknowledged {mark.hash[:16]}")
        ledger.compare(key)
        mine = ledger.mine.get(key)
        if mark.seq > stream.sent:
            stream.sent, stream.sent_hash = mark.seq, mark.hash
        if key[0] == ledger.local.node and mark.seq > (mine.seq if mine else 0):
            ledger.restored(key[1], mark.seq)
        # Whether the peer means the same row is known of rows sent here and of the head; else when the next is read.
        if (last is not None and last.seq == mark.seq) or (mine is not None and mine.seq == mark.seq):
            self._confirm(key, stream, mark)

    def _confirm(self, key: Key, stream: Outgoing, mark: Mark) -> None:
        if key in self.ledger.stopped or mark.seq <= stream.confirmed:
            return
        stream.confirmed = mark.seq
        if key[0] == self.ledger.local.node:
            newer = self.secured is None or (mark.incarnation, mark.seq) > (self.secured.incarnation, self.secured.seq)
            self.secured = mark if newer else self.secured
            self.ledger.emit(Secured(mark.incarnation, mark.seq))

    def grown(self, keys: Iterable[Key]) -> None:
        """Our side has more: equal heights can be compared now."""
        for key in keys:
            mine, theirs = self.ledger.mine[key], self.ledger.theirs.get(key)
            self.ledger.compare(key)
            if theirs is not None and theirs.seq == mine.seq and self.open:
                self._confirm(key, self._stream(key), theirs)

    def stopped(self, key: Key) -> None:
        """Forget what is under way of a stream that stands: nobody will acknowledge it."""
        stream = self._streams.get(key)
        if stream is not None:
            for row in stream.flight:
                self._rows -= 1
                self._bytes -= row.size
            stream.flight.clear()

    def offer(self, now: float) -> None:
        """Ask for rows while the window has room: one read per stream, one stream per origin and turn."""
        self.next_due = None
        if not self.open:
            return
        ready: dict[str, Key] = {}
        for key in sorted(self.ledger.mine):
            if key[0] not in ready and self._ready(key, now):
                ready[key[0]] = key
        for origin in ready.keys() - set(self._turns):
            self._turns.append(origin)
        for _turn in range(len(self._turns)):
            origin = self._turns.popleft()
            self._turns.append(origin)
            if origin in ready and not self._ask(ready[origin]):
                self._turns.rotate(1)  # it stays the first in line
                break

    def _ready(self, key: Key, now: float) -> bool:
        """Has the peer something to get of this stream, now?"""
        stream = self._streams.get(key)
        if key in self.ledger.stopped:
            return False
        if self.ledger.mine[key].seq <= (stream.sent if stream else 0):
            if stream is not None:
                stream.moved_at, stream.relaying = None, False
            return False
        stream = self._stream(key)
        if stream.reading is not None:
            return False
        due = stream.pause_until
        if key[0] in self.linked and key[0] != self.ledger.local.node and not stream.relaying:
            # The peer gets these first hand; we stand by in case it does not.
            stream.moved_at = now if stream.moved_at is None else stream.moved_at
            stream.relaying = now >= stream.moved_at + self.ledger.limits.relay_seconds
            due = max(due, stream.moved_at + self.ledger.limits.relay_seconds)
        if due > now:
            self.next_due = due if self.next_due is None else min(self.next_due, due)
            return False
        return True

    def _ask(self, key: Key) -> bool:
        """Ask for the next rows of a stream. False: the window has no room worth a read."""
        stream = self._streams[key]
        room = self._window_rows - self._rows - self._reserved
        wanted = min(self.ledger.mine[key].seq - stream.sent, self._batch_rows)
        worth = min(wanted, max(1, self._batch_rows // 2), max(1, self._window_rows // 2))
        if room < worth or self._bytes >= self.ledger.limits.unacked_bytes:
            return False
        limit = min(wanted, room)
        stream.reading = (stream.sent, limit)
        self._reserved += limit
        self.ledger.emit(Read(key[0], key[1], stream.sent, limit))
        return True

    def read(self, key: Key, after: int, rows: list[Row], now: float) -> None:
        """Send what was read, if it still concerns the peer."""
        stream = self._streams.get(key)
        if stream is None or stream.reading is None or stream.reading[0] != after:
            return
        self._reserved -= stream.reading[1]
        limit, stream.reading = stream.reading[1], None
        mine = self.ledger.mine[key]
        # Never beyond our own mark: what a peer can know of our chain, every session of this node knows already.
        rows = [row for row in rows if stream.sent < row.seq <= mine.seq][:limit]
        if key in self.ledger.stopped:
            return
        if not rows:
            stream.pause_until = now + self.ledger.limits.beat_seconds if stream.sent == after else 0.0
            return
        if self._linked(key, stream, rows):
            self._send(key, stream, rows, now)

    def _linked(self, key: Key, stream: Outgoing, rows: list[Row]) -> bool:
        seq, prev = stream.sent, stream.sent_hash
        for row in rows:
            if row.seq != seq + 1:
                self.ledger.stop(key, row.seq, "gap", f"our own journal has {row.seq} after {seq}")
                return False
            if prev and row.prev_hash != prev:
                self.ledger.stop(key, seq, "fork", f"{row.seq} follows {row.prev_hash[:16]}, the peer has {prev[:16]}")
                return False
            seq, prev = row.seq, row.hash
        theirs = self.ledger.theirs.get(key)
        if theirs is not None and theirs.seq == stream.sent:
            self._confirm(key, stream, theirs)
        return True

    def _send(self, key: Key, stream: Outgoing, rows: list[Row], now: float) -> None:
        """Cut into messages. What the window in bytes does not hold is read again later."""
        batch: list[Row] = []
        filled = 0
        for row in rows:
            try:
                size = messages.size(row.wire) + ROW_OVERHEAD
            except Malformed:
                size = self._row_bytes + 1
            if batch and filled + size > self._batch_bytes:
                self._flush(key, stream, batch)
                batch, filled = [], 0
            if self._bytes >= self.ledger.limits.unacked_bytes:
                break
            if size > self._row_bytes:
                self._flush(key, stream, batch)
                self.ledger.stop(key, row.seq, "too_large", f"{size} bytes in one row")
                return
            batch.append(row)
            filled += size
            stream.flight.append(Flight(row.seq, row.hash, size, now))
            self._rows += 1
            self._bytes += size
        self._flush(key, stream, batch)

    def _flush(self, key: Key, stream: Outgoing, batch: list[Row]) -> None:
        if batch:
            self.ledger.emit(Send(messages.entries(key[0], key[1], batch)))
            stream.sent, stream.sent_hash = batch[-1].seq, batch[-1].hash
            stream.sent_here = batch[-1].seq

    def _stream(self, key: Key) -> Outgoing:
        return self._streams.setdefault(key, Outgoing())
