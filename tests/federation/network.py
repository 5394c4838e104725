"""Nodes around the real protocol core: a database that keeps what was committed, a carrier that keeps the order and
breaks, and the laws of the protocol checked at every message. No socket, no clock; time is what the test says."""

import hashlib
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from federation.protocol import (
    Alarm,
    Close,
    Effect,
    Have,
    Limits,
    Local,
    Mark,
    Read,
    Restored,
    Row,
    Secured,
    Send,
    Session,
    Signal,
    Store,
    Up,
    nest,
)

Key = tuple[str, int]
SMALL = Limits(unacked_rows=7, batch_rows=3, batch_bytes=2000, row_bytes=4000, live_entries=0)


def private_key(node: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(hashlib.sha256(node.encode()).digest())


class Ring:
    """The own key and those of the nodes one knows."""

    def __init__(self, node: str, knows: Iterable[str], key: Ed25519PrivateKey | None = None) -> None:
        self._key = key or private_key(node)
        self._known = {name: private_key(name).public_key() for name in knows}

    def sign(self, text: bytes) -> bytes:
        return self._key.sign(text)

    def verify(self, node: str, text: bytes, signature: bytes) -> bool:
        if node not in self._known:
            return False
        try:
            self._known[node].verify(signature, text)
        except InvalidSignature:
            return False
        return True


def row_after(prev: Row | None, origin: str, incarnation: int, content: str) -> Row:
    seq = prev.seq + 1 if prev else 1
    prev_hash = prev.hash if prev else hashlib.sha256(origin.encode()).hexdigest()
    digest = hashlib.sha256(f"{prev_hash}|{origin}|{incarnation}|{seq}|{content}".encode()).hexdigest()
    return Row(origin, incarnation, seq, prev_hash, digest, {"body": content})


class BrokenChain(Exception):
    """What a journal says to a row that does not follow."""


class Database:
    """Rows per stream. What is in it was committed."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.rows: dict[Key, list[Row]] = {}

    def have(self) -> Have:
        """An incarnation that has begun and bears no row yet is known as well."""
        return nest((key, Mark(key[1], len(rows), rows[-1].hash if rows else "")) for key, rows in self.rows.items())

    def store(self, rows: Iterable[Row]) -> None:
        """Known rows are passed over; the others follow, or nothing is stored."""
        new: dict[Key, list[Row]] = {}
        for row in rows:
            key = row.origin, row.incarnation
            chain = [*self.rows.get(key, []), *new.get(key, [])]
            if row.seq <= len(chain):
                if chain[row.seq - 1].hash != row.hash:
                    raise BrokenChain(f"{key} forks at {row.seq}")
                continue
            prev = chain[-1] if chain else None
            if row != row_after(prev, row.origin, row.incarnation, row.wire["body"]):
                raise BrokenChain(f"{key} does not link at {row.seq}")
            new.setdefault(key, []).append(row)
        for key, added in new.items():
            self.rows.setdefault(key, []).extend(added)

    def hashes(self) -> set[tuple[str, int, int, str]]:
        return {(row.origin, row.incarnation, row.seq, row.hash) for rows in self.rows.values() for row in rows}


@dataclass
class End:
    """One side of a connection, with what an observer counts on it."""

    node: "Node"
    session: Session
    inbound: deque[bytes] = field(default_factory=deque)
    other: "End | None" = None
    proven: bool = False
    up: bool = False
    flight: dict[Key, list[int]] = field(default_factory=dict)
    storing: bool = False
    reading: set[Key] = field(default_factory=set)
    transcript: list[dict[str, Any]] = field(default_factory=list)
    alive: bool = True


@dataclass
class Node:
    name: str
    database: Database
    knows: tuple[str, ...]
    limits: Limits = SMALL
    incarnation: int = 1
    begins: bool = True  # a new incarnation as soon as it hears that others know more of it
    unsure: bool = False  # restored from a backup: nothing is recorded before a peer was asked
    ends: list[End] = field(default_factory=list)
    jobs: deque[tuple[End, Effect]] = field(default_factory=deque)
    seen: list[tuple[str, Effect]] = field(default_factory=list)

    def effects(self, kind: type) -> list[Any]:
        return [effect for _peer, effect in self.seen if isinstance(effect, kind)]


class World:
    """Nodes and the connections between them."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.nodes: dict[str, Node] = {}
        self.nonces = 0
        self.skew: dict[str, float] = {}

    def add(self, name: str, knows: Iterable[str], *, database: Database | None = None, limits: Limits = SMALL) -> Node:
        node = Node(name, database or Database(name), tuple(knows), limits)
        self.nodes[name] = node
        return node

    def nonce(self) -> bytes:
        self.nonces += 1
        return hashlib.sha256(str(self.nonces).encode()).digest()

    def session(self, node: Node, peer: str | None) -> Session:
        local = Local(node.name, node.database.name, "1.0", (node.name,))
        ring = Ring(node.name, node.knows)
        return Session(
            local, ring, node.database.have(), now=self.now, nonce=self.nonce(), peer=peer, limits=node.limits
        )

    def linked(self, a: str, b: str) -> bool:
        return any(end.other and end.other.node.name == b for end in self.nodes[a].ends)

    def connect(self, a: str, b: str) -> tuple[End, End]:
        """``a`` dials ``b``."""
        left = End(self.nodes[a], self.session(self.nodes[a], b))
        right = End(self.nodes[b], self.session(self.nodes[b], None))
        left.other, right.other = right, left
        for end in (left, right):
            end.node.ends.append(end)
        for end in (left, right):
            self.perform(end, end.session.open(self.now, self.wall(end.node)))
        return left, right

    def wall(self, node: Node) -> float:
        return self.now + self.skew.get(node.name, 0.0)

    def drop(self, end: End) -> None:
        """The connection breaks: what was under way is lost on both sides."""
        for side in (end, end.other):
            if side is not None and side.alive:
                side.alive = False
                side.inbound.clear()
                side.node.ends.remove(side)

    def cut(self, a: str, b: str) -> None:
        for end in list(self.nodes[a].ends):
            if end.other and end.other.node.name == b:
                self.drop(end)

    def crash(self, name: str) -> None:
        """The process dies: connections and everything not committed are gone."""
        for end in list(self.nodes[name].ends):
            self.drop(end)
        self.nodes[name].jobs.clear()

    def restore(self, name: str, keep: Callable[[Key, int], int]) -> None:
        """A backup comes back: of each stream only the first rows."""
        sharing = [node for node in self.nodes.values() if node.database is self.nodes[name].database]
        for node in sharing:
            self.crash(node.name)
            node.unsure = True
        database = self.nodes[name].database
        kept = {key: chain[: keep(key, len(chain))] for key, chain in database.rows.items()}
        database.rows = {key: chain for key, chain in kept.items() if chain}

    def grow(self, name: str, count: int, content: str = "x") -> None:
        node = self.nodes[name]
        chain = node.database.rows.setdefault((name, node.incarnation), [])
        for number in range(count):
            prev = chain[-1] if chain else None
            chain.append(row_after(prev, name, node.incarnation, f"{content}{number}"))
        self.tell(node.database)

    def tell(self, database: Database, after: "tuple[End, list[Effect]] | None" = None) -> None:
        """Every session of the database learns of growth before any effect of that is done."""
        have = database.have()
        todo = [after] if after else []
        for node in self.nodes.values():
            if node.database is database:
                todo += [(end, end.session.grown(have, self.now)) for end in list(node.ends)]
        for end, effects in todo:
            self.perform(end, effects)

    def perform(self, end: End, effects: list[Effect]) -> None:
        for effect in effects:
            if not end.alive:
                return
            match effect:
                case Send(message):
                    self.check_sent(end, message)
                    end.transcript.append(message)
                    assert end.other is not None
                    end.other.inbound.append(orjson.dumps(message))
                case Read(origin, incarnation, _after, limit):
                    assert limit >= 1
                    assert (origin, incarnation) not in end.reading, "two reads of one stream"
                    end.reading.add((origin, incarnation))
                    end.node.jobs.append((end, effect))
                case Store(rows):
                    assert not end.storing, "two batches at once"
                    assert 1 <= len(rows) <= end.node.limits.batch_rows
                    end.storing = True
                    end.node.jobs.append((end, effect))
                case Close():
                    self.note(end, effect)
                    self.drop(end)
                case _:
                    self.note(end, effect)
                    self.check_told(end, effect)

    def note(self, end: End, effect: Effect) -> None:
        assert end.other is not None
        end.node.seen.append((end.other.node.name, effect))

    def check_told(self, end: End, effect: Effect) -> None:
        assert end.other is not None
        theirs = end.other.node.database
        match effect:
            case Secured(incarnation, seq):
                assert theirs is not end.node.database, "one database is no second copy"
                mine = end.node.database.rows[end.node.name, incarnation][seq - 1]
                assert theirs.rows[end.node.name, incarnation][seq - 1] == mine, "secured, and not on the peer's disk"
            case Restored(incarnation, _seq):
                if end.node.begins:
                    self.begin(end.node, incarnation + 1)
            case Up():
                end.up = True
            case Alarm() | Signal():
                pass

    def begin(self, node: Node, incarnation: int) -> None:
        """The node goes on in a new incarnation."""
        node.incarnation = max(node.incarnation, incarnation)
        node.unsure = False
        node.database.rows.setdefault((node.name, node.incarnation), [])
        self.tell(node.database)

    def check_sent(self, end: End, message: dict[str, Any]) -> None:
        """Laws that hold for every message at the moment it leaves."""
        word, limits = message["t"], end.node.limits
        if not end.proven:
            ours_first = word == "proof" and end.session._handshake.dialler
            assert word in ("hello", "bye") or ours_first, f"{word} before the peer has proven itself"
        if word in ("have", "ack", "beat"):
            for origin, marks in message["have"].items():
                for incarnation, seq, digest in marks:
                    durable = end.node.database.rows[origin, incarnation]
                    assert not seq or durable[seq - 1].hash == digest, "said to be on disk, and is not"
        if word == "entries":
            assert end.other is not None
            assert end.node.database is not end.other.node.database, "rows for a database that has them"
            rows = message["rows"]
            assert len(rows) <= limits.batch_rows
            assert len(rows) == 1 or len(orjson.dumps(rows)) <= limits.batch_bytes
            end.flight.setdefault((message["origin"], message["incarnation"]), []).extend(row[0] for row in rows)
            assert sum(map(len, end.flight.values())) <= limits.unacked_rows, "more under way than the window holds"

    def deliver(self, end: End) -> bool:
        """The next message reaches this end."""
        if not end.inbound:
            return False
        message = orjson.loads(end.inbound.popleft())
        said = message.get("have", {})
        if message["t"] == "entries":  # what the peer gives away is on its disk
            said = {message["origin"]: [[message["incarnation"], message["rows"][-1][0], ""]]}
        for origin, marks in said.items():
            for incarnation, seq, _digest in marks:
                key = origin, incarnation
                end.flight[key] = [number for number in end.flight.get(key, []) if number > seq]
        if message["t"] == "stop":
            end.flight.pop((message["origin"], message["incarnation"]), None)
        if message["t"] == "proof":
            end.proven = True
        self.perform(end, end.session.receive(message, self.now))
        return True

    def work(self, node: Node) -> bool:
        """A thread of the node does the next thing its sessions asked for."""
        while node.jobs:
            end, effect = node.jobs.popleft()
            if not end.alive:
                continue
            if isinstance(effect, Read):
                key = effect.origin, effect.incarnation
                end.reading.remove(key)
                rows = node.database.rows.get(key, [])[effect.after : effect.after + effect.limit]
                self.perform(end, end.session.read(*key, effect.after, rows, self.now))
            elif isinstance(effect, Store):
                end.storing = False
                try:
                    node.database.store(effect.rows)
                except BrokenChain as error:
                    self.perform(end, end.session.refused(str(error), self.now))
                else:
                    self.tell(node.database, (end, end.session.stored(node.database.have(), self.now)))
            return True
        return False

    def ends(self) -> list[End]:
        return [end for node in self.nodes.values() for end in node.ends]

    def advance(self, seconds: float) -> None:
        """Time passes and sessions tick; nothing is delivered."""
        until = self.now + seconds
        for _tick in range(10_000):
            due = min((end.session.next_tick for end in self.ends()), default=until)
            self.now = max(self.now, min(due, until))
            for end in self.ends():
                if end.alive and end.session.next_tick <= self.now:
                    self.perform(end, end.session.tick(self.now, self.wall(end.node)))
            if due >= until:
                return
        raise AssertionError("a session wants a tick for ever")

    def flush(self) -> None:
        """Deliver and work until nothing is left to do at this moment."""
        for _step in range(200_000):
            moved = False
            for end in self.ends():
                if end.alive:
                    moved |= self.deliver(end)
            for node in self.nodes.values():
                moved |= self.work(node)
            if not moved:
                return
        raise AssertionError("the nodes never come to rest")

    def heal(self, edges: Iterable[tuple[str, str]], seconds: float = 30.0) -> None:
        """Everything works again, for so long; who is not connected dials."""
        edges = list(edges)
        until = self.now + seconds
        while self.now < until:
            for a, b in edges:
                if not self.linked(a, b):
                    self.connect(a, b)
            self.flush()
            self.advance(0.5)


def with_limits(**values: Any) -> Limits:
    return replace(SMALL, **values)
