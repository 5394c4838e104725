"""Whether a process answers its health page; as a command for containers: `python -m ops.health 8000`."""

from __future__ import annotations

import contextlib
import sys
import urllib.request


def answers(port: int, timeout: float = 2.0) -> bool:
    """Whether `GET /health` on this machine's `port` says 200 within `timeout` seconds."""
    address = f"http://127.0.0.1:{port}/health"
    with contextlib.suppress(OSError), urllib.request.urlopen(address, timeout=timeout) as answer:
        return bool(answer.status == 200)
    return False


if __name__ == "__main__":
    sys.exit(0 if answers(int(sys.argv[1])) else 1)
