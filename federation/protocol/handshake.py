"""Who is there? Mutual authentication of two nodes by a signature over both fresh nonces.

    dialler                      acceptor
    hello  ------------------->
           <-------------------  hello
    proof  ------------------->            nothing was signed for a stranger before this one is verified
           <-------------------  proof

The signed text binds purpose, protocol version, role, both names, both nonces and both lists of versions, so a proof
fits one connection and one direction only (the shape of SIGMA and of ISO/IEC 9798-3, mutual authentication in three
passes). It does not protect what follows against someone in the middle of the wire: that is the part of TLS.
"""

from dataclasses import dataclass

import orjson

from federation.protocol.messages import Hello, Proof
from federation.protocol.values import Keyring, Local

PURPOSE = b"leitstelle federation link proof\x00"


class Refused(Exception):
    """The peer gets nothing, and is not told why."""


class NoCommonVersion(Exception):
    """Both speak, in no common version of the protocol."""


@dataclass(slots=True)
class Handshake:
    """One side of it. ``hello`` and ``proof`` raise Refused or NoCommonVersion."""

    local: Local
    keyring: Keyring
    nonce: bytes
    dialled: str | None
    theirs: Hello | None = None
    protocol: int = 0
    proven: bool = False

    @property
    def peer(self) -> str:
        return self.theirs.node if self.theirs else (self.dialled or "")

    @property
    def dialler(self) -> bool:
        return self.dialled is not None

    def hello(self, message: Hello) -> None:
        """Take the peer's name and nonce."""
        if self.theirs is not None:
            raise Refused("a second hello")
        if message.node == self.local.node or message.nonce == self.nonce.hex():
            raise Refused("this is our own voice")
        if self.dialled is not None and message.node != self.dialled:
            raise Refused("another node than the one that was dialled")
        common = set(self.local.protocols) & set(message.protocols)
        if not common:
            raise NoCommonVersion(f"{sorted(self.local.protocols)} and {sorted(message.protocols)}")
        self.theirs, self.protocol = message, max(common)

    def sign(self) -> bytes:
        """Our proof. The acceptor calls it only after it has verified the dialler's."""
        return self.keyring.sign(self._text(self.dialler))

    def proof(self, message: Proof) -> None:
        """Verify theirs."""
        if self.theirs is None or self.proven:
            raise Refused("a proof out of order")
        if not self.keyring.verify(self.theirs.node, self._text(not self.dialler), message.signature):
            raise Refused("not proven")
        self.proven = True

    def _text(self, by_dialler: bool) -> bytes:
        """What is signed: JSON, so that no two different lists of values give the same bytes."""
        assert self.theirs is not None
        ours = [self.local.node, self.nonce.hex(), list(self.local.protocols)]
        theirs = [self.theirs.node, self.theirs.nonce, list(self.theirs.protocols)]
        role = "dialler" if by_dialler else "acceptor"
        sides = [ours, theirs] if self.dialler else [theirs, ours]
        return PURPOSE + orjson.dumps([self.protocol, role, *sides])
