"""What the tests of the services share: devices that speak, an emergency that has just begun."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

from journal.actor import Actor
from tests.world import World

JENA_CITY = {"lon": 11.59, "lat": 50.93}
GERA_CITY = {"lon": 12.08, "lat": 50.88}


@pytest.fixture
def device() -> Actor:
    """A gateway that may all that devices may."""
    return Actor("device", "d", "Gerät", roles=frozenset({"telephony", "radio", "station"}))


@pytest.fixture
def opened(world: World) -> Callable[..., str]:
    """Opens an incident in Jena (or as told) and gives its id."""

    def open_incident(**values: Any) -> str:
        data = {"incident": str(uuid4()), "keyword": "RD2", "place": "Am Anger 28", **JENA_CITY} | values
        return str(world.must("incident.open", **data)["incident"])

    return open_incident


@pytest.fixture
def ringing(world: World, device: Actor) -> Callable[..., str]:
    """Lets a call ring in Jena (or as told) and gives its id."""

    def ring(**values: Any) -> str:
        data = {"call": str(uuid4()), "number": "03641 1234", "position": JENA_CITY} | values
        return str(world.must("call.receive", device, **data)["call"])

    return ring


@pytest.fixture
def status(world: World, device: Actor) -> Callable[..., dict[str, Any]]:
    """Reports a status over the radio; it has to be carried out."""

    def report(unit: str, value: int, **values: Any) -> dict[str, Any]:
        return world.must("unit.report_status", device, unit=unit, status=value, **values)

    return report
