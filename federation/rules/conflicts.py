"""What two authors wrote without knowing of each other, and which of it cannot both stand. Pure.

Every entry carries ``parent``: the hash of the entry of its aggregate that the author's node had stored last. With the
author's own earlier entries that gives what the author had seen: a vector of how far along each chain (version vectors,
Parker et al. 1983). Two entries of which neither author had seen the other's are concurrent, whatever the clocks say.

Exact for two chains. With three or more, a node may have stored entries of two others between two of its own and can
name only the last as parent: then more may be called concurrent than was, never less.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

# A chain: its origin and incarnation. A node that was restored from a backup begins a new one and does not know all
# of its own old one.
Line = tuple[str, int]
Identity = tuple[str, int, int]
Vector = dict[Line, int]


@dataclass(frozen=True, slots=True)
class Mark:
    """An entry of one aggregate without what it says: who wrote it, when, and what had been seen."""

    origin: str
    incarnation: int
    seq: int
    hash: bytes
    parent: bytes | None
    hlc: int

    @property
    def line(self) -> Line:
        return self.origin, self.incarnation

    @property
    def identity(self) -> Identity:
        return self.origin, self.incarnation, self.seq


class History:
    """The entries of one aggregate and what the author of each had seen."""

    def __init__(self, marks: Iterable[Mark]) -> None:
        self.marks = sorted(marks, key=lambda mark: (mark.hlc, mark.identity))
        self._seen = _vectors(self.marks)

    def seen(self, author: Mark) -> Vector:
        """How far the author of an entry had seen each chain, the entry itself included."""
        return self._seen[author.hash]

    def saw(self, author: Mark, other: Mark) -> bool:
        """Whether whoever wrote ``author`` had seen ``other``."""
        return self._seen[author.hash].get(other.line, 0) >= other.seq

    def concurrent(self, one: Mark, other: Mark) -> bool:
        """Whether neither author had seen the other's entry."""
        return not self.saw(one, other) and not self.saw(other, one)

    def forked(self) -> bool:
        """Whether anything here is concurrent. If each entry saw its predecessor in clock order, nothing is; a clock
        that runs wrong only makes this say yes too often."""
        return any(not self.saw(after, before) for before, after in zip(self.marks, self.marks[1:], strict=False))


def _vectors(marks: Sequence[Mark]) -> dict[bytes, Vector]:
    by_hash = {mark.hash: mark for mark in marks}
    own: dict[bytes, Mark] = {}
    last: dict[Line, Mark] = {}
    for mark in sorted(marks, key=lambda mark: mark.identity):
        if predecessor := last.get(mark.line):
            own[mark.hash] = predecessor
        last[mark.line] = mark
    found: dict[bytes, Vector] = {}
    entered: set[bytes] = set()
    for start in marks:
        # Depth first without recursion: histories are long.
        stack = [start]
        while stack:
            mark = stack[-1]
            before = [b for b in (own.get(mark.hash), by_hash.get(mark.parent or b"")) if b is not None]
            missing = [b for b in before if b.hash not in entered]
            if missing and mark.hash not in found:
                entered.update(b.hash for b in (mark, *missing))
                stack += missing
                continue
            stack.pop()
            found[mark.hash] = _joined([found.get(b.hash, {}) for b in before]) | {mark.line: mark.seq}
    return found


def _joined(vectors: Iterable[Vector]) -> Vector:
    joined: Vector = {}
    for vector in vectors:
        for line, seq in vector.items():
            joined[line] = max(seq, joined.get(line, 0))
    return joined


@dataclass(frozen=True, slots=True)
class Write:
    """An entry gave ``field`` a value (anything that compares; what is empty for a person is None)."""

    mark: Mark
    field: str
    value: Any


@dataclass(frozen=True, slots=True)
class Fork:
    """A field that two chains wrote without knowing of each other. ``first``: with what the fork began on each side
    (its identity, which does not change when more arrives); ``last``: what each side ended with, to be decided."""

    field: str
    first: tuple[Mark, Mark]
    last: tuple[Write, Write]


def forks(history: History, writes: Iterable[Write]) -> list[Fork]:
    """The forks of which the two ends differ, in an order that does not depend on who looks."""
    by_field: dict[str, dict[Line, list[Write]]] = defaultdict(lambda: defaultdict(list))
    for write in sorted(writes, key=lambda write: write.mark.identity):
        by_field[write.field][write.mark.line].append(write)
    found = []
    for field, by_line in sorted(by_field.items()):
        for index, line in enumerate(lines := sorted(by_line)):
            for other in lines[index + 1 :]:
                for ones, others in _pieces(history, by_line[line], by_line[other]):
                    if ones[-1].value != others[-1].value:
                        found.append(Fork(field, (ones[0].mark, others[0].mark), (ones[-1], others[-1])))
    return found


def _pieces(
    history: History, ones: Sequence[Write], others: Sequence[Write]
) -> Iterator[tuple[Sequence[Write], Sequence[Write]]]:
    """The connected pieces of "is concurrent with" between two chains. What an author has seen only grows, so the
    entries concurrent with one are a run, and the runs move forward."""
    seqs = [write.mark.seq for write in others]
    reach = [history.seen(write.mark).get(ones[0].mark.line, 0) for write in others]
    piece: tuple[int, int, int, int] | None = None
    for index, write in enumerate(ones):
        begin = bisect_right(seqs, history.seen(write.mark).get(others[0].mark.line, 0))
        end = bisect_left(reach, write.mark.seq)
        if begin >= end:
            continue
        if piece is not None and begin < piece[3]:
            piece = piece[0], index + 1, piece[2], end
            continue
        if piece is not None:
            yield ones[piece[0] : piece[1]], others[piece[2] : piece[3]]
        piece = index, index + 1, begin, end
    if piece is not None:
        yield ones[piece[0] : piece[1]], others[piece[2] : piece[3]]


def went_on(history: History, closings: Iterable[Mark], others: Iterable[Mark]) -> list[tuple[Mark, Mark]]:
    """Closings that did not know that the work went on elsewhere: (closing, first of what went on), one pair for each
    closing and other chain."""
    running = sorted(others, key=lambda mark: mark.identity)
    found = []
    for closing in sorted(closings, key=lambda mark: mark.identity):
        told: set[Line] = set()
        for mark in running:
            if mark.line != closing.line and mark.line not in told and history.concurrent(closing, mark):
                told.add(mark.line)
                found.append((closing, mark))
    return found


@dataclass(frozen=True, slots=True)
class Commitment:
    """A unit committed by an assignment, from the entry that made it to the clock of the one that ended it (None:
    still open). Reservations are none."""

    assignment: str
    unit: str
    incident: str
    made: Mark
    ended: int | None = None

    def overlaps(self, other: "Commitment") -> bool:
        first, second = sorted((self, other), key=lambda c: (c.made.hlc, c.made.identity))
        return first.ended is None or first.ended > second.made.hlc


def double_commitments(commitments: Iterable[Commitment]) -> list[tuple[Commitment, Commitment]]:
    """Pairs of commitments of one unit that overlap. Where an author had seen the first it would have been refused,
    or ended by the same command; so an overlap of clocks is two who did not know of each other, and a unit that was
    promised twice at the same time."""
    by_unit: dict[Hashable, list[Commitment]] = defaultdict(list)
    for commitment in sorted(commitments, key=lambda c: (c.made.identity, c.assignment)):
        by_unit[commitment.unit].append(commitment)
    return [
        (one, other)
        for held in by_unit.values()
        for index, one in enumerate(held)
        for other in held[index + 1 :]
        if one.overlaps(other)
    ]
