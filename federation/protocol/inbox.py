"""The receiving half: one batch at a time to the disk, and an acknowledgement only for what is there."""

from collections import deque
from dataclasses import dataclass, field

from federation.protocol import messages
from federation.protocol.ledger import Ledger, ProtocolError
from federation.protocol.messages import Entries
from federation.protocol.values import Key, Mark, Row, Send, Store, nest


@dataclass(slots=True)
class Incoming:
    """One stream on its way in. ``last``: end of what is stored or queued; ``here``: newest row of this link."""

    last: Mark
    here: Mark
    told: int = 0
    queue: deque[Row] = field(default_factory=deque)


class Inbox:
    """Rows that came and are not yet stored, and what the peer was told of them."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self._streams: dict[Key, Incoming] = {}
        self._turns: deque[Key] = deque()
        self._storing: tuple[Row, ...] = ()
        self._pending = 0

    def entries(self, message: Entries) -> None:
        """Queue what is new. Raises ProtocolError for a gap, which an honest peer cannot make, and a broken window."""
        key = message.origin, message.incarnation
        if key in self.ledger.stopped:
            return
        mine = self.ledger.mine.get(key)
        stream = self._streams.get(key)
        if stream is None:
            nothing = Mark(message.incarnation, 0, "")
            stream = self._streams[key] = Incoming(nothing, nothing, told=message.rows[0].seq - 1)
        if mine is not None and mine.seq > stream.last.seq:
            stream.last = mine
        for row in message.rows:
            last = stream.last
            if row.seq > last.seq + 1:
                raise ProtocolError(f"{key}: {row.seq} after {last.seq}")
            fresh = row.seq == last.seq + 1
            other = row.prev_hash != last.hash if fresh else row.seq == last.seq and row.hash != last.hash
            if other and last.hash and last.seq:
                self.ledger.stop(key, last.seq, "fork", f"{row.seq} came as {row.hash[:16]}, ours is {last.hash[:16]}")
                return
            if fresh:
                stream.queue.append(row)
                self._pending += 1
                stream.last = Mark(row.incarnation, row.seq, row.hash)
            if row.seq > stream.here.seq:
                stream.here = Mark(row.incarnation, row.seq, row.hash)
        if self._pending > self.ledger.limits.unacked_rows and self._unstored() > self.ledger.limits.unacked_rows:
            raise ProtocolError("more rows than the window holds")
        if stream.queue and key not in self._turns:
            self._turns.append(key)

    def _unstored(self) -> int:
        """Rows that came here and are on disk by no way: another link may have brought some of them meanwhile."""
        for key, stream in self._streams.items():
            self._trim(key, stream)
        if not self._storing:
            return self._pending
        mine = self.ledger.mine.get((self._storing[0].origin, self._storing[0].incarnation))
        return self._pending - sum(mine is not None and row.seq <= mine.seq for row in self._storing)

    def store(self) -> None:
        """Hand the next batch to the driver, unless one is with it: streams take turns, and what only we may write
        waits (see ``Ledger.only_ours``)."""
        limits = self.ledger.limits
        ready = deque(key for key in self._turns if not self.ledger.only_ours(key))
        while ready and not self._storing:
            key = ready.popleft()
            self._turns.remove(key)
            stream = self._streams[key]
            if not self._trim(key, stream):
                continue
            batch: list[Row] = []
            filled = 0
            while stream.queue and len(batch) < limits.batch_rows:
                filled += messages.size(stream.queue[0].wire)
                if batch and filled > limits.batch_bytes:
                    break
                batch.append(stream.queue.popleft())
            self._storing = tuple(batch)
            if stream.queue:
                self._turns.append(key)
            self.ledger.emit(Store(self._storing))

    def _trim(self, key: Key, stream: Incoming) -> bool:
        """Pass over what another link has brought meanwhile. False: nothing is left."""
        mine = self.ledger.mine.get(key)
        while stream.queue and mine is not None and stream.queue[0].seq <= mine.seq:
            row = stream.queue.popleft()
            self._pending -= 1
            if row.seq == mine.seq and row.hash != mine.hash:
                self.ledger.stop(key, row.seq, "fork", f"came as {row.hash[:16]}, ours is {mine.hash[:16]}")
        if mine is not None and mine.seq > stream.last.seq:
            stream.last = mine
        return bool(stream.queue) and key not in self.ledger.stopped

    def stored(self) -> None:
        """The batch that was out is on disk."""
        self._pending -= len(self._storing)
        self._storing = ()

    def refused(self, reason: str) -> None:
        """The journal does not take the batch that was out: its stream stands."""
        if self._storing:
            first = self._storing[0]
            self.stored()
            self.ledger.stop((first.origin, first.incarnation), first.seq, "refused", reason)

    def stopped(self, key: Key) -> None:
        """Drop what came of a stream that stands."""
        stream = self._streams.get(key)
        if stream is not None:
            self._pending -= len(stream.queue)
            stream.queue.clear()

    def acknowledge(self) -> None:
        """Tell the peer how far the rows that it sent are on disk, as soon as there is something to tell."""
        told: list[tuple[Key, Mark]] = []
        for key, stream in self._streams.items():
            mine = self.ledger.mine.get(key)
            if mine is None:
                continue
            mark = stream.here if stream.here.seq <= mine.seq else mine
            if mark.seq > stream.told:
                stream.told = mark.seq
                told.append((key, mark))
        if told:
            self.ledger.emit(Send(messages.ack(nest(told))))
