"""Entries on their way between nodes, with what travels beside them: the keys that open them, the answers they gave."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, Self
from uuid import UUID

import orjson

from journal.chain import entry_hash
from journal.keys import SealKey
from journal.models import Entry


@dataclass(frozen=True, slots=True)
class Raw:
    """An entry as it travels: what is hashed, and the hash."""

    origin: str
    incarnation: int
    seq: int
    hlc: int
    parent: bytes | None
    prev_hash: bytes
    hash: bytes
    type: str
    aggregate_kind: str
    aggregate_id: str
    command_id: UUID | None
    body: str

    @classmethod
    def of(cls, entry: Entry) -> "Raw":
        values = {name: getattr(entry, name) for name in cls.__dataclass_fields__}
        for name in ("parent", "prev_hash", "hash"):
            values[name] = bytes(values[name]) if values[name] is not None else None
        return cls(**values)

    @property
    def order(self) -> tuple[int, str, int, int]:
        """Its place in the order that every node agrees on."""
        return self.hlc, self.origin, self.incarnation, self.seq

    @property
    def subject(self) -> tuple[str, str]:
        return self.aggregate_kind, self.aggregate_id

    @property
    def sealed(self) -> bool:
        return '"sealed":' in self.body

    def genuine(self) -> bool:
        """Whether the hash is that of the content, and the repeated columns say what the body says."""
        computed = entry_hash(
            self.prev_hash, self.origin, self.incarnation, self.seq, self.hlc, self.parent, self.body
        )  # fmt: skip
        if computed != self.hash:
            return False
        body = orjson.loads(self.body)
        said = (body["type"], body["aggregate"], body["command"])
        command = str(self.command_id) if self.command_id else None
        return said == (self.type, f"{self.aggregate_kind}:{self.aggregate_id}", command)


@dataclass(frozen=True, slots=True)
class KeptReceipt:
    """The first answer to a command, on its way to another node: repeated there it gets the same one."""

    command_id: UUID
    name: str
    actor_id: str
    answer: str
    created_at: datetime


class Row(NamedTuple):
    """One entry for the link: identity and chain in the open, the rest as one JSON-able value."""

    origin: str
    incarnation: int
    seq: int
    prev_hash: str
    hash: str
    wire: Any


@dataclass(frozen=True, slots=True)
class Batch:
    """Entries in the order of their chains, with keys and receipts."""

    entries: Sequence[Raw]
    keys: Sequence[SealKey] = ()
    receipts: Sequence[KeptReceipt] = ()

    def rows(self) -> list[Row]:
        """As rows for the link. A key travels with the first entry that needs it, a receipt with the last entry of
        its command, so that rows may be cut into batches anywhere."""
        keys: dict[str, list[SealKey]] = {}
        for key in self.keys:
            keys.setdefault(key.subject, []).append(key)
        receipts = {receipt.command_id: receipt for receipt in self.receipts}
        last = {raw.command_id: raw.seq for raw in self.entries if raw.command_id}
        rows = []
        for raw in self.entries:
            needed = keys.pop(f"{raw.aggregate_kind}:{raw.aggregate_id}", []) if raw.sealed else []
            ends = raw.command_id is not None and last[raw.command_id] == raw.seq
            receipt = receipts.get(raw.command_id) if ends and raw.command_id else None
            wire = [
                raw.hlc, raw.parent.hex() if raw.parent is not None else None, raw.type, raw.aggregate_kind,
                raw.aggregate_id, str(raw.command_id) if raw.command_id else None, raw.body,
                [[key.maker, key.secret.hex()] for key in needed],
                [receipt.name, receipt.actor_id, receipt.answer, receipt.created_at.isoformat()] if receipt else None,
            ]  # fmt: skip
            rows.append(Row(raw.origin, raw.incarnation, raw.seq, raw.prev_hash.hex(), raw.hash.hex(), wire))
        return rows

    @classmethod
    def of_rows(cls, rows: Iterable[Sequence[Any]]) -> Self:
        """The batch in rows of the link. Raises ValueError for anything that is none."""
        entries: list[Raw] = []
        keys: list[SealKey] = []
        receipts: list[KeptReceipt] = []
        try:
            for origin, incarnation, seq, prev_hash, digest, wire in rows:
                hlc, parent, name, kind, ident, command, body, seals, receipt = wire
                command_id = UUID(command) if command else None
                raw = Raw(
                    str(origin), int(incarnation), int(seq), int(hlc),
                    bytes.fromhex(parent) if parent is not None else None, bytes.fromhex(prev_hash),
                    bytes.fromhex(digest), str(name), str(kind), str(ident), command_id, str(body),
                )  # fmt: skip
                entries.append(raw)
                keys += [SealKey(f"{kind}:{ident}", str(maker), bytes.fromhex(secret)) for maker, secret in seals]
                if receipt is not None and command_id is not None:
                    by, actor, answer, at = receipt
                    receipts.append(KeptReceipt(command_id, by, actor, answer, datetime.fromisoformat(at)))
        except (TypeError, ValueError, AttributeError) as error:
            raise ValueError(f"not rows of a journal: {error}") from error
        return cls(entries, keys, receipts)
