"""Each kind of conflict: made on both sides of a cut, found at both nodes, shown side by side, signed by a person."""

import random
from typing import Any
from uuid import uuid4

import pytest

from federation import conflicts
from federation.conflict_views import conflict_view, open_conflicts
from federation.models import Conflict
from incidents.models import Assignment, Call, Incident
from incidents.selectors import incident_log
from journal import fold
from journal.actor import Actor, system
from journal.models import Entry
from journal.record import head
from leitstelle.console.network import concerning
from resources.models import Hospital
from tests.rooms import Rooms
from tests.world import World

SPOT = {"lon": 11.59, "lat": 50.93}
SYSTEM = system("test")
ADMINISTRATOR = Actor("user", "00000000-0000-0000-0000-000000000009", "Ada Admin", "jena", "J2",
                      frozenset({"administrator"}))  # fmt: skip
pytestmark = pytest.mark.django_db


class Cut:
    """One incident that both rooms know; then each works by itself."""

    def __init__(self, world: World, settings: Any, *, ahead: str = "") -> None:
        self.world, self.settings = world, settings
        self.dice = random.Random(7)
        self.incident, self.call = str(uuid4()), str(uuid4())
        world.must("call.receive", SYSTEM, call=self.call, centre="jena", number="0364199", position=SPOT)
        world.must(
            "incident.open",
            incident=self.incident,
            call=self.call,
            keyword="RD1",
            place="Am Anger",
            report="Sturz",
            **SPOT,
        )
        self.rooms = Rooms(settings, ahead=ahead)

    def jena(self, name: str, actor: Actor | None = None, **data: Any) -> Any:
        with self.rooms.at("jena"):
            return self.world.must(name, actor or self.world.jena, **data)

    def gera(self, name: str, actor: Actor | None = None, **data: Any) -> Any:
        with self.rooms.at("gera"):
            return self.world.must(name, actor or self.world.gera, **data)

    def heal(self) -> dict[str, Any]:
        """The only conflict, as both rooms see it."""
        self.rooms.heal(self.dice)
        seen = []
        for name in ("jena", "gera"):
            with self.rooms.at(name):
                seen.append((open_conflicts(), fold.digests()))
        assert seen[0] == seen[1]
        (view,) = seen[0][0].values()
        return dict(view)

    def sign(self, view: dict[str, Any], choice: int, actor: Actor | None = None) -> None:
        """Somebody in Gera decides; both rooms agree afterwards, nothing new collides, and it stands in both logs."""
        self.gera("conflict.sign", actor, conflict=view["id"], choice=choice, reason="geklärt")
        self.rooms.heal(self.dice)
        tables = []
        for name in ("jena", "gera"):
            with self.rooms.at(name):
                tables.append(fold.digests())
                assert open_conflicts() == {}
                signed: Any = conflict_view(view["id"])
                assert (signed["choice"], signed["reason"]) == (choice, "geklärt")
                for incident in view["incidents"]:
                    lines = [line["type"] for line in incident_log(incident)]
                    assert {"incident.conflict_found", "incident.conflict_settled"} <= set(lines)
        assert tables[0] == tables[1]


@pytest.fixture
def cut(world: World, settings: Any) -> Cut:
    return Cut(world, settings)


def side_of(view: dict[str, Any], centre: str) -> int:
    return next(n for n, side in enumerate(view["sides"]) if side["centre"] == centre)


def edit(cut: Cut, room: Any, seen: str, text: str, field: str = "report") -> None:
    room("incident.edit", incident=cut.incident, changes={field: {"old": seen, "new": text}})


@pytest.mark.parametrize("stands", ["jena", "gera"])
@pytest.mark.parametrize("ahead", ["jena", "gera"])
def test_one_field_edited_twice(world: World, settings: Any, stands: str, ahead: str) -> None:
    """Whoever's clock was ahead, both texts are shown with what was there before, and the one that is signed stands."""
    cut = Cut(world, settings, ahead=ahead)
    edit(cut, cut.jena, "Sturz", "Sturz, bewusstlos")
    edit(cut, cut.jena, "Sturz, bewusstlos", "Sturz, reanimationspflichtig")
    edit(cut, cut.gera, "Sturz", "Sturz vom Rad")
    view = cut.heal()
    texts = {side["centre"]: (side["who"], side["seen"], side["value"]) for side in view["sides"]}
    assert texts == {
        "jena": ("Anna Jena", "Sturz", "Sturz, reanimationspflichtig"),
        "gera": ("Gerd Gera", "Sturz", "Sturz vom Rad"),
    }
    assert (view["kind"], view["field"], view["incidents"]) == ("field", "report", [cut.incident])
    cut.sign(view, side_of(view, stands))
    for name in ("jena", "gera"):
        with cut.rooms.at(name):
            assert Incident.objects.get().report == texts[stands][2]


