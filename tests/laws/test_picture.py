"""Law 2: a snapshot with the frames after it equals a later snapshot, on the server and in the browser's store."""

import json
import subprocess
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson
import pytest

from journal import tail
from journal.actor import Actor, system
from leitstelle.console import picture
from leitstelle.console.reader import encode
from ops.places import ROOT
from tests.federation.centres import agree, at, hear
from tests.world import World

SYSTEM = system("test", "jena")
VIEWS = ("calls", "incidents", "units", "seats", "unknown", "mandates", "agreements")
# Kept by the server's law; the browser's store holds them in ways of its own.
NETWORK = ("mandates", "agreements", "conflicts", "drills")

# The same code as in the browser: node runs the console's own store on what the server sends.
NODE_SCRIPT = """
import { readFileSync } from "node:fs";
const { fromSnapshot, applyFrame } = await import(process.argv[2]);
const { snapshot, frames } = JSON.parse(readFileSync(0, "utf8"));
const state = fromSnapshot(snapshot);
for (const frame of frames) { applyFrame(state, frame); applyFrame(state, frame); }
process.stdout.write(JSON.stringify(state));
"""


def state_of(snapshot: dict[str, Any]) -> dict[str, Any]:
    """What the law speaks of: all but the time and the moving positions, which are signals."""
    parts = {name: snapshot[name] for name in (*VIEWS, "master", "pos")}
    parts["seats"] = {ident: seat for ident, seat in parts["seats"].items() if seat}
    return dict(orjson.loads(encode(parts)))


def apply(state: dict[str, Any], frame: dict[str, Any]) -> None:
    """The whole of what a console must know: a view replaces, None deletes."""
    changes = [(state[name], frame.get(name, {})) for name in VIEWS]
    changes += [(state["master"][kind], rows) for kind, rows in frame.get("master", {}).items()]
    for table, views in changes:
        for ident, view in views.items():
            table.pop(ident, None)
            if view is not None:
                table[ident] = view
    state["pos"] = frame["pos"]


def in_node(folder: Path, snapshot: dict[str, Any], frames: list[dict[str, Any]]) -> dict[str, Any]:
    script = folder / "store_law.mjs"
    script.write_text(NODE_SCRIPT)
    node = subprocess.run(
        ["node", str(script), (ROOT / "static/console/store.js").as_uri()],
        input=json.dumps({"snapshot": snapshot, "frames": frames}),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return dict(json.loads(node.stdout))


def snapshot_of(actor: Actor) -> dict[str, Any]:
    """As the console reads it."""
    return dict(orjson.loads(picture.encoded(picture.snapshot(actor))))


def day_of_work(world: World) -> Any:
    """Commands that touch every kind of view; yields after each, so that frames of every size are made."""
    call, incident, other = (str(uuid4()) for _ in range(3))
    spot = {"lon": 11.59, "lat": 50.93}
    world.must(
        "call.receive", SYSTEM, call=call, line="112", number="+493641123456", position=spot | {"accuracy_m": 20}
    )
    yield
    world.must("call.answer", call=call)
    yield
    world.must(
        "incident.open", incident=incident, call=call, keyword="RD2", place="Jena, Am Anger 28", report="Brust", **spot
    )
    world.must("incident.alarm", incident=incident, units=[{"unit": "j-83-1"}, {"unit": "j-82-1"}])
    yield
    for status in (3, 4, 5, 7, 8):
        world.must("unit.report_status", unit="j-83-1", status=status)
    yield
    world.must("incident.open", incident=other, keyword="B2", place="Gera, Markt", lon=12.08, lat=50.88)
    world.must("incident.alarm", incident=other, units=[{"unit": "g-44-1"}, {"unit": "j-82-1", "take_from": incident}])
    yield
    world.must("call.end", call=call)
    world.must("unit.report_status", unit="j-83-1", status=1)
    world.must("incident.close", incident=incident, outcome="completed", release=True)
    yield
    world.must("unit.move_up", unit="j-83-2", station="rw-roda")
    world.must("unit.report_status", SYSTEM, issi="9999999", status=4)
    world.must("unit.report_status", SYSTEM, issi="8888888", status=4)
    world.must("unknown_sender.settle", sender="issi:9999999", settled_as="Nachbar")
    yield
    agree()
    with at("gera"):
        hear(60)
        world.must("take_over.take", world.gera, scope="centre:jena")
    yield


@pytest.mark.parametrize("batch", [1, 3, 1000])
def test_snapshot_and_frames_equal_a_later_snapshot(durable_world: World, tmp_path: Path, batch: int) -> None:
    world = durable_world
    first = snapshot_of(world.jena)
    for _step in day_of_work(world):
        pass
    frames, cursor = [], first["pos"]
    with tail.snapshot():
        while entries := tail.after(cursor, limit=batch):
            frames.append(orjson.loads(encode(picture.Change(entries).frame("jena"))))
            cursor = frames[-1]["pos"]
    last = state_of(snapshot_of(world.jena))

    state = state_of(first)
    for frame in frames:
        apply(state, frame)
    assert state == last
    assert state["incidents"] != state_of(first)["incidents"]

    browser = in_node(tmp_path, first, frames)
    assert {name: browser[name] for name in last} == last


def test_a_console_of_another_centre_hears_nothing_of_a_call(durable_world: World) -> None:
    """Law 7 at the socket: the caller's number and words stay at the centre where it rang."""
    world = durable_world
    with tail.snapshot() as start:
        pass
    for _step in day_of_work(world):
        pass
    with tail.snapshot():
        change = picture.Change(tail.after(start))
    assert "+493641123456" not in encode({"calls": change.frame("gera").get("calls")})
    assert not snapshot_of(world.gera)["calls"]
