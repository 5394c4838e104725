"""What every simulated node knows from the beginning, and who works where."""

from uuid import UUID, uuid5

from django.test import override_settings

from federation.entries.agreement import AgreementSaved
from journal.actor import Actor, system
from journal.record import Transaction
from resources.entries import CentreSaved, SeatSaved, SeatTaken
from tests.world import PERSON_ROLES, build_world

FOUNDER = "gründung"
"""Who wrote the first entries: none of the nodes, so that each of them begins its own chain at one."""

NODES = (
    "jena", "gera", "erfurt", "saalfeld", "suhl", "weimar", "apolda", "greiz", "zeitz", "altenburg", "eisenach",
    "gotha",
)  # fmt: skip
PEOPLE = UUID("3f2b8a52-20a1-4c67-9b1e-6f1f3f0f5a10")
ROLES = PERSON_ROLES | {"shift_leader"}


def dispatcher(node: str) -> Actor:
    """Who sits at the centre of that name."""
    user = uuid5(PEOPLE, node)
    return Actor("user", str(user), node.capitalize(), node, seat_of(node), ROLES)


def administrator(node: str) -> Actor:
    return Actor("user", str(uuid5(PEOPLE, f"{node}/admin")), "Verwaltung", node, "", frozenset({"administrator"}))


def device(node: str) -> Actor:
    """Radio and telephony of a centre."""
    roles = frozenset({"telephony", "radio", "station"})
    return Actor("device", f"{node}/technik", "Technik", node, "", roles)


def seat_of(node: str) -> str:
    return {"jena": "J1", "gera": "G1"}.get(node, f"{node}1")


@override_settings(LEITSTELLE_NODE=FOUNDER)
def build() -> None:
    """Two centres with counties, stations and units, ten more that only answer calls; agreements of the first two."""
    build_world()
    tx = Transaction(system("sim"))
    for number, name in enumerate(NODES[2:]):
        tx.record(CentreSaved(id=name, name=f"Leitstelle {name.capitalize()}", code=chr(ord("K") + number)))
        tx.record(SeatSaved(id=seat_of(name), name=name, centre=name))
    for name in NODES:
        session = uuid5(PEOPLE, f"{name}/seat")
        tx.record(
            SeatTaken(
                session=session, seat=seat_of(name), user=uuid5(PEOPLE, name), user_name=name.capitalize(),
                roles=sorted(ROLES),
            )
        )  # fmt: skip
    for centre, partner in (("jena", "gera"), ("gera", "jena")):
        tx.record(AgreementSaved(id=f"{centre}-{partner}", centre=centre, partner=partner, silent_seconds=60))
    tx.append()
