"""The second factor: set up, asked for, good once, guessed in vain, lost."""

import time
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from journal.models import Entry
from leitstelle.accounts import failures, roles, second
from leitstelle.accounts.entries import UserSaved
from leitstelle.accounts.models import User
from leitstelle.accounts.services import saved_fields
from tests.accounts.test_login import PASSWORD, login, record, room, sitting, user
from tests.world import World

__all__ = ["room"]  # the fixture

# RFC 6238 appendix B: the secret "12345678901234567890" in base32, and codes of moments (the last six digits).
RFC_SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
RFC_CODES = {
    59: "287082", 1111111109: "081804", 1111111111: "050471", 1234567890: "005924", 2000000000: "279037",
    20000000000: "353130",
}  # fmt: skip


@pytest.fixture
def guarded_user(room: World) -> User:
    anna = User.objects.get(username="anna")
    record(UserSaved(**saved_fields(anna) | {"totp_secret": RFC_SECRET}))
    return User.objects.get(username="anna")


def code_now(drift: int = 0) -> str:
    return second.code_at(RFC_SECRET, time.time() + drift * second.STEP_SECONDS)


@pytest.mark.parametrize("at", RFC_CODES)
def test_codes_are_those_of_the_standard(at: int) -> None:
    assert second.code_at(RFC_SECRET, at) == RFC_CODES[at]


@given(st.integers(0, 2**40), st.integers(-3, 3))
def test_a_code_is_right_for_three_steps_and_no_longer(at: int, drift: int) -> None:
    then = at + drift * second.STEP_SECONDS
    if then < 0:
        return
    code = second.code_at(RFC_SECRET, then)
    near = {second.code_at(RFC_SECRET, max(0, at + d * second.STEP_SECONDS)) for d in (-1, 0, 1)}
    assert (second.step_of(RFC_SECRET, code, at) is not None) == (code in near)


@given(st.text(max_size=12))
def test_whatever_is_typed_is_judged_and_never_fails(typed: str) -> None:
    assert second.step_of(RFC_SECRET, typed, 59) is None or typed.replace(" ", "") in {
        second.code_at(RFC_SECRET, at) for at in (29, 59, 89)
    }


def test_the_password_alone_opens_nothing(guarded_user: User) -> None:
    client, answer = login("anna", seat="J1", relieve="1")
    assert answer.status_code == 200
    assert "Code aus der App" in answer.content.decode()
    assert sitting(client) is None
    assert client.get("/login/seat/").status_code == 302
    answer = client.post("/login/code/", {"code": code_now(), "seat": "J1", "relieve": "1"})
    assert answer.status_code == 302
    assert sitting(client).seat == "J1"


def test_a_code_is_good_once_and_wrong_ones_run_out(guarded_user: User) -> None:
    code = code_now()
    first, _ = login("anna")
    assert first.post("/login/code/", {"code": code}).status_code == 302
    again, _ = login("anna")
    assert again.post("/login/code/", {"code": code}).status_code == 401
    for _try in range(failures.MAX_FAILURES - 1):
        # The password between them does not reset the count.
        login("anna")
        assert again.post("/login/code/", {"code": "000000x"}).status_code == 401
    assert again.post("/login/code/", {"code": code_now(1)}).status_code == 429


def test_the_code_page_is_for_who_gave_the_password_just_now(guarded_user: User, monkeypatch: Any) -> None:
    assert Client().post("/login/code/", {"code": code_now()}).headers["Location"] == "/login/"
    late, _ = login("anna")
    session = late.session
    session["second_factor"] |= {"at": time.time() - 301}
    session.save()
    assert late.post("/login/code/", {"code": code_now()}).headers["Location"] == "/login/"
    changed, _ = login("anna")
    record(UserSaved(**saved_fields(guarded_user) | {"password": "!"}))
    assert changed.post("/login/code/", {"code": code_now()}).headers["Location"] == "/login/"


def test_set_up_by_a_code_and_removed_by_the_password(room: World) -> None:
    client, _ = login("anna", seat="J1")
    page = client.get("/password/second/").content.decode()
    secret = client.session["fresh_secret"]
    address = second.address(User.objects.get(username="anna"), secret)
    assert address.replace("&", "&amp;") in page
    assert parse_qs(urlsplit(address).query)["secret"] == [secret]
    right = {"password": PASSWORD, "code": second.code_at(secret, time.time())}
    for wrong in ({"code": "123"}, {"password": "falsch"}):
        assert client.post("/password/second/", right | wrong).status_code == 422
        assert not User.objects.get(username="anna").totp_secret
    assert client.post("/password/second/", right).status_code == 302
    assert User.objects.get(username="anna").totp_secret == secret
    body = Entry.objects.filter(type="user.saved").order_by("-pos").values_list("body", flat=True)[0]
    assert secret not in body  # sealed, like the password's hash
    assert secret not in client.get("/password/second/").content.decode()
    assert client.post("/password/second/", {"password": "falsch"}).status_code == 422
    assert client.post("/password/second/", {"password": PASSWORD}).status_code == 302
    assert not User.objects.get(username="anna").totp_secret


def test_a_changed_password_keeps_the_factor_and_an_administrator_removes_it(guarded_user: User) -> None:
    user("chefin", centre="", granted=[roles.ADMINISTRATOR])
    chief, _ = login("chefin")
    page = chief.get("/admin/").content.decode()
    assert "keinen zweiten Faktor" in page
    form = {
        "username": "anna", "name": "Anna", "centre": "jena", "roles": guarded_user.roles, "active": "on",
        "email": "", "new_password": "",
    }  # fmt: skip
    change = f"/admin/accounts/user/{guarded_user.pk}/change/"
    seen = chief.get(change).context["adminform"].form["journal_seen"].value()
    assert chief.post(change, form | {"journal_seen": seen}).status_code == 302
    assert User.objects.get(username="anna").totp_secret == RFC_SECRET
    seen = chief.get(change).context["adminform"].form["journal_seen"].value()
    assert chief.post(change, form | {"journal_seen": seen, "remove_second_factor": "on"}).status_code == 302
    assert not User.objects.get(username="anna").totp_secret
