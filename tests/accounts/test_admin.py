"""The administration: every save an entry, nobody's change overwritten silently, errors as sentences."""

from html.parser import HTMLParser
from typing import Any
from uuid import uuid4

import orjson
import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from incidents import effects
from journal import fold
from journal.admin import JournalAdmin
from journal.models import Entry
from leitstelle.accounts import roles
from leitstelle.accounts.models import ApiKey, User
from resources.media import MEDIA
from resources.models import Place, Station, Unit, UnknownSender
from resources.services import report_positions
from tests.accounts.test_login import PASSWORD, record, user
from tests.world import World


class Form(HTMLParser):
    """The fields of a page's main form, as a browser would send them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.values: dict[str, Any] = {}
        self._select = self._textarea = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        a = dict(attrs)
        name = a.get("name") or ""
        if tag == "input" and name and a.get("type") not in ("submit", "file"):
            if a.get("type") in ("checkbox", "radio"):
                if "checked" in a:
                    self.values.setdefault(name, []).append(a.get("value") or "on")
            else:
                self.values[name] = a.get("value") or ""
        elif tag == "select":
            self._select = name
        elif tag == "option" and self._select and "selected" in a:
            self.values[self._select] = a.get("value") or ""
        elif tag == "textarea":
            self._textarea = name
            self.values[name] = ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "select":
            self._select = ""
        elif tag == "textarea":
            self._textarea = ""

    def handle_data(self, data: str) -> None:
        if self._textarea:
            self.values[self._textarea] += data.lstrip("\n")


def client_of(username: str) -> Client:
    client = Client()
    assert client.post("/login/", {"username": username, "password": PASSWORD, "next": "/admin/"}).status_code == 302
    return client


@pytest.fixture
def office(world: World) -> Client:
    """Logged in as an administrator."""
    user("verwalter", centre="", granted=[roles.SUPERVISOR, roles.ADMINISTRATOR])
    return client_of("verwalter")


def url(obj: Any) -> str:
    return reverse(f"admin:{obj._meta.app_label}_{obj._meta.model_name}_change", args=[obj.pk])


def opened(client: Client, address: str) -> dict[str, Any]:
    page = client.get(address)
    assert page.status_code == 200
    return Form(page.content.decode()).values


JOURNALLED = [model for model, entry_admin in admin.site._registry.items() if isinstance(entry_admin, JournalAdmin)]


@pytest.mark.parametrize("model", JOURNALLED, ids=lambda model: model._meta.model_name)
def test_saving_unchanged_is_one_entry_and_the_same_row(office: Client, model: Any) -> None:
    obj = model._default_manager.order_by("pk").first()
    if obj is None:
        record(admin.site._registry[model].entry.sample())
        obj = model._default_manager.get()
    before, entries = fold.digests(), Entry.objects.count()
    answer = office.post(url(obj), opened(office, url(obj)))
    assert answer.status_code == 302, answer.content.decode()[:4000]
    assert Entry.objects.count() == entries + 1
    newest = Entry.objects.order_by("-pos").first()
    assert newest is not None
    assert (newest.aggregate_id, orjson.loads(newest.body)["actor"]["name"]) == (str(obj.pk), "Verwalter")
    after = fold.digests()
    table = model._meta.db_table
    assert {name for name in before if before[name] != after[name]} <= ({table} if model is Place else set())


def test_every_page_of_the_administration_opens(office: Client) -> None:
    for model, model_admin in admin.site._registry.items():
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        assert office.get(reverse(f"{name}_changelist") + "?q=a").status_code == 200, name
        if isinstance(model_admin, JournalAdmin):
            assert office.get(reverse(f"{name}_add")).status_code == 200, name
        obj = model._default_manager.order_by("pk").first()
        if obj is not None:
            assert office.get(url(obj)).status_code == 200, name
            assert office.get(reverse(f"{name}_history", args=[obj.pk])).status_code == 200, name


def test_a_new_unit_is_entered_and_its_names_stay_its_own(office: Client) -> None:
    address = reverse("admin:resources_unit_add")
    values = opened(office, address) | {
        "id": "j-83-9", "name": "Rotkreuz Jena 83-9", "short": "J 83-9", "type": "RTW", "station": "rw-jena",
        "issi": "6530999", "crew": "0/2", "turnout_seconds": "60", "availability": "Mo-Fr 17:00-06:00", "media": "log",
        "active": "on",
    }  # fmt: skip
    assert office.post(address, values).status_code == 302
    unit = Unit.objects.get(pk="j-83-9")
    assert unit.availability == [{"days": [0, 1, 2, 3, 4], "from": "17:00", "to": "06:00"}]
    again = office.post(address, values | {"id": "j-83-10", "availability": "irgendwann"})
    page = again.content.decode()
    assert again.status_code == 200
    assert "Schon vergeben an Rotkreuz Jena 83-9" in page
    assert "Zeitfenster nicht lesbar" in page
    assert not Unit.objects.filter(pk="j-83-10").exists()
    unknown = office.post(address, values | {"id": "j-83-11", "capabilities": "transprot", "media": "fax"})
    page = unknown.content.decode()
    assert "Kein Typ hat diese Fähigkeit: transprot" in page
    assert "fax" in page
    assert not Unit.objects.filter(pk="j-83-11").exists()


def test_every_medium_that_can_be_chosen_is_served() -> None:
    assert {name for name, _label in MEDIA} == set(effects.MEDIA)


def test_a_second_editor_is_told_and_overwrites_nothing(office: Client) -> None:
    station = Station.objects.get(pk="rw-jena")
    mine, theirs = opened(office, url(station)), opened(office, url(station))
    assert office.post(url(station), theirs | {"address": "Am Anger 28"}).status_code == 302
    answer = office.post(url(station), mine | {"address": "woanders"})
    assert "Inzwischen hat jemand anderes gespeichert" in answer.content.decode()
    station.refresh_from_db()
    assert station.address == "Am Anger 28"


def test_rows_go_out_of_use_and_are_never_deleted(office: Client) -> None:
    changelist = reverse("admin:resources_unit_changelist")
    for action, active in (("take_out_of_use", False), ("put_into_use", True)):
        office.post(changelist, {"action": action, "_selected_action": ["j-83-1", "j-83-2"]})
        assert set(Unit.objects.filter(pk__in=["j-83-1", "j-83-2"]).values_list("active", flat=True)) == {active}
    assert office.post(reverse("admin:resources_unit_delete", args=["j-83-1"]), {"post": "yes"}).status_code == 403
    assert Unit.objects.filter(pk="j-83-1").exists()


def test_bad_values_are_sentences_at_their_fields(office: Client) -> None:
    station = Station.objects.get(pk="rw-jena")
    values = opened(office, reverse("admin:resources_station_add")) | {
        "id": "mit leerzeichen", "name": "X", "kind": "rescue", "organisation": "DRK", "county": station.county_id,
        "point": '{"type":"Point","coordinates":[11.5,50.9]}',
    }  # fmt: skip
    answer = office.post(reverse("admin:resources_station_add"), values)
    assert answer.status_code == 200
    assert "keine Leerzeichen" in answer.content.decode()


def test_a_place_is_searchable_by_what_was_entered(office: Client) -> None:
    values = opened(office, reverse("admin:resources_place_add")) | {
        "id": "o:neu", "name": "Bürgerhaus", "kind": "object", "municipality_name": "Jena", "search": "Volkshaus",
        "point": '{"type":"Point","coordinates":[11.5,50.9]}', "weight": "1", "active": "on",
    }  # fmt: skip
    assert office.post(reverse("admin:resources_place_add"), values).status_code == 302
    assert Place.objects.get(pk="o:neu").search == "buergerhaus jena volkshaus"


def test_users_get_a_password_once_and_keep_it(office: Client) -> None:
    address = reverse("admin:accounts_user_add")
    values = opened(office, address) | {
        "username": "neu", "name": "N. Neu", "centre": "jena", "roles": [roles.DISPATCHER], "active": "on",
        "new_password": "kurz",
    }  # fmt: skip
    assert "Kennwort" in office.post(address, values).content.decode()
    assert not User.objects.filter(username="neu").exists()
    assert office.post(address, values | {"new_password": "ein-gutes-neues-wort"}).status_code == 302
    person = User.objects.get(username="neu")
    assert person.check_password("ein-gutes-neues-wort")
    page = office.get(url(person)).content.decode()
    assert person.password not in page
    assert office.post(url(person), opened(office, url(person)) | {"name": "Neuer Name"}).status_code == 302
    person.refresh_from_db()
    assert (person.name, person.check_password("ein-gutes-neues-wort")) == ("Neuer Name", True)
    assert "gibt es schon" in office.post(address, values | {"username": "NEU"}).content.decode()


def test_the_last_administration_cannot_lock_itself_out(office: Client) -> None:
    me = User.objects.get(username="verwalter")
    values = opened(office, url(me))
    values.pop("active")
    assert "letzte Administration" in office.post(url(me), values).content.decode()
    assert User.objects.get(pk=me.pk).active


def test_a_programs_key_is_shown_once(office: Client) -> None:
    address = reverse("admin:accounts_apikey_add")
    values = opened(office, address) | {"id": "wache", "name": "Wache", "roles": [roles.STATION], "active": "on"}
    page = office.post(address, values, follow=True).content.decode()
    assert "nur jetzt gezeigt" in page
    stored = ApiKey.objects.get(pk="wache")
    assert stored.sha256 not in page
    assert "nur jetzt gezeigt" not in office.get(url(stored)).content.decode()


def test_unknown_senders_are_settled_there_too(office: Client) -> None:
    report_positions([{"issi": "9999999", "lat": 50.9, "lon": 11.6, "observed_at": timezone.now()}])
    sender = UnknownSender.objects.get()
    values = opened(office, url(sender)) | {"settled_as": "Übungsgerät"}
    assert office.post(url(sender), values).status_code == 302
    sender.refresh_from_db()
    assert sender.settled_as == "Übungsgerät"
    answer = office.post(url(sender), values, follow=True)
    assert "Schon erledigt" in answer.content.decode()


@pytest.mark.parametrize("granted", [roles.DISPATCHER, roles.PARTNER, roles.SHIFT_LEADER, roles.AUDITOR])
def test_whoever_may_not_write_does_not(world: World, granted: str) -> None:
    user("fremd", granted=[granted])
    client = Client()
    client.post("/login/", {"username": "fremd", "password": PASSWORD, "next": "/admin/"})
    entries = Entry.objects.exclude(aggregate_kind="seat_session").count()
    unit = Unit.objects.get(pk="j-83-1")
    for address in (url(unit), reverse("admin:resources_unit_add"), reverse("admin:accounts_user_add")):
        assert client.post(address, {"name": "x", "id": "y"}).status_code in (302, 403)
    assert Entry.objects.exclude(aggregate_kind="seat_session").count() == entries


@pytest.mark.parametrize("role", sorted({r for r, _ in roles.PERSON_ROLES}))
def test_the_command_behind_the_forms_is_open_to_nobody(world: World, role: str) -> None:
    """Else whoever holds the role could write any entry: a user with all rights, a closed incident."""
    actor = world.jena.__class__("user", str(uuid4()), "X", "jena", "J1", frozenset({role}))
    data = {"type": "centre.saved", "data": {"id": "x", "name": "X", "code": "X"}}
    assert world.do("admin.save", actor, **data)["refused"] == "forbidden"


def test_only_pages_with_a_map_allow_their_inline_script(office: Client) -> None:
    def scripts(address: str) -> str:
        return office.get(address).headers["Content-Security-Policy"].partition("script-src")[2].partition(";")[0]

    assert "nonce-" in scripts(url(Station.objects.get(pk="rw-jena")))
    assert "nonce-" not in scripts(url(Unit.objects.get(pk="j-83-1")))
    assert "unsafe" not in scripts("/admin/")


def test_the_language_is_german_whatever_the_browser_prefers(office: Client) -> None:
    page = office.get("/admin/", headers={"accept-language": "en"}).content.decode()
    assert "Abmelden" in page
    office.cookies["django_language"] = "en"
    assert "Log out" in office.get("/admin/").content.decode()
