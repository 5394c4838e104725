"""Who comes in, sits where, and what a seat token is worth."""

from datetime import timedelta
from http import HTTPStatus
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher, identify_hasher, make_password
from django.core import signing
from django.test import Client
from django.utils import timezone
from django.utils.http import urlencode

from journal.actor import system
from journal.commands import execute
from journal.models import Entry
from journal.record import Transaction
from leitstelle.accounts import failures, keys, roles, seats
from leitstelle.accounts.entries import ApiKeySaved, UserSaved
from leitstelle.accounts.models import User
from leitstelle.accounts.services import key_hash, saved_fields
from resources.models import SeatSession
from tests.world import World

PASSWORD = "ein-langes-kennwort"
DISPATCHER = [roles.CALL_TAKER, roles.DISPATCHER]


def record(*entries: Any) -> None:
    tx = Transaction(system("test"))
    for entry in entries:
        tx.record(entry)
    tx.append()


def user(username: str, centre: str = "jena", granted: list[str] | None = None, **more: Any) -> User:
    ident = uuid4()
    granted = DISPATCHER if granted is None else granted
    hashed = more.pop("password", make_password(PASSWORD))
    record(
        UserSaved(
            id=ident, username=username, name=username.title(), centre=centre, roles=granted, password=hashed, **more
        )
    )
    return User.objects.get(pk=ident)


def login(username: str, seat: str = "", **more: str) -> tuple[Client, Any]:
    client = Client()
    data = {"username": username, "password": PASSWORD} | ({"seat": seat} if seat else {}) | more
    return client, client.post("/login/", data)


@pytest.fixture
def room(world: World) -> World:
    """The small world with nobody seated, and two people who work in Jena."""
    for session in SeatSession.objects.filter(ended_at=None):
        actor = system("test")
        execute("seat.leave", {"session": str(session.id)}, command_id=uuid4(), actor=actor)
    user("anna")
    user("bert")
    return world


def sitting(client: Client) -> Any:
    return seats.actor_of(client.cookies["seat"].value) if "seat" in client.cookies else None


def test_name_and_password_then_a_seat(room: World) -> None:
    client, answer = login("Anna")
    assert answer.headers["Location"] == "/login/seat/"
    page = client.get("/login/seat/").content.decode()
    assert "Jena 1" in page
    assert "Gera 1" not in page
    answer = client.post("/login/seat/", {"seat": "J1"})
    assert answer.headers["Location"] == "/"
    cookie = client.cookies["seat"]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Strict"
    actor = sitting(client)
    assert (actor.name, actor.centre, actor.seat, actor.roles) == ("Anna", "jena", "J1", frozenset(DISPATCHER))
    scope = {"headers": [(b"cookie", f"x=1; seat={cookie.value}; y=2".encode())], "subprotocols": []}
    assert seats.actor_of(seats.token_of_socket(scope)) == actor


def test_one_form_does_both(room: World) -> None:
    client, answer = login("anna", seat="J1")
    assert answer.headers["Location"] == "/"
    assert sitting(client).seat == "J1"


@pytest.mark.parametrize("name", ["", " ", "\x00", "anna\x00", "a" * 5000, "' OR 1=1 --", "🚑"])
def test_no_name_breaks_the_form(room: World, name: str) -> None:
    assert Client().post("/login/", {"username": name, "password": "x"}).status_code == HTTPStatus.UNAUTHORIZED


@pytest.mark.parametrize("change", ["password", "username", "both"])
def test_wrong_name_and_wrong_password_look_the_same(room: World, change: str) -> None:
    data = {"username": "anna" if change == "password" else "nobody", "password": "falsch"}
    answer = Client().post("/login/", data)
    assert answer.status_code == HTTPStatus.UNAUTHORIZED
    assert "Name oder Kennwort stimmt nicht" in answer.content.decode()
    assert "seat" not in answer.cookies


def test_guessing_is_slowed_down_but_only_for_that_name_from_there(room: World) -> None:
    for _ in range(failures.MAX_FAILURES):
        assert Client().post("/login/", {"username": "anna", "password": "falsch"}).status_code == 401
    assert login("anna", seat="J1")[1].status_code == HTTPStatus.TOO_MANY_REQUESTS
    assert login("bert", seat="J1")[1].status_code == HTTPStatus.FOUND
    elsewhere = Client(REMOTE_ADDR="192.0.2.7").post(
        "/login/", {"username": "anna", "password": PASSWORD, "seat": "J2"}
    )
    assert elsewhere.status_code == HTTPStatus.FOUND


