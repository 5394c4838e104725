"""Dispatchers and devices as the tests send them through the front doors of a real node."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import httpx
from websockets.sync.client import ClientConnection, connect

from leitstelle.accounts.demo import PASSWORD
from ops.node import Node

TIMEOUT_SECONDS = 10
SPOT = {"lon": 11.5899, "lat": 50.9288}


class Dispatcher:
    """A person at a seat, logged in through the form, working through the console's HTTP and socket."""

    def __init__(self, node: Node, username: str, seat: str) -> None:
        self.node = node
        self.http = httpx.Client(base_url=node.web_url, timeout=TIMEOUT_SECONDS)
        self.http.get("/login/").raise_for_status()
        form = {
            "username": username,
            "password": PASSWORD,
            "seat": seat,
            "relieve": "1",
            "csrfmiddlewaretoken": self.http.cookies["csrftoken"],
        }
        answer = self.http.post("/login/", data=form, headers={"Origin": node.web_url})
        assert answer.status_code == 302, answer.text
        self.seat_cookie = self.http.cookies["seat"]

    def send(self, name: str, data: dict[str, Any], command_id: str = "") -> httpx.Response:
        body = {"command_id": command_id or str(uuid4()), "data": data}
        return self.http.post(f"/console/command/{name}", json=body, headers={"X-Leitstelle": "1"})

    def do(self, name: str, **data: Any) -> dict[str, Any]:
        """The answer, carried out or refused."""
        return dict(self.send(name, data).json())

    def must(self, name: str, **data: Any) -> dict[str, Any]:
        """The result of a command that has to be carried out."""
        answer = self.do(name, **data)
        assert "pos" in answer, answer
        return dict(answer["result"])

    def open_incident(self, **data: Any) -> str:
        incident = str(uuid4())
        self.must("incident.open", incident=incident, **({"keyword": "RD1", "place": "Jena, Am Anger"} | SPOT | data))
        return incident

    def snapshot(self) -> dict[str, Any]:
        answer = self.http.get("/console/snapshot")
        answer.raise_for_status()
        return dict(answer.json())

    @contextmanager
    def socket(self, after: int | str, **options: Any) -> Iterator[ClientConnection]:
        url = f"{self.node.sockets_url}/console/socket?after={after}"
        headers = {"Cookie": f"seat={self.seat_cookie}"}
        with connect(url, additional_headers=headers, origin=self.node.web_url, **options) as socket:  # type: ignore[arg-type]
            yield socket

    def close(self) -> None:
        self.http.close()


def next_message(socket: ClientConnection, kind: str, timeout: float = TIMEOUT_SECONDS) -> dict[str, Any]:
    """The next message of ``kind``; others are passed over. Raises TimeoutError."""
    while True:
        message = dict(json.loads(socket.recv(timeout=timeout)))
        if message["t"] == kind:
            return message


def free_units(snapshot: dict[str, Any], unit_type: str) -> list[str]:
    """Units of a type that are free now."""
    units = snapshot["master"]["units"]
    return [
        ident
        for ident, live in snapshot["units"].items()
        if ident in units and units[ident]["type"] == unit_type and live["status"] in (1, 2) and not live["incident"]
    ]


class Telephony:
    """The telephone system at its door."""

    def __init__(self, node: Node) -> None:
        keys = json.loads((node.run_dir / "keys.json").read_text())
        self.http = httpx.Client(
            base_url=node.web_url, headers={"Authorization": f"Bearer {keys['telephony']}"}, timeout=TIMEOUT_SECONDS
        )

    def ring(self, number: str = "+493641555") -> str:
        """A call rings on 112 in Jena; returns its id."""
        call = str(uuid4())
        position = {"lat": SPOT["lat"], "lon": SPOT["lon"], "accuracy_m": 30}
        body = {"call_id": call, "event": "ring", "line": "112", "number": number, "position": position}
        self.http.post("/api/v1/telephony/calls", json=body).raise_for_status()
        return call

    def close(self) -> None:
        self.http.close()
