"""A message as it travels in one websocket frame: a checksum, then JSON.

TCP's own sum of 16 bits lets some damage pass (Stone and Partridge, SIGCOMM 2000). Rows prove themselves by their hash,
but a mark whose hash lost one bit looks like a fork of our own chain. Against whoever changes bytes on purpose there is
TLS.
"""

from hashlib import blake2b
from typing import Any

import orjson

SUM_BYTES = 8


class Damaged(ValueError):
    """The frame is not what was sent, or was never one of ours."""


def pack(message: dict[str, Any]) -> bytes:
    body = orjson.dumps(message)
    return _sum(body) + body


def unpack(frame: bytes | str) -> Any:
    """The message. Raises Damaged."""
    if isinstance(frame, str) or frame[:SUM_BYTES] != _sum(frame[SUM_BYTES:]):
        raise Damaged("a frame whose sum is wrong")
    try:
        return orjson.loads(frame[SUM_BYTES:])
    except orjson.JSONDecodeError as error:
        raise Damaged(str(error)) from error


def _sum(body: bytes) -> bytes:
    return blake2b(body, digest_size=SUM_BYTES).digest()
