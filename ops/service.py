"""PostgreSQL or Redis in the foreground, for containers: `python -m ops.service postgres|redis`.

Runs as root only to make its folders; the server itself runs as the service user. Environment:
LEITSTELLE_DATA_DIR (where it works), LEITSTELLE_SERVICE_PASSWORD (for the other containers).
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path
from types import FrameType

from ops.child import StartFailed
from ops.cluster import Cluster, PostgresMissing
from ops.redis_server import RedisServer

PORTS = {"postgres": 5432, "redis": 6379}


def make(name: str, folder: Path, password: str) -> Cluster | RedisServer:
    """The server `name` with its files in `folder`, open on all of the container's addresses."""
    log = Path("/dev/stdout")
    if name == "postgres":
        return Cluster(folder, listen="*", password=password, log=log)
    return RedisServer(folder, bind="*", port=PORTS["redis"], password=password, log=log)


def main(arguments: list[str]) -> int:
    folder = Path(os.environ.get("LEITSTELLE_DATA_DIR", "/var/lib/leitstelle"))
    password = os.environ.get("LEITSTELLE_SERVICE_PASSWORD", "")
    if len(arguments) != 1 or arguments[0] not in PORTS or not password:
        print("usage: LEITSTELLE_SERVICE_PASSWORD=… python -m ops.service postgres|redis", file=sys.stderr)
        return 2
    ended = threading.Event()

    def end(number: int, frame: FrameType | None) -> None:
        ended.set()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    server = make(arguments[0], folder / arguments[0], password)
    try:
        server.start()
        if isinstance(server, Cluster):
            server.create_database("leitstelle")
    except (StartFailed, PostgresMissing) as error:
        print(error, file=sys.stderr)
        return 1
    while not ended.wait(0.5):
        if not server.running:  # the container's restart policy starts both again
            return 1
    server.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