def test_what_both_wrote_alike_or_elsewhere_is_no_conflict(cut: Cut) -> None:
    edit(cut, cut.jena, "Sturz", "Sturz vom Rad")
    edit(cut, cut.gera, "Sturz", "Sturz vom Rad")
    edit(cut, cut.gera, "", "1. OG", field="place_detail")
    cut.rooms.heal(cut.dice)
    # Now linked: who has seen the other's words may change them.
    edit(cut, cut.jena, "Sturz vom Rad", "Sturz vom Roller")
    cut.rooms.heal(cut.dice)
    for name in ("jena", "gera"):
        with cut.rooms.at(name):
            assert not Conflict.objects.exists()
            assert Incident.objects.get().place_detail == "1. OG"


@pytest.mark.parametrize("stands", ["jena", "gera"])
def test_a_unit_committed_twice(cut: Cut, stands: str) -> None:
    other = str(uuid4())
    cut.gera("incident.open", incident=other, keyword="RD1", place="Markt", lon=12.08, lat=50.88)
    cut.gera("incident.alarm", incident=other, units=[{"unit": "j-83-1"}])
    cut.jena("incident.alarm", incident=cut.incident, units=[{"unit": "j-83-1"}])
    view = cut.heal()
    assert (view["kind"], view["unit"], set(view["incidents"])) == ("commitment", "j-83-1", {cut.incident, other})
    assert "Rotkreuz Jena 83-1" in view["title"]
    choice = side_of(view, stands)
    cut.sign(view, choice)
    with cut.rooms.at("jena"):
        (left,) = Assignment.objects.filter(ended_at=None)
        assert str(left.pk) == view["sides"][choice]["assignment"]


def test_a_unit_committed_twice_and_free_again_is_told_all_the_same(cut: Cut) -> None:
    other = str(uuid4())
    cut.gera("incident.open", incident=other, keyword="RD1", place="Markt", lon=12.08, lat=50.88)
    cut.gera("incident.alarm", incident=other, units=[{"unit": "j-83-1"}])
    cut.jena("incident.alarm", incident=cut.incident, units=[{"unit": "j-83-1"}])
    cut.jena("incident.recall", incident=cut.incident, units=["j-83-1"])
    view = cut.heal()
    assert view["kind"] == "commitment"
    cut.sign(view, side_of(view, "gera"))


def test_one_after_the_other_is_no_double_commitment(cut: Cut) -> None:
    """Free before it was committed elsewhere, or taken, moved and split by people who knew."""
    other, third = str(uuid4()), str(uuid4())
    cut.jena("incident.alarm", incident=cut.incident, units=[{"unit": "j-83-1"}, {"unit": "j-83-2"}])
    cut.jena("incident.open", incident=other, keyword="RD1", place="Markt", **SPOT)
    cut.jena("incident.alarm", incident=other, units=[{"unit": "j-83-1", "take_from": cut.incident}])
    cut.rooms.heal(cut.dice)
    with cut.rooms.at("gera"):
        moving = str(Assignment.objects.get(unit_id="j-83-2").pk)
    cut.gera("incident.split", incident=cut.incident, new=third, assignments=[moving])
    cut.gera("incident.merge", incident=other, into=cut.incident)
    cut.rooms.heal(cut.dice)
    with cut.rooms.at("jena"):
        assert not Conflict.objects.exists()


def state(cut: Cut) -> str:
    return Incident.objects.get(pk=cut.incident).state


@pytest.mark.parametrize("ahead", ["jena", "gera"])
@pytest.mark.parametrize("stands", ["jena", "gera"])
def test_never_close_over_an_escalation(world: World, settings: Any, ahead: str, stands: str) -> None:
    cut = Cut(world, settings, ahead=ahead)
    cut.jena("incident.close", incident=cut.incident, outcome="completed")
    cut.gera("incident.alarm", incident=cut.incident, units=[{"unit": "g-83-1"}])
    view = cut.heal()
    assert view["kind"] == "closed"
    for name in ("jena", "gera"):
        with cut.rooms.at(name):
            assert state(cut) == "open", "whatever the clock says"
    cut.sign(view, side_of(view, stands))
    with cut.rooms.at("jena"):
        assert state(cut) == ("closed" if stands == "jena" else "open")
        assert Assignment.objects.filter(ended_at=None).exists() == (stands == "gera")


