"""Whether a process answers its health page; as a command for containers: `python -m ops.health 8000`."""

from __future__ import annotations

import contextlib
import os
import ssl
import sys
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Tls:
    """Files of a process that wants to see a certificate of whoever asks."""

    cert: str
    key: str
    ca: str

    @classmethod
    def of(cls, env: Mapping[str, str]) -> Tls | None:
        """What a node's environment says about its link; None: no TLS."""
        files = (env.get(f"LEITSTELLE_LINK_TLS_{name}", "") for name in ("CERT", "KEY", "CA"))
        tls = cls(*files)
        return tls if tls.cert else None

    def context(self) -> ssl.SSLContext:
        """For asking a process of this machine: any name in a certificate of our own authority."""
        context = ssl.create_default_context(cafile=self.ca)
        context.check_hostname = False
        context.load_cert_chain(self.cert, self.key)
        return context


def answers(port: int, timeout: float = 2.0, tls: Tls | None = None) -> bool:
    """Whether `GET /health` on this machine's `port` says 200 within `timeout` seconds."""
    address = f"{'https' if tls else 'http'}://127.0.0.1:{port}/health"
    with contextlib.suppress(OSError):
        context = tls.context() if tls else None
        with urllib.request.urlopen(address, timeout=timeout, context=context) as answer:
            return bool(answer.status == 200)
    return False


if __name__ == "__main__":
    asked = int(sys.argv[1])
    of_link = str(asked) == os.environ.get("LEITSTELLE_LINK_PORT")
    sys.exit(0 if answers(asked, tls=Tls.of(os.environ) if of_link else None) else 1)
