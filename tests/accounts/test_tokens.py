"""Seat tokens at another node than the one that gave them out: what they open there, and what closes it again."""

import re
import time
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from federation.models import Node
from journal.commands import execute
from journal.guard import applying
from leitstelle.accounts import roles, seats
from leitstelle.accounts.entries import UserSaved
from leitstelle.accounts.models import User
from leitstelle.accounts.services import saved_fields
from resources.entries import SeatLeft
from resources.models import SeatSession
from tests.accounts.test_login import login, record, user
from tests.world import World

GERA = "http://gera.example:8100"


@pytest.fixture
def token(world: World) -> str:
    user("anna")
    client, _ = login("anna", seat="J1", relieve="1")
    return str(client.cookies["seat"].value)


@pytest.fixture
def durable_token(durable_world: World) -> str:
    """For snapshots, which need a transaction of their own."""
    user("anna")
    client, _ = login("anna", seat="J1", relieve="1")
    return str(client.cookies["seat"].value)


@pytest.fixture
def gera(world: World) -> None:
    with applying():
        Node.objects.create(id="gera", name="Gera", web_url=GERA, sockets_url="ws://gera.example:8101", public_key="k")


def with_token(token: str, **more: str) -> dict[str, str]:
    return {"HTTP_AUTHORIZATION": f"Seat {token}", "HTTP_X_LEITSTELLE": "1", **more}


def test_a_token_is_a_word_of_a_sockets_subprotocols(token: str) -> None:
    assert re.fullmatch(r"[A-Za-z0-9._-]+", token)  # a token of HTTP, RFC 9110 5.6.2
    scope = {"headers": [], "subprotocols": [seats.SUBPROTOCOL, f"seat.{token}"]}
    assert seats.token_of_socket(scope) == token


def test_keys_change_without_anybody_signing_in_again(token: str, settings: Any) -> None:
    old, new = settings.LEITSTELLE_TOKEN_KEYS[0], "a-new-key-of-the-network"
    settings.LEITSTELLE_TOKEN_KEYS = [old, new]  # every node verifies the new one before any signs with it
    assert seats.actor_of(token)
    settings.LEITSTELLE_TOKEN_KEYS = [new, old]
    fresh = seats.SeatToken.read(token)
    assert fresh is not None
    signed_anew = fresh.sign()
    assert seats.actor_of(token)
    settings.LEITSTELLE_TOKEN_KEYS = [new]
    assert seats.actor_of(token) is None
    assert seats.actor_of(signed_anew)
    settings.LEITSTELLE_TOKEN_KEYS = [old]
    assert seats.actor_of(signed_anew) is None


def test_a_named_token_opens_what_the_cookie_opens_and_counts_before_it(durable_token: str) -> None:
    client, token = Client(), durable_token
    assert client.get("/console/snapshot").status_code == 401
    answer = client.get("/console/snapshot", **with_token(token))
    assert answer.json()["me"]["seat"] == "J1"
    assert answer.json()["token"] == token
    client.cookies["seat"] = token
    assert client.get("/console/snapshot", **with_token("x")).status_code == 401


def test_a_session_not_heard_of_counts_until_it_is_known_to_have_ended(token: str) -> None:
    anna = User.objects.get(username="anna")
    session = uuid4()
    unheard = seats.SeatToken(session, anna.pk, "Anna", "J2", "jena", (), int(time.time())).sign()
    actor = seats.actor_of(unheard)
    assert actor is not None
    assert (actor.seat, actor.roles) == ("J2", {roles.CALL_TAKER, roles.DISPATCHER})
    stranger = seats.SeatToken(session, uuid4(), "Niemand", "J2", "jena", ("dispatcher",), int(time.time())).sign()
    assert seats.actor_of(stranger) is None
    record(UserSaved(**saved_fields(anna) | {"active": False}))
    assert seats.actor_of(unheard) is None


def test_leaving_by_the_token_ends_it_everywhere(token: str) -> None:
    client = Client()
    assert client.post("/console/leave", **with_token(token)).status_code == 200
    assert seats.actor_of(token) is None
    assert not SeatSession.objects.filter(seat="J1", ended_at=None).exists()


def test_a_console_without_master_data_of_the_same_kind_gets_them_once(durable_token: str) -> None:
    client, token = Client(), durable_token
    first = client.get("/console/snapshot", **with_token(token)).json()
    again = client.get("/console/snapshot", {"master": first["master_mark"]}, **with_token(token)).json()
    assert "master" not in again
    assert again["master_mark"] == first["master_mark"]
    anna = User.objects.get(username="anna")
    record(UserSaved(**saved_fields(anna) | {"name": "Anna B."}))  # no master data of a console
    assert client.get("/console/snapshot", **with_token(token)).json()["master_mark"] == first["master_mark"]


