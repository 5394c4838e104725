"""The hash chain of an origin, as PostgreSQL computes it (``journal_hash``). Pure."""

import hashlib


def entry_hash(
    prev_hash: bytes, origin: str, incarnation: int, seq: int, hlc: int, parent: bytes | None, body: str
) -> bytes:
    """SHA-256 over the predecessor's hash, the identity, the clock, the parent and the exact body (FIPS 180-4)."""
    seen = parent.hex() if parent is not None else ""
    text = f"|{origin}|{incarnation}|{seq}|{hlc}|{seen}|{body}"
    return hashlib.sha256(prev_hash + text.encode()).digest()


def genesis(origin: str, incarnation: int) -> bytes:
    """What the first entry of a chain names as its predecessor."""
    return hashlib.sha256((origin if incarnation == 1 else f"{origin}/{incarnation}").encode()).digest()
