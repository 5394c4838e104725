"""Who sees everything: what was committed where, what was answered and secured, and whether the laws hold.

Nothing in here is known to any node. ``violation`` collects; the simulation goes on to its end, so that one run shows
everything that a seed finds.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import UUID

import orjson

from journal.transfer import Raw

if TYPE_CHECKING:
    from sim.node import Node

Identity = tuple[str, int, int]
# What stays the same when a tail moves into a new incarnation.
# What stays of an entry that moves into a new incarnation: its author, its clock, what it is and of what. The clock
# alone is not enough: a node that was restored while its clock is set back counts on from the same number again.
Moment = tuple[str, int, str]

_NEW = """
SELECT pos, origin, incarnation, seq, hlc, hash, type, aggregate_kind, aggregate_id, command_id, body
  FROM journal_entry WHERE pos > %s ORDER BY pos
"""
_HOLDS = """
SELECT a.unit_id, a.id, a.incident_id::text FROM incidents_assignment a
 WHERE a.unit_id = ANY(%s) AND a.ended_at IS NULL AND a.state <> 'reserved'
"""
_KNOWN = "SELECT id FROM incidents_assignment WHERE unit_id = ANY(%s)"


def _moment(row: Any) -> Moment:
    """Of a row of ``_NEW``."""
    _pos, origin, _inc, _seq, hlc, _digest, name, kind, ident, command, _body = row
    return origin, hlc, f"{name} {kind}:{ident} {command}"


@dataclass(slots=True)
class Fact:
    """An entry, once and for all: ``holders`` have it on disk now."""

    type: str
    command: UUID | None
    secured: bool = False
    excused: bool = False
    holders: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Disk:
    """What one node's database holds now."""

    pos: int = 0
    hlc: int = 0
    entries: dict[Identity, bytes] = field(default_factory=dict)
    moments: dict[Identity, Moment] = field(default_factory=dict)
    commands: dict[UUID, set[tuple[str, int]]] = field(default_factory=dict)
    terms: dict[tuple[str, str], int] = field(default_factory=dict)


