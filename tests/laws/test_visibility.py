"""Law 7: whoever may not see it does not get it, at every address there is."""

import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from pytest_django.fixtures import Settings
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from journal.actor import system
from journal.record import Transaction
from leitstelle.accounts import keys
from leitstelle.accounts.entries import ApiKeySaved
from leitstelle.accounts.services import key_hash
from ops.node import Node
from ops.testing import NodeFactory
from tests.people import SPOT, Dispatcher, Telephony, next_message
from tests.world import World

SECRET = "Geheimnis-4711"
NUMBER = "+49364199112233"
# Pages that anybody may open: they show nothing but themselves.
PUBLIC = re.compile(r"^(health|service-worker.js|login/.*|logout/|admin/login/|admin/logout/|api/(schema|docs)/.*)$")
SAMPLES = {
    "uuid": "00000000-0000-0000-0000-000000000001", "str": "x", "int": "1", "path": "x", "slug": "x",
}  # fmt: skip


@pytest.fixture(scope="module")
def node(node_factory: NodeFactory) -> Iterator[Node]:
    """A node with one incident and one call in Jena whose words nobody else may read."""
    node = node_factory("jena", processes=("web", "sockets"))
    with closing(Dispatcher(node, "jena1", "J1")) as author, closing(Telephony(node)) as telephony:
        call = telephony.ring(NUMBER)
        author.must("call.answer", call=call)
        author.must("call.note", call=call, note=SECRET)
        author.must(
            "incident.open", incident=str(uuid4()), call=call, keyword="RD1", place=SECRET, report=SECRET, **SPOT
        )
        yield node


def addresses(patterns: list[URLPattern | URLResolver], prefix: str = "") -> Iterator[str]:
    """Every address of the web process, with samples for its parameters."""
    for pattern in patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from addresses(pattern.url_patterns, route)
        else:
            filled = re.sub(r"<(?:(\w+):)?\w+>", lambda match: SAMPLES.get(match[1] or "str", "x"), route)
            yield filled.replace("^", "").replace("\\Z", "").replace("$", "")


def test_without_log_in_every_address_is_closed(node: Node) -> None:
    """Found by walking the addresses: a new one is tested by existing."""
    walked = 0
    with httpx.Client(base_url=node.web_url) as nobody:
        for address in addresses(get_resolver().url_patterns):
            if PUBLIC.match(address) or "(" in address:
                continue
            for method in ("GET", "POST"):
                answer = nobody.request(method, f"/{address}")
                assert answer.status_code in {302, 401, 403, 404, 405}, (method, address, answer.status_code)
                assert SECRET not in answer.text
                if answer.status_code == 302:
                    assert "login" in answer.headers["location"], address
            walked += 1
    assert walked > 30


def test_a_socket_without_a_seat_is_closed_and_a_foreign_page_gets_none(node: Node) -> None:
    url = f"{node.sockets_url}/console/socket?after=0"
    with connect(url, origin=node.web_url) as socket, pytest.raises(ConnectionClosed) as closed:  # type: ignore[arg-type]
        socket.recv(timeout=10)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4401
    with closing(Dispatcher(node, "jena2", "J2")) as someone, pytest.raises(InvalidStatus):
        connect(url, origin="https://attacker.example", additional_headers={"Cookie": f"seat={someone.seat_cookie}"})  # type: ignore[arg-type]


def test_a_seat_that_was_left_loses_socket_and_commands(node: Node) -> None:
    with closing(Dispatcher(node, "jena3", "J3")) as leaver, leaver.socket(leaver.snapshot()["pos"]) as socket:
        next_message(socket, "up-to-date")
        leaver.http.post("/logout/", headers={"Origin": node.web_url})
        with pytest.raises(ConnectionClosed) as closed:
            next_message(socket, "nothing is called so")
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 4401
        leaver.http.cookies.set("seat", leaver.seat_cookie)
        assert leaver.send("incident.note", {}).status_code == 401


def test_calls_stay_at_their_centre(node: Node) -> None:
    with closing(Dispatcher(node, "gera1", "G1")) as gera, closing(Dispatcher(node, "jena4", "J4")) as jena:
        assert jena.snapshot()["calls"]
        assert not gera.snapshot()["calls"]
        for question in ({"number": NUMBER}, {"call": next(iter(jena.snapshot()["calls"]))}):
            assert jena.http.get("/console/nearby", params={"number": NUMBER}).json()["calls"]
            assert gera.http.get("/console/nearby", params=question).json()["calls"] == []


def test_a_screens_key_shows_the_stations_of_its_centre_alone(
    world: World, client: Client, settings: Settings, tmp_path: Path
) -> None:
    settings.STATIC_ROOT = tmp_path
    key = "k" * 32
    tx = Transaction(system("test"))
    tx.record(ApiKeySaved(id="screens", name="Wachen", sha256=key_hash(key), roles=["station"], centre="gera"))
    tx.append()
    keys.forget()
    client.cookies["station"] = key
    bearer = {"Authorization": f"Bearer {key}"}
    for station, status in (("rw-gera", 200), ("rw-jena", 404)):
        assert client.get(f"/api/v1/stations/{station}/alarms", headers=bearer).status_code == status
        assert client.get(f"/station/{station}/alarms").status_code == status


def test_a_command_from_a_foreign_form_is_refused(node: Node) -> None:
    """A form on another page can send the cookie at most without our header."""
    with closing(Dispatcher(node, "jena5", "J5")) as person:
        body = {"command_id": str(uuid4()), "data": {}}
        assert person.http.post("/console/command/incident.note", json=body).status_code == 403


def test_a_key_of_one_door_opens_no_other(node: Node) -> None:
    with closing(Telephony(node)) as telephony:
        assert telephony.http.post("/api/v1/radio/status", json={"issi": "1", "status": 1}).status_code == 403
        assert telephony.http.get("/console/snapshot").status_code == 401
