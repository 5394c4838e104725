"""How nodes prove themselves to each other: an Ed25519 key pair each (RFC 8032) signs handshakes and requests.

The private half lies in ``<run_dir>/node.key`` (base64url of the 32 bytes without padding, and a newline), for its
owner only. Whom to trust stands in the ``Node`` table; for a node the table does not know yet, in LEITSTELLE_PEERS.

**Requests** (a forwarded command, a question for marks) carry ``Authorization: Node <name> <ms> <nonce> <signature>``.
The signature binds sender, target, path, body, time, nonce and the target's *challenge*: random bytes that a link
process makes at its start and tells authenticated peers in the beats of the link. So a request that somebody recorded

* is worth nothing at another node, for another path or with another body: all of them are signed;
* is worth nothing after the target's restart: the challenge is another one;
* is worth nothing within its life: the target remembers each nonce for as long as it believes the time in it (30 s
  either way), and beyond that the time is refused. Clocks may be hours apart: the times are compared after taking off
  the difference that the link measures.

None of this hides anything from somebody on the line; that is the part of TLS (LEITSTELLE_LINK_TLS_*).
"""

import base64
import os
import secrets
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from django.conf import settings

from federation.models import LinkState, Node

FILE = "node.key"
PURPOSE = b"leitstelle federation request\x00"
SCHEME = "Node"
BELIEVED_SECONDS = 30.0
# A minute of a thousand requests a second; beyond it requests are refused rather than forgotten.
MAX_NONCES = 60_000
MAX_HEADER = 400


def to_text(raw: bytes) -> str:
    """base64url without padding."""
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def to_bytes(text: str) -> bytes:
    """The reverse of ``to_text``. Raises ValueError."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def private_key() -> Ed25519PrivateKey:
    """This node's key, made on first use. Raises ValueError for a file that holds none."""
    return _read_key(Path(settings.LEITSTELLE_RUN_DIR) / FILE)


@lru_cache(maxsize=4)
def _read_key(path: Path) -> Ed25519PrivateKey:
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        new = path.with_name(f"{FILE}.{secrets.token_hex(8)}")
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(to_text(Ed25519PrivateKey.generate().private_bytes_raw()) + "\n")
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):  # two processes at once: the first key counts
            os.link(new, path)
        new.unlink()
    return Ed25519PrivateKey.from_private_bytes(to_bytes(path.read_text().strip()))


def public_key() -> str:
    """What the other nodes know this one by."""
    return to_text(private_key().public_key().public_bytes_raw())


def sign(text: bytes) -> bytes:
    """Signature over ``text``, which must begin with words that say what it is for."""
    return private_key().sign(text)


def genuine(key: str, text: bytes, signature: bytes) -> bool:
    """Whether the owner of the public ``key`` signed ``text``. Never raises."""
    try:
        Ed25519PublicKey.from_public_bytes(to_bytes(key)).verify(signature, text)
    except (InvalidSignature, ValueError):
        return False
    return True


def trusted_keys() -> dict[str, str]:
    """Name and public key of every node that belongs to the network, without this one: the table's word counts, for
    nodes that it does not know that of the settings. Reads the database."""
    known = dict(Node.objects.values_list("id", "public_key"))
    given = {name: key for name, _url, key in settings.LEITSTELLE_PEERS if not known.get(name)}
    dismissed = set(Node.objects.filter(active=False).values_list("id", flat=True))
    return {
        name: key
        for name, key in (known | given).items()
        if key and name not in dismissed and name != settings.LEITSTELLE_NODE
    }


class Ring:
    """The keyring of the link: asked from the event loop, so it holds the keys and reads no table."""

    def __init__(self, keys: Mapping[str, str] | None = None) -> None:
        self.keys: Mapping[str, str] = keys or {}

    def sign(self, text: bytes) -> bytes:
        return sign(text)

    def verify(self, node: str, text: bytes, signature: bytes) -> bool:
        key = self.keys.get(node)
        return key is not None and genuine(key, text, signature)


# --- signed requests -----------------------------------------------------------------------------------------------
def sign_request(to: str, path: str, body: bytes) -> dict[str, str]:
    """The header that makes ``POST path`` with ``body`` acceptable to node ``to``: see above.

    Without a link since our start there is no challenge to sign, and the request will be refused.
    """
    state = LinkState.objects.filter(pk=f"{settings.LEITSTELLE_NODE}:{to}").only("vitals").first()
    challenge = str(state.vitals.get("challenge", "")) if state else ""
    at, nonce = int(time.time() * 1000), secrets.token_urlsafe(16)
    signature = sign(_request_text(settings.LEITSTELLE_NODE, to, path, at, nonce, challenge, body))
    return {"Authorization": f"{SCHEME} {settings.LEITSTELLE_NODE} {at} {nonce} {to_text(signature)}"}


def _request_text(sender: str, to: str, path: str, at: int, nonce: str, challenge: str, body: bytes) -> bytes:
    """JSON, so that no two different lists of values give the same bytes."""
    return PURPOSE + orjson.dumps([sender, to, path, at, nonce, challenge, sha256(body).hexdigest()])


class Denied(Exception):
    """A request that proves nothing; the text is for our own log, the sender is not told why."""


class Gate:
    """Admits signed requests in the link process. ``ahead``: seconds by which a node's clock is ahead of ours, None
    for one that this process has not been linked with. Used from one thread."""

    def __init__(self, ring: Ring, ahead: Callable[[str], float | None]) -> None:
        self.challenge = secrets.token_urlsafe(16)
        self._ring = ring
        self._ahead = ahead
        self._seen: set[str] = set()
        self._order: deque[tuple[float, str]] = deque()

    def admit(self, header: str, path: str, body: bytes) -> str:
        """The name of the node that signed this very request now, for the first time. Raises Denied."""
        parts = header.split(" ") if len(header) <= MAX_HEADER else []
        if len(parts) != 5 or parts[0] != SCHEME or not (parts[2].isascii() and parts[2].isdigit()):
            raise Denied("no signature")
        _scheme, sender, at, nonce, signature = parts
        ahead = self._ahead(sender)
        if ahead is None:
            raise Denied(f"no link with {sender[:20]}")
        now = time.time()
        if abs(int(at[:16]) / 1000 - ahead - now) > BELIEVED_SECONDS:
            raise Denied(f"{sender}: its time is not believed")
        text = _request_text(sender, settings.LEITSTELLE_NODE, path, int(at), nonce, self.challenge, body)
        try:
            proven = self._ring.verify(sender, text, to_bytes(signature))
        except ValueError:
            proven = False
        if not proven:
            raise Denied(f"{sender[:20]}: not proven")
        self._remember(nonce, now)
        return sender

    def _remember(self, nonce: str, now: float) -> None:
        while self._order and self._order[0][0] < now:
            self._seen.discard(self._order.popleft()[1])
        if nonce in self._seen:
            raise Denied("a request that was here before")
        if len(self._seen) >= MAX_NONCES:
            raise Denied("too many requests")
        self._seen.add(nonce)
        # Its time may be up to 30 s ahead of ours and is believed up to 30 s after that; our clock may be set back.
        self._order.append((now + 3 * BELIEVED_SECONDS, nonce))