def test_success_forgets_earlier_failures(room: World) -> None:
    for _ in range(failures.MAX_FAILURES - 1):
        Client().post("/login/", {"username": "anna", "password": "falsch"})
    assert login("anna", seat="J1")[1].status_code == HTTPStatus.FOUND
    assert Client().post("/login/", {"username": "anna", "password": "falsch"}).status_code == 401


def test_a_taken_seat_is_relieved_only_by_an_explicit_second_answer(room: World) -> None:
    anna, _ = login("anna", seat="J1")
    bert, answer = login("bert", seat="J1")
    assert answer.status_code == HTTPStatus.CONFLICT
    assert "Anna ablösen" in answer.content.decode()
    assert sitting(anna)
    assert sitting(bert) is None
    answer = bert.post("/login/seat/", {"seat": "J1", "relieve": "1"})
    assert answer.headers["Location"] == "/"
    assert sitting(bert).seat == "J1"
    assert sitting(anna) is None
    assert SeatSession.objects.filter(seat="J1", ended_at=None).count() == 1


def test_foreign_and_unknown_seats_are_refused(room: World) -> None:
    for seat in ("G1", "nirgends"):
        client, answer = login("anna", seat=seat)
        assert answer.status_code == HTTPStatus.CONFLICT
        assert sitting(client) is None


def test_a_person_of_no_centre_may_sit_anywhere(room: World) -> None:
    user("chefin", centre="", granted=[roles.SUPERVISOR])
    client, _ = login("chefin", seat="G1")
    assert sitting(client).centre == "gera"


def test_moving_to_another_seat_frees_the_first(room: World) -> None:
    client, _ = login("anna", seat="J1")
    client.post("/login/seat/", {"seat": "J2"})
    assert sitting(client).seat == "J2"
    assert not SeatSession.objects.filter(seat="J1", ended_at=None).exists()


def test_logout_ends_seat_and_token(room: World) -> None:
    client, _ = login("anna", seat="J1")
    token = client.cookies["seat"].value
    client.post("/logout/")
    assert seats.actor_of(token) is None
    assert client.get("/login/seat/").status_code == HTTPStatus.FOUND


def test_token_dies_with_the_user_and_roles_are_those_of_the_moment(room: World) -> None:
    client, _ = login("anna", seat="J1")
    anna = User.objects.get(username="anna")
    record(UserSaved(**saved_fields(anna) | {"roles": [roles.CALL_TAKER]}))
    assert sitting(client).roles == {roles.CALL_TAKER}
    record(UserSaved(**saved_fields(anna) | {"active": False}))
    assert sitting(client) is None
    assert login("anna", seat="J2")[1].status_code == 401


def test_forged_foreign_and_old_tokens_are_worth_nothing(room: World, settings: Any) -> None:
    client, _ = login("anna", seat="J1")
    token = client.cookies["seat"].value
    assert seats.actor_of(token)
    last = "a" if token[-1] != "a" else "b"
    unsound = seats.signer().sign_object({"session": "1"})
    foreign = signing.TimestampSigner(sep=".", salt="other").sign_object({"session": str(UUID(int=1))})
    for forged in (token[:-1] + last, "x", "", unsound, foreign):
        assert seats.actor_of(forged) is None
    for header in (None, b"", "seat", 'seat="', b"\xff\xfe", "a=b"):
        assert seats.token_in_cookie_header(header) is None
    settings.SEAT_TOKEN_SECONDS = -1
    assert seats.actor_of(token) is None


def test_an_expired_session_does_not_keep_its_seat(room: World, settings: Any) -> None:
    login("anna", seat="J1")
    settings.SEAT_SESSION_SECONDS = 0
    assert seats.oldest_session() <= timezone.now() + timedelta(seconds=1)
    assert all(seat.session is None for seat in seats.occupation("jena"))
    settings.SEAT_SESSION_SECONDS = 3600
    assert [seat.user_name for seat in seats.occupation("jena") if seat.id == "J1"] == ["Anna"]


def test_who_sits_where_is_not_told_before_the_password(room: World) -> None:
    login("anna", seat="J1")
    assert "Anna" not in Client().get("/login/").content.decode()
    assert Client().get("/login/seat/").status_code == HTTPStatus.FOUND


