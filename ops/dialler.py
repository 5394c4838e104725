"""Which node a connection on this machine comes from, found out by the process behind its port."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

VARIABLE = b"LEITSTELLE_NODE="


def node_of_port(port: int) -> str:
    """LEITSTELLE_NODE of the process that dialled from local `port`; empty when it is none of ours or gone."""
    inode = _inode(port)
    if not inode:
        return ""
    wanted = f"socket:[{inode}]"
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                node = _node(entry)
                if node and any(os.readlink(link) == wanted for link in (entry / "fd").iterdir()):
                    return node
    return ""


def _inode(port: int) -> str:
    """The number of the connected socket whose own end is 127.0.0.1:`port`."""
    local = f"0100007F:{port:04X}"
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if fields[1] == local and fields[9] != "0":
            return fields[9]
    return ""


def _node(process: Path) -> str:
    for item in (process / "environ").read_bytes().split(b"\0"):
        if item.startswith(VARIABLE):
            return item.removeprefix(VARIABLE).decode()
    return ""
