"""The key pair a node proves itself with at its peers: Ed25519, the private half in `<run>/node.key`.

The file holds the 32 bytes of the private key as base64url without padding and a newline, for its owner only.
"""

from __future__ import annotations

import base64
import os
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

FILE = "node.key"


def public_key(run: Path) -> str:
    """The public half of the key in `run`, as base64url without padding; the pair is made on first use."""
    path = run / FILE
    if not path.exists():
        run.mkdir(parents=True, exist_ok=True)
        new = path.with_suffix(".new")
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(_text(Ed25519PrivateKey.generate().private_bytes_raw()) + "\n")
        new.replace(path)
    text = path.read_text().strip()
    private = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    return _text(Ed25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw())


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