class Oracle:
    """Follows every commit of every node."""

    def __init__(self) -> None:
        self.facts: dict[Moment, Fact] = {}
        self.disks: dict[str, Disk] = {}
        self.backups: dict[str, Disk] = {}
        self.seed = Disk()
        self.violations: list[str] = []
        self.notes: list[str] = []
        self.commands = 0
        self.refused = 0
        self.entries = 0
        self.secured_entries = 0

    def violation(self, law: str, detail: str) -> None:
        self.violations.append(f"{law}: {detail}")

    def note(self, text: str) -> None:
        self.notes.append(text)

    # --- commits ------------------------------------------------------------------------------------------------
    def start(self, node: str, rows: Iterable[Any]) -> None:
        """A machine with nothing but what everybody knows."""
        disk = self.disks[node] = Disk()
        for row in rows:
            self._take(node, disk, row)
        if not self.seed.pos:
            self.seed = Disk(disk.pos, disk.hlc, dict(disk.entries), dict(disk.moments))
        for fact in self.facts.values():
            fact.secured = True

    def committed(self, node: "Node") -> None:
        """Something was committed at ``node``: read what is new and hold it to the laws of single entries."""
        disk = self.disks[node.name]
        rows = _query(node, _NEW, [disk.pos])
        node.grew = node.grew or bool(rows)
        # Not what a restored node had written in an earlier life and gets back from the others.
        own = [row for row in rows if row[1] == node.name and _moment(row) not in self.facts]
        for row in own:
            self._own(node, disk, row)
        for row in rows:
            if row[1] != node.name and _moment(row) not in self.facts:
                self.violation("only what is on disk leaves a node", f"{node.name} has {row[1]}/{row[2]}/{row[3]}")
            self._take(node.name, disk, row)
        alarmed = [row for row in own if row[6] == "incident.units_alarmed"]
        for row in alarmed:
            self._alarmed(node, row)

    def _own(self, node: "Node", disk: Disk, row: Any) -> None:
        _pos, origin, inc, seq, hlc, _digest, name, kind, ident, command, body = row
        self.entries += 1
        if hlc <= disk.hlc:
            self.violation("the clock of a node rises", f"{origin}/{inc}/{seq}: {hlc} after {disk.hlc}")
        disk.hlc = max(disk.hlc, hlc)
        if command is not None:
            others = disk.commands.get(command, set()) - {(origin, inc)}
            if others:
                self.violation("a command acts once", f"{node.name} has {command} of {others} and did it again: {name}")
        term = orjson.loads(body)["term"]
        if term < disk.terms.get((kind, ident), 1):
            self.violation(
                "an entry bears the term its author knew",
                f"{origin}/{inc}/{seq} {name} of {kind}:{ident}: {term} < {disk.terms[kind, ident]}",
            )

    def _take(self, node: str, disk: Disk, row: Any) -> None:
        pos, origin, inc, seq, hlc, digest, name, kind, ident, command, body = row
        disk.pos = max(disk.pos, pos)
        disk.hlc = max(disk.hlc, hlc)
        disk.entries[origin, inc, seq] = bytes(digest)
        moment = disk.moments[origin, inc, seq] = _moment(row)
        if command is not None:
            disk.commands.setdefault(command, set()).add((origin, inc))
        if '"term":1,' not in body:
            term = orjson.loads(body)["term"]
            disk.terms[kind, ident] = max(term, disk.terms.get((kind, ident), 1))
        self.facts.setdefault(moment, Fact(name, command)).holders.add(node)

    def _alarmed(self, node: "Node", row: Any) -> None:
        """No unit is committed by a node that could know, by asking, of a commitment that it does not know."""
        units = orjson.loads(row[10])["data"]["units"]
        sure = [unit["unit"] for unit in units if not unit.get("unconfirmed")]
        known = {ident for (ident,) in _query(node, _KNOWN, [sure])}
        for other in node.neighbours():
            for unit, ident, incident in _query(other, _HOLDS, [sure]):
                if ident not in known:
                    self.violation(
                        "no double commitment while linked",
                        f"{node.name} alarms {unit} to {row[8]}, {other.name} has it at {incident}",
                    )

    def begun(self, node: "Node") -> None:
        """A new incarnation: a tail may bear other numbers now."""
        disk = self.disks[node.name]
        for identity in [identity for identity in disk.entries if identity[0] == node.name]:
            del disk.entries[identity], disk.moments[identity]
        for row in _query(node, _NEW, [0]):
            if row[1] == node.name:
                self._take(node.name, disk, row)

    # --- answers ------------------------------------------------------------------------------------------------
    def answered(self, node: "Node", name: str, command: UUID, answer: dict[str, Any]) -> None:
        """An answer went out: what it says is on disk must be there."""
        if "refused" in answer:
            self.refused += 1
            return
        self.commands += 1
        where = answer.get("node") or node.name
        if where not in self.disks:
            return
        executor = node if where == node.name else node.other(where)
        found = _query(executor, "SELECT 1 FROM journal_receipt WHERE command_id = %s", [command])
        if not found:
            self.violation("no answer without the entry on disk", f"{where} answered {name} {command}")

    def secured(self, node: "Node", peer: str, incarnation: int, seq: int) -> None:
        """``node`` believes that ``peer`` has its chain on disk up to here."""
        theirs, mine = self.disks[peer], self.disks[node.name]
        identity = node.name, incarnation, seq
        if theirs.entries.get(identity) is None or theirs.entries[identity] != mine.entries.get(identity):
            self.violation(
                "what counts as secured is on the peer's disk",
                f"{node.name}: {incarnation}/{seq} at {peer}: {_short(theirs.entries.get(identity))}, here "
                f"{_short(mine.entries.get(identity))}",
            )
        for number in range(seq, 0, -1):
            moment = mine.moments.get((node.name, incarnation, number))
            fact = self.facts.get(moment) if moment else None
            if fact is None or fact.secured:
                break
            fact.secured = True
            self.secured_entries += 1

    # --- disks --------------------------------------------------------------------------------------------------
    def back_up(self, node: str) -> None:
        disk = self.disks[node]
        self.backups[node] = Disk(
            disk.pos, disk.hlc, dict(disk.entries), dict(disk.moments),
            {command: set(by) for command, by in disk.commands.items()}, dict(disk.terms),
        )  # fmt: skip

    def may_lose(self, node: str, backup: Disk | None) -> bool:
        """Whether this disk may burn: nothing that is secured would be lost with it for good."""
        return not any(self.facts[moment].secured for moment in self._only_at(node, backup))

    def _only_at(self, node: str, backup: Disk | None) -> list[Moment]:
        kept = set(backup.moments.values()) if backup else set()
        return [
            moment
            for moment in self.disks[node].moments.values()
            if moment not in kept and self.facts[moment].holders == {node}
        ]

    def burnt(self, node: str, backup: Disk | None, rows: Iterable[Any]) -> None:
        """The disk is another one now: what was only there, and only stored, is excused."""
        for moment in self._only_at(node, backup):
            self.facts[moment].excused = True
        for fact in self.facts.values():
            fact.holders.discard(node)
        disk = self.disks[node] = Disk()
        for row in rows:
            self._take(node, disk, row)

    # --- the end ------------------------------------------------------------------------------------------------
    def lost(self) -> None:
        """Every entry that was ever on disk is on every disk, unless its only disk burnt."""
        for moment, fact in self.facts.items():
            missing = set(self.disks) - fact.holders
            if missing and not (fact.excused and not fact.holders):
                self.violation("nothing on disk is lost", f"{fact.type} of {moment} is missing at {sorted(missing)}")

    def chains(self, nodes: "list[Node]") -> None:
        """The same bytes everywhere, gap-free and proved."""
        first, *others = nodes
        raws = _raws(first)
        mine = {(raw.origin, raw.incarnation, raw.seq): raw.hash for raw in raws}
        for other in others:
            theirs = {(raw.origin, raw.incarnation, raw.seq): raw.hash for raw in _raws(other)}
            if theirs != mine:
                differing = sorted(identity for identity in mine.keys() | theirs.keys()
                                   if mine.get(identity) != theirs.get(identity))  # fmt: skip
                self.violation("the same bytes everywhere", f"{first.name} and {other.name}: {differing[:5]}")
        last: dict[tuple[str, int], Raw] = {}
        for raw in raws:
            before = last.get((raw.origin, raw.incarnation))
            if raw.seq != (before.seq + 1 if before else 1) or not raw.genuine():
                self.violation("chains are whole", f"{raw.origin}/{raw.incarnation}/{raw.seq}")
            if before and raw.prev_hash != before.hash:
                self.violation("chains are whole", f"{raw.origin}/{raw.incarnation}/{raw.seq} does not follow")
            if before and raw.hlc <= before.hlc:
                self.violation("the clock of a chain rises", f"{raw.origin}/{raw.incarnation}/{raw.seq}")
            last[raw.origin, raw.incarnation] = raw


_RAWS = """
SELECT origin, incarnation, seq, hlc, parent, prev_hash, hash, type, aggregate_kind, aggregate_id, command_id, body
  FROM journal_entry ORDER BY origin, incarnation, seq
"""


def _raws(node: "Node") -> list[Raw]:
    return [
        Raw(r[0], r[1], r[2], r[3], bytes(r[4]) if r[4] is not None else None, bytes(r[5]), bytes(r[6]), *r[7:])
        for r in _query(node, _RAWS, [])
    ]


def all_rows(node: "Node") -> list[Any]:
    """Every entry in a node's database, as ``Oracle.start`` takes them."""
    return _query(node, _NEW, [0])


def _query(node: "Node", sql: str, params: list[Any]) -> list[Any]:
    """What is committed, on a connection of the observer's own: no statement counts, no clock runs."""
    return list(node.machine.reader.ready().execute(sql, params).fetchall())


def _short(digest: bytes | None) -> str:
    return digest.hex()[:12] if digest else "nothing"
