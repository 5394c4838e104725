"""The proposal from the tables: what dispatchers and units do changes it, in a fixed number of queries."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from incidents import reference
from incidents.entries.plans import KeywordSaved, ResponsePlanSaved
from incidents.proposal import Wanted, propose, wanted_by
from incidents.rules.needs import CAPABILITY_NAMES
from resources.reference import entries as resource_entries
from resources.services import report_positions
from tests.world import GERA, JENA, World

pytestmark = pytest.mark.django_db

AT_JENA = {"lon": 11.589, "lat": 50.930}
AT_GERA = {"lon": 12.082, "lat": 50.881}


def ask(keyword: str = "RD2", **changes: Any) -> dict[str, Any]:
    return propose(Wanted(**{"keyword": keyword, "county": JENA, **AT_JENA, **changes}))


def filled(answer: dict[str, Any]) -> list[str]:
    return [unit["unit"] for slot in answer["slots"] for unit in slot["filled"]]


def open_incident(world: World, keyword: str, **place: float) -> str:
    incident = str(uuid4())
    world.must("incident.open", incident=incident, keyword=keyword, place="Probe", **(place or AT_JENA))
    return incident


def alarm(world: World, incident: str, *units: str) -> None:
    world.must("incident.alarm", incident=incident, units=[{"unit": unit} for unit in units])


def test_the_nearest_go_and_say_why(world: World) -> None:
    answer = ask()
    assert filled(answer) == ["j-83-1", "j-82-1"]
    assert answer["complete"]
    rtw = answer["slots"][0]["filled"][0]
    assert rtw["turnout_seconds"] == 60
    assert rtw["eta_seconds"] > 60
    assert "ab Wache" in rtw["why"]


def test_who_is_committed_is_passed_over_by_name_of_the_incident(world: World) -> None:
    incident = open_incident(world, "RD2")
    alarm(world, incident, "j-83-1", "j-82-1")
    number = wanted_number(incident)
    answer = ask()
    assert filled(answer) == ["j-83-2", "shk-82-1"]
    passed = {row["unit"]: row["why"] for row in answer["passed_over"]}
    assert number in passed["j-82-1"]
    doctor = answer["slots"][1]
    assert doctor["filled"][0]["why"].endswith("aus Saale-Holzland-Kreis")
    assert doctor["alternatives"][0]["committed_to"] == {"incident": incident, "number": number}


def wanted_number(incident: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT number FROM incidents_incident WHERE id = %s", [incident])
        return str(cursor.fetchone()[0])


def test_units_at_the_incident_count_for_it(world: World) -> None:
    incident = open_incident(world, "RD2")
    alarm(world, incident, "j-83-1")
    wanted = wanted_by(incident)
    assert wanted is not None
    answer = propose(wanted)
    assert filled(answer) == ["j-82-1"]
    assert [unit["unit"] for unit in answer["slots"][0]["present"]] == ["j-83-1"]
    assert wanted_by(uuid4()) is None


def test_what_is_missing_is_said_and_the_border_is_none(world: World) -> None:
    answer = ask("B2")
    assert filled(answer) == ["j-44-1", "g-44-1", "j-33-1", "j-11-1"]
    assert "Gera" in answer["slots"][0]["filled"][1]["why"]
    world.must("unit.report_status", unit="g-44-1", status=6)
    short = ask("B2")
    assert not short["complete"]
    (gap,) = short["gaps"]
    assert (gap["need"], gap["missing"]) == ("HLF20", 1)
    assert "Florian Gera 44-1" in gap["text"]
    assert "Status 6" in gap["text"]


def test_a_live_position_counts_on_the_road_and_shows_its_age(world: World) -> None:
    world.must("unit.report_status", unit="g-83-1", status=1)
    observed = timezone.now() - timedelta(seconds=12)
    report_positions([{"unit": "g-83-1", "lon": AT_JENA["lon"], "lat": AT_JENA["lat"], "observed_at": observed}])
    unit = ask("RD1")["slots"][0]["filled"][0]
    assert unit["unit"] == "g-83-1"
    assert unit["turnout_seconds"] == 0
    assert unit["position_source"] == "position"
    assert 12 <= unit["position_age_seconds"] < 60
    assert "(Leitstelle Gera)" in unit["why"]


def test_a_unit_that_covers_counts_from_there(world: World) -> None:
    world.must("unit.move_up", unit="g-83-1", station="rw-roda")
    world.must("unit.report_status", unit="shk-83-1", status=6)
    answer = ask("RD1", lon=11.727, lat=50.857)
    assert filled(answer) == ["g-83-1"]
    assert "Gebietsabsicherung" in answer["slots"][0]["filled"][0]["why"]


def test_a_reservation_keeps_the_unit_for_its_appointment(world: World) -> None:
    soon = (timezone.now() + timedelta(minutes=20)).isoformat()
    transport = str(uuid4())
    world.must("incident.open", incident=transport, keyword="KTP", place="Klinik", appointment_at=soon, **AT_JENA)
    world.must("incident.reserve", incident=transport, unit="j-84-1")
    answer = ask("KTP")
    assert filled(answer) == []
    assert "vorgemerkt" in answer["gaps"][0]["text"]
    wanted = wanted_by(transport)
    assert wanted is not None
    own = propose(wanted)
    assert filled(own) == ["j-84-1"]
    assert "vorgemerkt" in own["slots"][0]["filled"][0]["why"]


def test_excluded_units_stay_out_with_the_reason(world: World) -> None:
    answer = ask("RD1", exclude=["j-83-1"])
    assert filled(answer) == ["j-83-2"]
    assert {"j-83-1": "vom Disponenten ausgenommen"}.items() <= {
        row["unit"]: row["why"] for row in ask("RD1", exclude=["j-83-1", "j-83-2"])["passed_over"]
    }.items()


def test_without_plan_or_place_it_says_so(world: World) -> None:
    unknown = ask("gibt-es-nicht")
    assert not unknown["complete"]
    assert "von Hand" in unknown["text"]
    nowhere = ask("RD2", lon=None, lat=None)
    assert not nowhere["complete"]
    assert [slot["missing"] for slot in nowhere["slots"]] == [1, 1]
    assert "Koordinate" in nowhere["text"]


def test_two_queries_whatever_is_committed(world: World) -> None:
    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as seen:
            ask("B2", county=GERA, **AT_GERA)
        return len(seen)

    empty = queries()
    alarm(world, open_incident(world, "B2", **AT_GERA), "g-44-1", "g-33-1", "j-44-1")
    assert queries() == empty == 2


def test_the_shipped_plans_ask_only_for_what_is_known() -> None:
    keywords = {e.id for e in reference.entries() if isinstance(e, KeywordSaved)}
    plans = [e for e in reference.entries() if isinstance(e, ResponsePlanSaved)]
    rows = [*resource_entries()]
    types = {e.aggregate_id() for e in rows if e.type_name == "unit_type.saved"}
    known = types | set(CAPABILITY_NAMES)
    assert {plan.keyword for plan in plans} == keywords
    for plan in plans:
        assert set(plan.adds) <= keywords
        for requirement in plan.requirements:
            assert {requirement.need, *requirement.alternatives} <= known, plan.id
    talents = {talent for e in rows if e.type_name == "unit_type.saved" for talent in e.capabilities}  # type: ignore[attr-defined]
    assert talents <= set(CAPABILITY_NAMES)