def test_alive_tells_how_far_every_chain_is(token: str) -> None:
    before = Client().get("/console/alive", **with_token(token)).json()
    execute("seat.leave", {"session": str(uuid4())}, command_id=uuid4(), actor=seats.actor_of(token))
    record(UserSaved(**saved_fields(User.objects.get(username="anna")) | {"name": "Anna B."}))
    after = Client().get("/console/alive", **with_token(token)).json()
    origin, chain = next(iter(after["have"].items()))
    assert after["node"] == origin
    assert max(chain.values()) > max(before["have"][origin].values())
    assert Client().get("/console/alive").status_code == 401


def test_only_known_nodes_pages_may_ask_from_elsewhere(token: str, gera: None) -> None:
    client = Client()
    for path, method in (("/console/alive", "GET"), ("/console/command/incident.open", "POST")):
        preflight = {
            "HTTP_ORIGIN": GERA,
            "HTTP_ACCESS_CONTROL_REQUEST_METHOD": method,
            "HTTP_ACCESS_CONTROL_REQUEST_HEADERS": "authorization,x-leitstelle",
        }
        answer = client.options(path, **preflight)
        assert (answer.status_code, answer["Access-Control-Allow-Origin"]) == (204, GERA)
        assert {"Authorization", "X-Language"} <= set(answer["Access-Control-Allow-Headers"].split(", "))
        assert "Access-Control-Allow-Credentials" not in answer
        for origin in ("http://attacker.example", "null", "http://gera.example:8101", f"{GERA}.attacker.example"):
            refused = client.options(path, **preflight | {"HTTP_ORIGIN": origin})
            assert refused.status_code == 403
            assert "Access-Control-Allow-Origin" not in refused
    answer = client.get("/console/alive", **with_token(token, HTTP_ORIGIN=GERA))
    assert answer["Access-Control-Allow-Origin"] == GERA
    assert "Access-Control-Allow-Credentials" not in answer
    assert "Origin" in answer["Vary"]
    # Refusals are readable there too, or the console could not tell a revoked seat from a dead node.
    refused = client.get("/console/alive", HTTP_ORIGIN=GERA)
    assert (refused.status_code, refused["Access-Control-Allow-Origin"]) == (401, GERA)
    assert "Access-Control-Allow-Origin" not in client.get("/console/alive", HTTP_ORIGIN="http://attacker.example")
    assert "Access-Control-Allow-Origin" not in client.get("/login/", HTTP_ORIGIN=GERA)


def test_the_page_may_connect_to_the_known_nodes_and_the_shell_is_the_same_for_all(token: str, gera: None) -> None:
    client = Client()
    client.cookies["seat"] = token
    page = client.get("/")
    policy = page["Content-Security-Policy"]
    connect = next(part for part in policy.split(";") if part.strip().startswith("connect-src"))
    assert GERA in connect.split()
    assert "ws://gera.example:8101" in connect.split()
    assert "csrf" not in page.content.decode()
    assert "Anna" not in page.content.decode()
    worker = client.get("/service-worker.js")
    assert worker["Service-Worker-Allowed"] == "/"
    text = worker.content.decode()
    for needed in ("console/app.js", "console/panels/work.js", "css/tokens.css", "vendor/lit-html/lit-html.js"):
        assert f'"/static/{needed}"' in text
    assert "/static/console/worker.js" not in text


def test_an_open_console_stays_signed_in_by_renewing_while_keys_and_days_go_by(token: str, settings: Any) -> None:
    client = Client()
    client.cookies["seat"] = token
    old, new = settings.LEITSTELLE_TOKEN_KEYS[0], "tomorrows-key"
    settings.LEITSTELLE_TOKEN_KEYS = [new, old]
    answer = client.post("/console/token", HTTP_X_LEITSTELLE="1")
    fresh = answer.json()["token"]
    assert answer.cookies["seat"].value == fresh
    settings.LEITSTELLE_TOKEN_KEYS = [new]
    assert seats.actor_of(token) is None
    assert seats.actor_of(fresh)
    first = seats.SeatToken.read(fresh)
    assert first is not None
    # Renewing makes no session longer than one may be.
    ages = settings.SEAT_SESSION_SECONDS + 1
    worn = seats.SeatToken(first.session, first.user, "Anna", "J1", "jena", (), first.began - ages).sign()
    assert seats.actor_of(worn) is None
    assert client.post("/console/token", **with_token(worn)).status_code == 401
    record(SeatLeft(session=first.session, reason="abgelöst"))
    assert client.post("/console/token", **with_token(fresh)).status_code == 401
