"""The words of the link: making them, and reading them from somebody who may be anybody.

Every reader raises ``Malformed`` and nothing else, whatever it is given.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from federation.protocol.values import Have, Limits, Local, Mark, Row

MAX_SEQ = 2**63 - 1
MAX_INCARNATION = 2**31 - 1
MAX_NAME = 100
MAX_TEXT = 1000
MAX_MARKS = 10_000
MAX_VITALS = 32 * 1024
NONCE_BYTES = 32


class Malformed(ValueError):
    """The message is none this protocol knows the shape of."""


@dataclass(frozen=True, slots=True)
class Hello:
    node: str
    nonce: str
    protocols: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Proof:
    signature: bytes


@dataclass(frozen=True, slots=True)
class Welcome:
    have: Have
    store: str
    version: str
    centres: tuple[str, ...]
    unacked_rows: int
    batch_rows: int
    batch_bytes: int
    row_bytes: int


@dataclass(frozen=True, slots=True)
class Entries:
    origin: str
    incarnation: int
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Ack:
    have: Have


@dataclass(frozen=True, slots=True)
class Beat:
    time: float
    echo: tuple[float, float] | None
    have: Have
    vitals: dict[str, Any]
    linked: frozenset[str]


@dataclass(frozen=True, slots=True)
class Signals:
    kind: str
    items: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Stop:
    origin: str
    incarnation: int
    seq: int
    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class Bye:
    code: str
    reason: str


Message = Hello | Proof | Welcome | Entries | Ack | Beat | Signals | Stop | Bye


def size(value: Any) -> int:
    """Bytes of JSON. Raises Malformed for what is none (too deep, not a number, half a character)."""
    try:
        return len(orjson.dumps(value))
    except (TypeError, ValueError, RecursionError) as error:
        raise Malformed("not JSON") from error


def hello(local: Local, nonce: bytes) -> dict[str, Any]:
    """Only what the proof needs: a stranger learns no more than the name he could have dialled."""
    return {"t": "hello", "node": local.node, "nonce": nonce.hex(), "protocols": list(local.protocols)}


def proof(signature: bytes) -> dict[str, Any]:
    return {"t": "proof", "signature": signature.hex()}


def welcome(local: Local, have: Have, limits: Limits) -> dict[str, Any]:
    sizes = ("unacked_rows", "batch_rows", "batch_bytes", "row_bytes")
    return {
        "t": "have",
        "have": _have_to_wire(have),
        "store": local.store,
        "version": local.version,
        "centres": list(local.centres),
        "window": {name: getattr(limits, name) for name in sizes},
    }


def entries(origin: str, incarnation: int, rows: list[Row]) -> dict[str, Any]:
    wires = [[row.seq, row.prev_hash, row.hash, row.wire] for row in rows]
    return {"t": "entries", "origin": origin, "incarnation": incarnation, "rows": wires}


def ack(have: Have) -> dict[str, Any]:
    return {"t": "ack", "have": _have_to_wire(have)}


def beat(
    time: float, echo: tuple[float, float] | None, have: Have, vitals: Mapping[str, Any], linked: frozenset[str]
) -> dict[str, Any]:
    return {
        "t": "beat",
        "time": time,
        "echo": list(echo) if echo else None,
        "have": _have_to_wire(have),
        "vitals": dict(vitals),
        "linked": sorted(linked),
    }


def signal(kind: str, items: dict[str, Any]) -> dict[str, Any]:
    return {"t": "signal", "kind": kind, "items": items}


def stop(origin: str, incarnation: int, seq: int, code: str, reason: str) -> dict[str, Any]:
    return {
        "t": "stop",
        "origin": origin,
        "incarnation": incarnation,
        "seq": seq,
        "code": code,
        "reason": reason[:MAX_TEXT],
    }


def bye(code: str, reason: str) -> dict[str, Any]:
    return {"t": "bye", "code": code, "reason": reason[:MAX_TEXT]}


def parse(message: object, limits: Limits) -> Message | None:
    """What somebody said. None: a word of a later version, to be passed over. Raises Malformed."""
    if not isinstance(message, dict):
        raise Malformed("not an object")
    word = message.get("t")
    if not isinstance(word, str):
        raise Malformed("without a word")
    match word:
        case "hello":
            return _parse_hello(message)
        case "proof":
            return Proof(_hex_bytes(message.get("signature"), 512))
        case "have":
            return _parse_welcome(message)
        case "entries":
            return _parse_entries(message, limits)
        case "ack":
            return Ack(_parse_have(message.get("have")))
        case "beat":
            return _parse_beat(message)
        case "signal":
            items = _object(message.get("items"))
            if size(items) > limits.signal_bytes + 1024:
                raise Malformed("signal too large")
            return Signals(_text(message.get("kind"), MAX_NAME), items)
        case "stop":
            return Stop(
                _text(message.get("origin"), MAX_NAME),
                _whole(message.get("incarnation"), MAX_INCARNATION),
                _whole(message.get("seq"), MAX_SEQ),
                _text(message.get("code"), MAX_NAME),
                _text(message.get("reason"), MAX_TEXT),
            )
        case "bye":
            return Bye(_text(message.get("code"), MAX_NAME), _text(message.get("reason"), MAX_TEXT))
        case _:
            return None


def _parse_hello(message: dict[str, Any]) -> Hello:
    nonce = _hex_bytes(message.get("nonce"), NONCE_BYTES)
    if len(nonce) != NONCE_BYTES:
        raise Malformed("nonce of another length")
    protocols = _list(message.get("protocols"), 100)
    return Hello(
        node=_text(message.get("node"), MAX_NAME),
        nonce=nonce.hex(),
        protocols=tuple(_whole(version, MAX_INCARNATION) for version in protocols),
    )


def _parse_welcome(message: dict[str, Any]) -> Welcome:
    window = _object(message.get("window"))
    return Welcome(
        have=_parse_have(message.get("have")),
        store=_text(message.get("store"), MAX_TEXT),
        version=_text(message.get("version"), MAX_TEXT),
        centres=tuple(_text(centre, MAX_NAME) for centre in _list(message.get("centres"), 1000)),
        unacked_rows=max(1, _whole(window.get("unacked_rows"), MAX_SEQ)),
        batch_rows=max(1, _whole(window.get("batch_rows"), MAX_SEQ)),
        batch_bytes=max(1, _whole(window.get("batch_bytes"), MAX_SEQ)),
        row_bytes=max(1, _whole(window.get("row_bytes"), MAX_SEQ)),
    )


def _parse_entries(message: dict[str, Any], limits: Limits) -> Entries:
    origin = _text(message.get("origin"), MAX_NAME)
    incarnation = _whole(message.get("incarnation"), MAX_INCARNATION)
    wires = _list(message.get("rows"), limits.batch_rows)
    if not wires:
        raise Malformed("no rows")
    # A little more than the sender may fill: the two sides count commas differently.
    if size(wires) > (limits.row_bytes if len(wires) == 1 else limits.batch_bytes) + 32 * 1024:
        raise Malformed("rows too large")
    rows: list[Row] = []
    for wire in wires:
        if not isinstance(wire, list) or len(wire) != 4:
            raise Malformed("not a row")
        row = Row(origin, incarnation, _whole(wire[0], MAX_SEQ), _hash(wire[1]), _hash(wire[2]), wire[3])
        if row.seq < 1 or not row.hash or (rows and (row.seq != rows[-1].seq + 1 or row.prev_hash != rows[-1].hash)):
            raise Malformed("rows that do not follow each other")
        rows.append(row)
    return Entries(origin, incarnation, tuple(rows))


def _parse_beat(message: dict[str, Any]) -> Beat:
    echo = message.get("echo")
    if echo is not None:
        pair = _list(echo, 2)
        if len(pair) != 2:
            raise Malformed("not an echo")
        echo = (_number(pair[0]), _number(pair[1]))
    vitals = _object(message.get("vitals"))
    if size(vitals) > MAX_VITALS:
        raise Malformed("vitals too large")
    linked = frozenset(_text(name, MAX_NAME) for name in _list(message.get("linked", []), 1000))
    return Beat(_number(message.get("time")), echo, _parse_have(message.get("have")), vitals, linked)


def _have_to_wire(have: Have) -> dict[str, list[list[int | str]]]:
    return {origin: [[mark.incarnation, mark.seq, mark.hash] for mark in marks] for origin, marks in have.items()}


def _parse_have(value: object) -> Have:
    have: dict[str, tuple[Mark, ...]] = {}
    count = 0
    for origin, marks in _object(value).items():
        count += 1
        parsed: list[Mark] = []
        for mark in _list(marks, MAX_MARKS):
            count += 1
            if not isinstance(mark, list) or len(mark) != 3 or count > MAX_MARKS:
                raise Malformed("not a mark")
            parsed.append(Mark(_whole(mark[0], MAX_INCARNATION), _whole(mark[1], MAX_SEQ), _hash(mark[2])))
            if len(parsed) > 1 and parsed[-1].incarnation <= parsed[-2].incarnation:
                raise Malformed("incarnations out of order")
        have[_text(origin, MAX_NAME)] = tuple(parsed)
    return have


def _text(value: object, limit: int) -> str:
    # Half a surrogate pair is a str in Python and cannot be written as UTF-8.
    if not isinstance(value, str) or len(value) > limit or any("\ud800" <= sign <= "\udfff" for sign in value):
        raise Malformed("not a text")
    return value


def _whole(value: object, limit: int) -> int:
    # bool is an int in Python, and is none here.
    if type(value) is not int or not 0 <= value <= limit:
        raise Malformed("not a whole number")
    return value


def _number(value: object) -> float:
    if type(value) not in (int, float):
        raise Malformed("not a number")
    assert isinstance(value, int | float)
    if not -1e12 < value < 1e12 or not math.isfinite(value):
        raise Malformed("not a time")
    return float(value)


def _object(value: object) -> dict[str, Any]:
    if not isinstance(value, dict) or not all(isinstance(name, str) for name in value):
        raise Malformed("not an object")
    return value


def _list(value: object, limit: int) -> list[Any]:
    if not isinstance(value, list) or len(value) > limit:
        raise Malformed("not a list")
    return value


def _hash(value: object) -> str:
    if not isinstance(value, str) or len(value) > 128 or not (value.isascii() and (value.isalnum() or not value)):
        raise Malformed("not a hash")
    return value


def _hex_bytes(value: object, limit: int) -> bytes:
    if not isinstance(value, str) or len(value) > 2 * limit:
        raise Malformed("not hex")
    try:
        return bytes.fromhex(value)
    except ValueError as error:
        raise Malformed("not hex") from error
