"""Laws 3 and 6: kill -9 between any two steps of a command loses nothing answered and does nothing twice or by half."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection

from journal import fold
from journal.models import Entry, Receipt
from ops.places import ROOT
from tests.world import World

# More steps than any command has; a command that reaches it is stuck in a loop.
MAX_STEPS = 200


@pytest.fixture
def dying(durable_world: World) -> Iterator[Callable[..., dict[str, Any]]]:
    """``dying(name, data, command_id, actor, die_at)`` in a process that dies at that step."""
    settings = connection.settings_dict
    url = f"postgresql://{settings['USER']}@/{settings['NAME']}?host={settings['HOST']}&port={settings['PORT']}"
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.laws.dying"],
        cwd=ROOT,
        env=os.environ | {"DATABASE_URL": url},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None

    def ask(name: str, data: dict[str, Any], command_id: str, world: World, die_at: int) -> dict[str, Any]:
        actor = world.jena.to_json() | {"roles": sorted(world.jena.roles)}
        request = {"name": name, "data": data, "command_id": command_id, "actor": actor, "die_at": die_at}
        process.stdin.write(json.dumps(request) + "\n")
        process.stdin.flush()
        return dict(json.loads(process.stdout.readline()))

    yield ask
    process.stdin.close()
    process.wait(timeout=10)
    process.stdout.close()


def opened(world: World) -> str:
    incident = str(uuid4())
    world.must("incident.open", incident=incident, keyword="RD2", place="Jena", lon=11.59, lat=50.93)
    return incident


def open_incident(world: World) -> tuple[str, dict[str, Any]]:
    return "incident.open", {"incident": str(uuid4()), "keyword": "RD2", "place": "Jena", "lon": 11.59, "lat": 50.93}


def alarm(world: World) -> tuple[str, dict[str, Any]]:
    units = [{"unit": "j-83-1"}, {"unit": "j-82-1"}, {"unit": "j-44-1"}]
    return "incident.alarm", {"incident": opened(world), "units": units}


def status(world: World) -> tuple[str, dict[str, Any]]:
    world.must("incident.alarm", incident=opened(world), units=[{"unit": "j-83-1"}])
    return "unit.report_status", {"unit": "j-83-1", "status": 3}


@pytest.mark.parametrize("prepare", [open_incident, alarm, status])
def test_death_at_every_step(
    durable_world: World, dying: Callable[..., dict[str, Any]], prepare: Callable[[World], tuple[str, dict[str, Any]]]
) -> None:
    world = durable_world
    name, data = prepare(world)
    deaths_before_commit = deaths_after_commit = 0
    for die_at in range(1, MAX_STEPS):
        command_id = str(uuid4())
        before = fold.digests()
        outcome = dying(name, data, command_id, world, die_at)
        if not outcome["died"]:
            break
        if Receipt.objects.filter(pk=command_id).exists():
            deaths_after_commit += 1
            written = Entry.objects.filter(command_id=command_id).count()
            assert written > 0
            again = world.do(name, command_id=command_id, **data)
            assert again["pos"] == Entry.objects.filter(command_id=command_id).latest("pos").pos
            assert Entry.objects.filter(command_id=command_id).count() == written
            # The act is done; a fresh one is prepared for the next step.
            if name == "incident.alarm":
                units = [u["unit"] for u in data["units"]]
                world.must("incident.recall", incident=data["incident"], units=units, reason="Test")
            name, data = prepare(world) if name != "unit.report_status" else (name, data)
        else:
            deaths_before_commit += 1
            assert fold.digests() == before, f"half a command is left behind at step {die_at}"
            assert not Entry.objects.filter(command_id=command_id).exists()
    assert outcome["answer"]["pos"], outcome
    assert deaths_before_commit >= 8
    assert deaths_after_commit >= 1
    assert Entry.objects.count() == Entry.objects.latest("pos").pos, "the positions have a gap"
