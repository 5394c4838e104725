"""The lines between nodes, for breaking them on purpose: gives orders to one `ops.proxy` process."""

from __future__ import annotations

import json
import os
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ops.child import Child
from ops.environment import free_port
from ops.places import python

ANYBODY = ""
PATIENCE = 10.0


class OrderRefused(Exception):
    """The proxy could not do what it was told. The text is its own."""


@dataclass(frozen=True)
class _Opened:
    """A route as it must be opened again after the proxy's death."""

    source: str
    target: str
    to: int
    listen: int


class Wires:
    """All lines of one network, held by one process that is told what goes wrong on which of them.

    A way is the bytes from one node to another. Every order is in force when its call returns. What was ordered is
    kept, so that `start` after a death of the process restores ports and faults.
    """

    def __init__(self, log: Path) -> None:
        self.child: Child | None = None
        self.log = log
        self._connection: socket.socket | None = None
        self._opened: list[_Opened] = []
        self._faults: dict[tuple[str, str], dict[str, Any]] = {}

    @property
    def running(self) -> bool:
        return self.child is not None and self.child.running

    @property
    def nodes(self) -> list[str]:
        """All nodes that a line leads to or from."""
        names = {name for opened in self._opened for name in (opened.source, opened.target)}
        return sorted(names - {ANYBODY})

    def start(self) -> None:
        """Start the process, with the routes and faults ordered before. Raises StartFailed."""
        self._end()
        control = free_port()
        self.child = Child("wires", [python(), "-m", "ops.proxy", str(control)], log=self.log, env=dict(os.environ))
        self.child.start()
        self.child.wait_until(lambda: self._connect(control), PATIENCE)
        for opened in self._opened:
            self._order(do="route", source=opened.source, target=opened.target, to=opened.to, listen=opened.listen)
        for (source, target), fault in self._faults.items():
            self._order(do="fault", source=source, target=target, fault=fault)

    def stop(self) -> None:
        self._end()

    def _end(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        if self.child is not None:
            self.child.stop(timeout=2)

    def line(self, target: str, to: int, *, source: str = ANYBODY, listen: int = 0) -> int:
        """Open a port in front of `target`'s port `to` for `source` or for anybody; gives its number.

        `listen`: the wish for that number; another one is taken where it is not free.
        """
        try:
            port = int(self._order(do="route", source=source, target=target, to=to, listen=listen)["port"])
        except OrderRefused:
            if not listen:
                raise
            port = int(self._order(do="route", source=source, target=target, to=to, listen=0)["port"])
        self._opened.append(_Opened(source, target, to, port))
        return port

    def close(self, name: str) -> None:
        """Close all lines from and to a node for good."""
        gone = [opened for opened in self._opened if name in (opened.source, opened.target)]
        for opened in gone:
            self._order(do="close", listen=opened.listen)
            self._opened.remove(opened)
        self._faults = {way: fault for way, fault in self._faults.items() if name not in way}

    def is_cut(self, one: str, other: str) -> bool:
        """Whether somebody has cut the line between two nodes."""
        return any(self._faults.get(way, {}).get("cut") for way in ((one, other), (other, one)))

    def fault(self, source: str, target: str, **fault: object) -> None:
        """Put a fault (see `ops.proxy.Fault`) on one way, in place of what was there; without words: none."""
        self._order(do="fault", source=source, target=target, fault=fault)
        self._faults[source, target] = fault

    # -- what happens to networks

    def cut(self, *names: str) -> None:
        """Cut all lines; those of one named node; the one between two. Connections are dropped and refused."""
        self._both_ways(names, cut=True)

    def blackhole(self, *names: str) -> None:
        """Nothing arrives any more and nobody is told: connections stay open and silent. Names as for `cut`."""
        self._both_ways(names, silent=True)

    def one_way(self, deaf: str, unheard: str) -> None:
        """`deaf` hears nothing from `unheard` any more, the other direction goes on."""
        self.fault(unheard, deaf, silent=True)

    def delay(self, milliseconds: float, *names: str, jitter: float = 0, loss: float = 0, rate: float = 0) -> None:
        """Slow lines down; `rate` in bytes per second, `loss` as share of chunks sent twice. Names as for `cut`."""
        self._both_ways(names, delay_ms=milliseconds, jitter_ms=jitter, loss=loss, rate=rate)

    def heal(self, *names: str) -> None:
        """All is well again. Names as for `cut`."""
        self._both_ways(names)

    def bytes_passed(self) -> dict[tuple[str, str], int]:
        """Bytes that have arrived, by way."""
        passed: dict[str, int] = self._order(do="count")["bytes"]
        ways = (name.partition(">") for name in passed)
        return {(source, target): passed[f"{source}>{target}"] for source, _, target in ways}

    def ways(self, *names: str) -> list[tuple[str, str]]:
        """The ways that `names` mean. Raises ValueError for a node without a line."""
        known = self.nodes
        for name in names:
            if name not in known:
                raise ValueError(f"no line leads to {name}; there are {', '.join(known)}")
        return [(one, other) for one in known for other in known if one != other and set(names) <= {one, other}]

    # -- inner works

    def _both_ways(self, names: tuple[str, ...], **fault: object) -> None:
        for source, target in self.ways(*names):
            self.fault(source, target, **fault)

    def _connect(self, port: int) -> bool:
        try:
            self._connection = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        except OSError:
            return False
        return True

    def _order(self, **words: object) -> dict[str, Any]:
        if self._connection is None:
            raise OrderRefused("the proxy of the lines is not started")
        self._connection.sendall(json.dumps(words).encode() + b"\n")
        line = b""
        while not line.endswith(b"\n"):
            part = self._connection.recv(65_536)
            if not part:
                raise OrderRefused("the proxy of the lines has ended")
            line += part
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise OrderRefused(answer["error"])
        return answer