@pytest.mark.parametrize("ahead", ["jena", "gera"])
def test_more_was_asked_for_while_it_was_closed(world: World, settings: Any, ahead: str) -> None:
    cut = Cut(world, settings, ahead=ahead)
    cut.jena("incident.close", incident=cut.incident, outcome="completed")
    cut.gera("incident.raise_keyword", incident=cut.incident, keyword="RD2")
    assert cut.heal()["kind"] == "closed"
    with cut.rooms.at("gera"):
        assert Incident.objects.get().state == "open"


@pytest.mark.parametrize("ahead", ["jena", "gera"])
def test_a_merge_leaves_nobody_behind(world: World, settings: Any, ahead: str) -> None:
    """Units alarmed elsewhere for an incident that was merged meanwhile are not lost with it."""
    other = str(uuid4())
    world.must("incident.open", incident=other, keyword="RD1", place="Markt", **SPOT)
    cut = Cut(world, settings, ahead=ahead)
    cut.jena("incident.merge", incident=cut.incident, into=other)
    cut.gera("incident.alarm", incident=cut.incident, units=[{"unit": "g-83-1"}])
    assert cut.heal()["kind"] == "closed"
    with cut.rooms.at("jena"):
        assert Incident.objects.get(pk=cut.incident).state == "open"
        assert Assignment.objects.filter(incident_id=cut.incident, ended_at=None).exists()


def test_an_edit_after_a_closing_is_shown_and_the_incident_stays_closed(cut: Cut) -> None:
    cut.jena("incident.close", incident=cut.incident, outcome="completed")
    edit(cut, cut.gera, "Sturz", "Sturz vom Rad")
    view = cut.heal()
    with cut.rooms.at("gera"):
        assert Incident.objects.get().state == "closed"
    cut.sign(view, side_of(view, "gera"))
    with cut.rooms.at("jena"):
        assert Incident.objects.get().state == "open", "a person wanted it to go on"


def test_a_call_answered_at_two_seats(cut: Cut) -> None:
    cut.jena("call.answer", call=cut.call)
    cut.gera("call.answer", call=cut.call)
    view = cut.heal()
    assert view["kind"] == "call"
    seen_by = {centre for centre in ("jena", "gera", "saalfeld") if concerning({view["id"]: view}, centre)}
    assert seen_by == {"jena", "gera"}, "as the call itself"
    assert {side["value"] for side in view["sides"]} == {"Anna Jena (J1)", "Gerd Gera (G1)"}
    cut.sign(view, side_of(view, "jena"))
    with cut.rooms.at("gera"):
        assert Call.objects.get().seat_id == "J1"


def test_master_data_saved_twice(cut: Cut) -> None:
    from resources.entries import HospitalSaved, Spot  # noqa: PLC0415

    for name, departments in (("jena", ["Stroke Unit"]), ("gera", ["Trauma"])):
        with cut.rooms.at(name):
            saved = HospitalSaved(
                id="ukj", name="Universitätsklinikum Jena", departments=departments, county="16053",
                point=Spot(lon=11.618, lat=50.886),
            )  # fmt: skip
            cut_record(cut.world.jena if name == "jena" else cut.world.gera, saved)
    view = cut.heal()
    assert (view["kind"], view["aggregate"]) == ("master", "hospital:ukj")
    assert "Stroke Unit" in "".join(side["value"] for side in view["sides"])
    with cut.rooms.at("gera"):
        call_taker = Actor("user", "x", "Cal", "gera", "G1", frozenset({"dispatcher"}))
        refused = cut.world.do("conflict.sign", call_taker, conflict=view["id"], choice=0, reason="nein")
        assert refused["refused"] == "forbidden"
    cut.sign(view, side_of(view, "jena"))
    with cut.rooms.at("gera"):
        assert Hospital.objects.get(pk="ukj").departments == ["Stroke Unit"]


def cut_record(actor: Actor, data: Any) -> None:
    from journal.record import Transaction  # noqa: PLC0415

    tx = Transaction(actor)
    tx.record(data)
    tx.append()