@pytest.mark.parametrize(
    "target", ["https://elsewhere.example/", "//elsewhere.example", "javascript:alert(1)", "\\\\x"]
)
def test_going_on_leads_nowhere_else(room: World, target: str) -> None:
    _, answer = login("anna", seat="J1", next=target)
    assert answer.headers["Location"] == "/"
    _, answer = login("bert", seat="J2", next="/console/?panel=map")
    assert answer.headers["Location"] == "/console/?panel=map"
    page = Client().get(f"/login/?{urlencode({'next': target})}").content.decode()
    assert "elsewhere" not in page


def test_administrators_go_to_their_house_and_others_are_told(room: World) -> None:
    user("verwalter", centre="", granted=[roles.ADMINISTRATOR])
    client, answer = login("verwalter")
    assert answer.headers["Location"] == "/admin/"
    assert client.get("/admin/").status_code == HTTPStatus.OK
    user("gast", granted=[])
    assert login("gast")[1].status_code == HTTPStatus.FORBIDDEN


def test_an_outdated_hash_is_renewed_by_an_entry(room: World, settings: Any) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher"]
    user("alt", password=PBKDF2PasswordHasher().encode(PASSWORD, "salt", iterations=1000))
    before = Entry.objects.filter(type="user.saved").count()
    login("alt", seat="J1")
    renewed = User.objects.get(username="alt").password
    assert identify_hasher(renewed).decode(renewed)["iterations"] == PBKDF2PasswordHasher.iterations
    assert Entry.objects.filter(type="user.saved").count() == before + 1


def test_password_is_changed_by_the_one_who_knows_it(room: World) -> None:
    client, _ = login("anna", seat="J1")
    new = {"new_password1": "noch-ein-langes-kennwort", "new_password2": "noch-ein-langes-kennwort"}
    assert client.post("/password/", {"old_password": "falsch"} | new).status_code == HTTPStatus.OK
    assert User.objects.get(username="anna").check_password(PASSWORD)
    answer = client.post("/password/", {"old_password": PASSWORD} | new)
    assert answer.status_code == HTTPStatus.FOUND
    assert User.objects.get(username="anna").check_password("noch-ein-langes-kennwort")
    assert client.get("/login/seat/").status_code == HTTPStatus.OK


def test_password_and_mail_are_sealed_in_the_journal(room: World) -> None:
    person = user("geheim", email="geheim@example.org")
    body = Entry.objects.filter(type="user.saved").order_by("-pos").values_list("body", flat=True)[0]
    assert "geheim@example.org" not in body
    assert person.password not in body
    assert '"sealed"' in body


def test_of_two_users_of_one_name_both_centres_choose_the_same(room: World) -> None:
    twins = sorted((user("zwilling").pk, user("Zwilling").pk))
    assert User.objects.get_by_natural_key("ZWILLING").pk == twins[0]


def test_program_keys(room: World) -> None:
    record(ApiKeySaved(id="funk", name="Funk", sha256=key_hash("geheim"), roles=[roles.RADIO]))
    keys.forget()
    actor = keys.actor_of_key("Bearer geheim")
    assert actor is not None
    assert (actor.kind, actor.id, actor.name, actor.roles) == ("device", "funk", "Funk", {roles.RADIO})
    for header in (None, "", "Bearer", "Bearer falsch", "Basic geheim", "geheim", "Bearer "):
        assert keys.actor_of_key(header) is None
    record(ApiKeySaved(id="funk", name="Funk", sha256=key_hash("geheim"), roles=[roles.RADIO], active=False))
    keys.forget()
    assert keys.actor_of_key("Bearer geheim") is None


@pytest.mark.parametrize("granted", [role for role, _ in roles.PERSON_ROLES])
def test_nobody_writes_the_journal_and_only_administrators_the_log_ins(granted: str) -> None:
    mine = frozenset({granted})
    for verb in ("add", "change", "delete"):
        assert not roles.may(mine, f"journal.{verb}_entry")
        assert roles.may(mine, f"accounts.{verb}_user") == (granted == roles.ADMINISTRATOR)
        assert roles.may(mine, f"resources.{verb}_unit") == (granted in {roles.ADMINISTRATOR, roles.SUPERVISOR})
    assert roles.may(mine, "resources.view_unit") == (granted in roles.STAFF)
