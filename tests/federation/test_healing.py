"""Two running nodes, cut and healed: both rooms see what collides within a second, side by side; one person signs."""

from ops.served import ServedNetwork
from tests.federation.rooms import GERA_SPOT, JENA_SPOT, free_units, people, until, wait_cut, wait_same
from tests.people import Dispatcher, next_message

# From the moment a node has the other's entries. Generous: a build machine does other things as well.
NOTED_SECONDS = 5.0


def test_a_conflict_from_the_cut_to_the_signature(pair: ServedNetwork) -> None:
    jena, gera = pair
    pair.wait_linked()
    with people((jena, "jena1", "J1"), (gera, "gera1", "G1")) as (anna, gerd):
        incident = anna.open_incident(report="Sturz", **JENA_SPOT)
        until(lambda: incident in gerd.snapshot()["incidents"])
        unit = free_units(anna, "RTW", "jena")[0]
        pair.cut("jena", "gera")
        wait_cut(pair)

        # Jena commits the unit and closes nothing; Gera, cut off, takes the same unit for an incident of its own.
        anna.must("incident.edit", incident=incident, changes={"report": {"old": "Sturz", "new": "Sturz, bewusstlos"}})
        anna.must("incident.alarm", incident=incident, units=[{"unit": unit}])
        other = gerd.open_incident(**GERA_SPOT)
        gerd.must("incident.alarm", incident=other, units=[{"unit": unit}])

        with anna.socket(anna.snapshot()["pos"]) as at_jena, gerd.socket(gerd.snapshot()["pos"]) as at_gera:
            pair.heal()
            told = {}
            for name, socket in (("jena", at_jena), ("gera", at_gera)):
                while not (found := next_message(socket, "frame", 60).get("conflicts")):
                    continue
                ((ident, told[name]),) = found.items()
            links = next_message(at_jena, "links", 10)
        # Each may have noted it before it heard that the other had: until then the moments differ.
        assert told["jena"]["sides"] == told["gera"]["sides"]
        assert (told["jena"]["kind"], set(told["jena"]["incidents"])) == ("commitment", {incident, other})
        assert links["links"][0]["peer"] == "gera"
        assert links["readiness"]["score"] >= 0
        wait_same(pair)
        noted_in_time(pair, ident)
        assert anna.snapshot()["conflicts"] == gerd.snapshot()["conflicts"]

        sides = told["jena"]["sides"]
        stays = next(n for n, side in enumerate(sides) if side["incident"] == incident)
        signed = gerd.must("conflict.sign", conflict=ident, choice=stays, reason="ist schon unterwegs")
        assert signed["choice"] == stays
        for person in (anna, gerd):
            until(lambda: ident not in person.snapshot()["conflicts"])  # noqa: B023
        until(lambda: anna.snapshot()["units"][unit]["incident"] == incident)
        again = anna.do("conflict.sign", conflict=ident, choice=1 - stays, reason="nein")
        assert again["refused"] == "signed_already"
        wait_same(pair)
        for person in (anna, gerd):
            kept = person.http.get(f"/console/conflict/{ident}").json()
            assert (kept["choice"], kept["reason"], kept["signed_by"]) == (
                stays,
                "ist schon unterwegs",
                gerd_name(gerd),
            )
            assert "Übungen der Übernahme" in person.http.get("/console/drills").text


def gerd_name(person: Dispatcher) -> str:
    return str(person.snapshot()["me"]["name"])


def noted_in_time(pair: ServedNetwork, ident: str) -> None:
    """Between the last entry from the other side and the note, at a node that noted it."""
    noted = (
        "SELECT extract(epoch FROM e.stored_at - (SELECT max(o.stored_at) FROM journal_entry o"
        " WHERE o.pos < e.pos AND o.origin <> '{node}')) FROM journal_entry e"
        " WHERE e.type = 'conflict.noted' AND e.aggregate_id = '{ident}' AND e.origin = '{node}'"
    )
    delays = [float(found) for node in pair if (found := node.sql(noted.format(node=node.name, ident=ident)).strip())]
    assert delays, "somebody noted it"
    assert min(delays) <= NOTED_SECONDS