def test_two_incidents_with_one_number(cut: Cut) -> None:
    """As when two nodes hold themselves for home of one centre."""
    other, third = str(uuid4()), str(uuid4())
    for name, incident in (("jena", other), ("gera", third)):
        with cut.rooms.at(name):
            cut.settings.LEITSTELLE_CENTRES = ["jena", "gera"]
            cut.world.must("incident.open", incident=incident, keyword="RD1", centre="jena", lon=11.59, lat=50.93)
    with cut.rooms.at("gera"):
        number = Incident.objects.get(pk=third).number
    view = cut.heal()
    assert (view["kind"], {side["number"] for side in view["sides"]}) == ("number", {number})
    cut.sign(view, 0)
    with cut.rooms.at("gera"):
        assert Incident.objects.get(pk=view["sides"][0]["incident"]).number == number
        assert Incident.objects.filter(number=number).count() == 1


def test_one_signature_and_no_second(cut: Cut) -> None:
    edit(cut, cut.jena, "Sturz", "A")
    edit(cut, cut.gera, "Sturz", "B")
    view = cut.heal()
    cut.sign(view, 0)
    with cut.rooms.at("jena"):
        again = cut.world.do("conflict.sign", conflict=view["id"], choice=1, reason="doch nicht")
        assert (again["refused"], again["detail"]["by"], again["detail"]["choice"]) == (
            "signed_already",
            "Gerd Gera",
            0,
        )
        unknown = cut.world.do("conflict.sign", conflict=str(uuid4()), choice=1, reason="?")
        assert unknown["refused"] == "unknown_conflict"


def test_both_sign_while_cut_apart_once_more(cut: Cut) -> None:
    """The first signature in clock order counts; what the second did collides anew and is shown."""
    edit(cut, cut.jena, "Sturz", "A")
    edit(cut, cut.gera, "Sturz", "B")
    view = cut.heal()
    for name, choice, actor in (("jena", "gera", cut.world.jena), ("gera", "jena", cut.world.gera)):
        with cut.rooms.at(name):
            cut.world.must("conflict.sign", actor, conflict=view["id"], choice=side_of(view, choice), reason="klar")
    cut.rooms.heal(cut.dice)
    with cut.rooms.at("jena"):
        assert Conflict.objects.get(pk=view["id"]).signed_by == "Anna Jena"


def test_a_second_cut_is_a_second_conflict(cut: Cut) -> None:
    edit(cut, cut.jena, "Sturz", "A")
    edit(cut, cut.gera, "Sturz", "B")
    first = cut.heal()
    with cut.rooms.at("jena"):
        now = Incident.objects.get().report
    edit(cut, cut.jena, now, "C")
    edit(cut, cut.gera, now, "D")
    cut.rooms.heal(cut.dice)
    with cut.rooms.at("gera"):
        views = open_conflicts()
    assert len(views) == 2
    assert {side["value"] for side in views[first["id"]]["sides"]} == {"A", "B"}


def test_what_is_forgotten_is_forgotten_in_the_conflict(cut: Cut) -> None:
    edit(cut, cut.jena, "Sturz", "Geheimnis eins")
    edit(cut, cut.gera, "Sturz", "Geheimnis zwei")
    view = cut.heal()
    cut.jena("incident.close", incident=cut.incident, outcome="completed")
    cut.jena("incident.forget", ADMINISTRATOR, incident=cut.incident, reason="Frist")
    with cut.rooms.at("jena"):
        assert not Entry.objects.filter(type__startswith="conflict", body__contains="Geheimnis").exists()
        assert "Geheimnis" not in str(conflict_view(view["id"]))
        refused = cut.world.do("conflict.sign", conflict=view["id"], choice=0, reason="klar")
        assert refused["refused"] == "forgotten"


def test_a_thousand_entries_without_a_conflict_cost_no_look_at_what_they_say(
    cut: Cut, django_assert_max_num_queries: Any
) -> None:
    """Within a second of healing: what one side alone worked on is passed over by its marks."""
    with cut.rooms.at("gera"):
        for _number in range(40):
            incident = str(uuid4())
            cut.world.must("incident.open", cut.world.gera, incident=incident, keyword="RD1", lon=12.08, lat=50.88)
            cut.world.must("incident.note", cut.world.gera, incident=incident, text="Lage unverändert")
    cut.rooms.hear("gera", "jena", cut.dice, note=False)
    with cut.rooms.at("jena"), django_assert_max_num_queries(8):
        assert conflicts.note_between(0, head()) == 0
