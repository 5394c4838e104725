"""From an entry to the bytes that are hashed and stored, and back.

The body is canonical JSON (sorted keys, UTF-8). Personal fields do not stand in it in clear: they are one AES-256-GCM
ciphertext under the aggregate's key (NIST SP 800-38D; 96-bit random nonce, type and aggregate as associated data),
so that destroying the key forgets them while the chain over the bytes still verifies.
"""

import base64
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from journal.actor import Actor
from journal.types import EntryType, Fact, entry_type

NONCE_BYTES = 12


class UnknownType(LookupError):
    """The body names a type that this version does not know."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """An entry on its way to the journal."""

    data: EntryType
    at: datetime
    actor: Actor
    command_id: UUID | None
    term: int

    @property
    def subject(self) -> str:
        return f"{self.data.aggregate}:{self.data.aggregate_id()}"

    def fact(self) -> Fact:
        return Fact(self.data.type_name, self.data, self.at, self.actor, self.term)


def encode(envelope: Envelope, key: bytes | None, term: int | None = None) -> str:
    """The canonical body. ``key`` is needed exactly if the type has personal fields; ``term`` replaces the one that
    was known when it was recorded."""
    data = envelope.data.model_dump(mode="json")
    personal = {name: data.pop(name) for name in envelope.data.personal}
    body: dict[str, Any] = {
        "type": envelope.data.type_name,
        "v": envelope.data.version,
        "aggregate": envelope.subject,
        "at": envelope.at.isoformat(),
        "actor": envelope.actor.to_json(),
        "command": str(envelope.command_id) if envelope.command_id else None,
        "term": envelope.term if term is None else term,
        "data": data,
    }
    if personal:
        if key is None:
            raise ValueError(f"{envelope.data.type_name} has personal fields and needs a key")
        nonce = os.urandom(NONCE_BYTES)
        sealed = AESGCM(key).encrypt(nonce, orjson.dumps(personal), _associated(body))
        body["sealed"] = base64.b64encode(nonce + sealed).decode()
    return orjson.dumps(body, option=orjson.OPT_SORT_KEYS).decode()


def decode(body: str, keys: Sequence[bytes]) -> Fact:
    """The fact in a stored body; personal fields take their defaults where the keys are gone.

    keys: those of the aggregate; normally one, see ``journal.keys``.

    Raises UnknownType, or pydantic.ValidationError for a body that its type's schema refuses.
    """
    value = orjson.loads(body)
    cls = entry_type(value["type"])
    if cls is None:
        raise UnknownType(value["type"])
    data = value["data"]
    if keys and "sealed" in value:
        data |= orjson.loads(_opened(value, keys))
    return Fact(
        value["type"],
        cls.model_validate_json(orjson.dumps(data)),
        datetime.fromisoformat(value["at"]),
        Actor.from_json(value["actor"]),
        value["term"],
    )


def _opened(body: dict[str, Any], keys: Sequence[bytes]) -> bytes:
    raw = base64.b64decode(body["sealed"])
    for key in keys:
        try:
            return AESGCM(key).decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], _associated(body))
        except InvalidTag:
            continue
    raise ValueError(f"no key opens the seal of {body['aggregate']}")


def _associated(body: dict[str, Any]) -> bytes:
    return f"{body['type']}|{body['aggregate']}".encode()
