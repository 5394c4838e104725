"""Faults of the lines, of clocks, of peers and of consoles; what people do while the centres are apart."""

import asyncio
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson

from bench.sockets import connect
from chaos.field import Field
from ops.places import ROOT
from ops.served import ServedNode

FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1"
# How fast both rooms must see what collided.
SHOWN_SECONDS = 1.0


def partition(field: Field) -> dict[str, float]:
    with field.parted():
        field.network.cut()
        field.hold()
        field.network.heal()
    return {}


def one_way(field: Field) -> dict[str, float]:
    """Gera hears Jena, Jena does not hear Gera."""
    with field.parted():
        field.network.one_way("jena", "gera")
        noticed = field.wait("the deaf side notices", lambda: _state(field["jena"]) == "down", 10)
        field.hold()
        field.network.heal()
    return {"seconds_to_notice": noticed}


def flapping(field: Field) -> dict[str, float]:
    with field.parted():
        for _turn in range(4):
            field.network.cut()
            field.hold(words=8)
            field.network.heal()
            field.hold(words=8)
    return {}


def lossy(field: Field) -> dict[str, float]:
    """A tenth of everything has to be sent twice."""
    field.network.delay(2, loss=0.1)
    field.hold()
    field.network.heal()
    return {}


def slow_line(field: Field) -> dict[str, float]:
    """200 ms ± 100 ms each way, one megabit a second."""
    with field.parted():
        field.network.delay(200, jitter=100, rate=125_000)
        field.hold()
        field.network.heal()
    return {}


def half_open(field: Field) -> dict[str, float]:
    """The other end is gone and nobody says so."""
    with field.parted():
        field.network.blackhole()
        noticed = field.wait("the silence is noticed", lambda: _state(field["gera"]) == "down", 10)
        field.network.heal()
    return {"seconds_to_notice": noticed}


def broken_bytes(field: Field) -> dict[str, float]:
    """Bits turn over and frames end in the middle."""
    with field.parted():
        for _turn in range(4):
            field.network.fault("jena", "gera", flip=1)
            field.network.fault("gera", "jena", truncate=1)
            field.hold(words=10)
        field.network.heal()
    return {}


def wrong_clock(field: Field, seconds: int) -> dict[str, float]:
    """Every process of Jena lives at another time for a while."""
    node = field["jena"]
    with field.parted(false_by=seconds):
        try:
            _restart_with(node, _clock(f"{seconds:+d}s"))
            field.settle()
            field.hold()
            seen = field["gera"].sql("SELECT coalesce(max(abs(clock_ms)), 0) FROM federation_linkstate")
        finally:
            _restart_with(node, _clock(""))
        field.settle()
    return {"clock_difference_shown_s": float(seen) / 1000}


def _clock(offset: str) -> dict[str, str]:
    wrong = {
        "LD_PRELOAD": FAKETIME, "FAKETIME": offset, "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "PYTHONPATH": str(ROOT / "chaos" / "false_clock"),
    }  # fmt: skip
    return wrong if offset else dict.fromkeys(wrong, "")


def same_unit_twice(field: Field) -> dict[str, float]:
    """Both rooms send one unit while they are apart; both see it within a second of the healing; a person signs."""
    unit = _free_unit(field)
    with field.parted():
        field.network.cut()
        incidents = {centre: _open(field, centre) for centre in ("jena", "gera")}
        sent = [_alarm(field, centre, incidents[centre], unit) for centre in incidents]
        shown = _heal_and_wait(field, f"kind = 'commitment' AND unit_id = '{unit}'")
    field.settle()
    found = field["jena"].sql(f"SELECT id FROM federation_conflict WHERE unit_id = '{unit}' AND signed_at IS NULL")
    signed = field.act("jena", "conflict.sign", {"conflict": found.splitlines()[0], "choice": 0, "reason": "Probe"})
    field.settle()
    left = field["gera"].sql(
        f"SELECT count(*) FROM incidents_assignment WHERE unit_id = '{unit}' AND ended_at IS NULL"
        f" AND incident_id IN ('{incidents['jena']}', '{incidents['gera']}')"
    )
    return {
        "sent": float(sum(sent)), "seconds_to_shown": shown, "signed": float("pos" in signed), "still": float(left),
    }  # fmt: skip


def closed_and_escalated(field: Field) -> dict[str, float]:
    """Jena closes an incident, Gera, which took it over alone, raises it and sends a unit: it must not end closed."""
    incident, unit = _open(field, "jena"), _free_unit(field)
    field.settle()
    with field.parted():
        field.network.cut()
        taken = field.act("gera", "take_over.incident", {"incident": incident}, patience=30)
        _alarm(field, "gera", incident, unit)
        closed = field.act("jena", "incident.close", {"incident": incident, "outcome": "completed", "release": True})
        shown = _heal_and_wait(field, f"kind = 'closed' AND '{incident}' = ANY(incidents)")
    field.settle()
    states = [node.sql(f"SELECT state FROM incidents_incident WHERE id = '{incident}'") for node in field.network]
    return {
        "taken": float("pos" in taken), "closed": float("pos" in closed), "seconds_to_shown": shown,
        "open_at_both": float(states == ["open", "open"]),
    }  # fmt: skip


def forget_while_apart(field: Field) -> dict[str, float]:
    """An incident is forgotten at Jena while Gera is away: afterwards the key is gone at both."""
    incident = _open(field, "jena")
    field.act("jena", "incident.close", {"incident": incident, "outcome": "completed", "release": True})
    field.settle()
    with field.parted():
        field.network.cut()
        words = f"execute('incident.forget', {{'incident': '{incident}', 'reason': 'Frist'}}, command_id=uuid4(),"
        code = (
            "from uuid import uuid4; from journal.actor import Actor; from journal.commands import execute;"
            f"print({words} actor=Actor('user', 'chaos', 'Administration', roles=frozenset({{'administrator'}}))))"
        )
        said = field["jena"].manage("shell", "--no-imports", "-c", code)
        field.network.heal()
    field.settle()
    keys = [
        node.sql(f"SELECT count(*) FROM journal_key WHERE subject = 'incident:{incident}' AND secret IS NOT NULL")
        for node in field.network
    ]
    return {"forgotten": float("'pos'" in said), "keys_left": float(sum(map(int, keys)))}


def dismissed(field: Field) -> dict[str, float]:
    """Gera is struck off the list: it must be out within five seconds, and in again when it is admitted."""
    gera = field["gera"]
    with field.parted():
        field["jena"].manage("dismiss", "gera")
        out = field.wait("the dismissed node is out", lambda: _state(field["jena"]) != "up", 10)
        field["jena"].manage(
            "admit", "gera", gera.env["LEITSTELLE_LINK_URL"], gera.env["LEITSTELLE_URL"],
            gera.env["LEITSTELLE_SOCKETS_URL"], gera.public_key, "gera",
        )  # fmt: skip
    field.settle()
    return {"seconds_to_out": out}


def unknown_type(field: Field) -> dict[str, float]:
    """Jena writes what only a newer version knows: kept aside, shown, and everything else goes on."""
    _write_raw(field["jena"], "future.thing", "future", str(uuid4()), {})
    field.settle()
    return {"put_aside": float(field["gera"].sql("SELECT count(*) FROM journal_quarantine WHERE type='future.thing'"))}


def poison(field: Field) -> dict[str, float]:
    """An entry of a known type with nonsense in it."""
    _write_raw(field["jena"], "call.lost", "call", str(uuid4()), {"nonsense": True})
    field.settle()
    return {"put_aside": float(field["gera"].sql("SELECT count(*) FROM journal_quarantine WHERE type='call.lost'"))}


def consoles_at_once(field: Field) -> dict[str, float]:
    """Two hundred consoles come back at the same moment."""

    async def come() -> float:
        login = field.logins["jena"][0]
        began = time.monotonic()
        listeners = await asyncio.gather(
            *(connect(field["jena"].sockets_url, "/console/socket?after=0", login.cookie) for _ in range(200))
        )
        seconds = time.monotonic() - began
        for listener in listeners:
            listener.transport.abort()
        return seconds

    return {"seconds_to_all": asyncio.run(come())}


def deaf_console(field: Field) -> dict[str, float]:
    """A console that never reads: the others and the writers do not notice."""

    async def listen() -> float:
        login = field.logins["jena"][0]
        deaf = await connect(field["jena"].sockets_url, "/console/socket?after=0", login.cookie)
        deaf.transport.pause_reading()
        well = await connect(field["jena"].sockets_url, "/console/socket?after=0", login.cookie)
        began = well.last_pos
        await asyncio.to_thread(field.hold)
        heard = float(well.last_pos - began)
        deaf.transport.abort()
        well.transport.abort()
        return heard

    return {"positions_heard_by_the_other": asyncio.run(listen())}


# -- small acts


def _state(node: ServedNode) -> str:
    return node.sql(f"SELECT state FROM federation_linkstate WHERE node = '{node.name}'").strip()


def _restart_with(node: ServedNode, env: dict[str, str]) -> None:
    for name, child in node.children.items():
        assert child.env is not None
        child.env.update(env)
        node.restart(name, timeout=60)


def clock_can_be_faked() -> bool:
    return Path(FAKETIME).exists()


def _open(field: Field, centre: str) -> str:
    lon, lat = {"jena": (11.5899, 50.9277), "gera": (12.0810, 50.8780)}[centre]
    incident = str(uuid4())
    answer = field.act(
        centre, "incident.open", {"incident": incident, "keyword": "RD1", "lon": lon, "lat": lat, "place": "Probe"}
    )
    if "pos" not in answer:
        raise RuntimeError(f"could not open an incident: {answer}")
    return incident


def _alarm(field: Field, centre: str, incident: str, unit: str) -> bool:
    data: dict[str, Any] = {"incident": incident, "units": [{"unit": unit}]}
    return "pos" in field.act(centre, "incident.alarm", data)


def _free_unit(field: Field) -> str:
    """One of Jena's units that the traffic does not use."""
    used = ",".join(f"'{unit}'" for dispatcher in field.dispatchers for unit in dispatcher.crew.units)
    return field["jena"].sql(
        "SELECT u.id FROM resources_unit u JOIN resources_station s ON s.id = u.station_id"
        " JOIN resources_county c ON c.id = s.county_id JOIN resources_unitstate st ON st.unit_id = u.id"
        f" WHERE u.active AND c.centre_id = 'jena' AND st.status IN (1, 2) AND u.id NOT IN ({used})"
        " AND NOT EXISTS (SELECT FROM incidents_assignment a WHERE a.unit_id = u.id AND a.ended_at IS NULL)"
        " ORDER BY random() LIMIT 1"
    )


def _heal_and_wait(field: Field, where: str) -> float:
    """Seconds from the moment the line was up again to the conflict in both rooms."""
    field.network.heal()
    field.wait("the line", lambda: _state(field["gera"]) in {"up", "catching_up"}, 30)
    began = time.monotonic()
    sql = f"SELECT count(*) FROM federation_conflict WHERE {where}"
    field.wait("the conflict in both rooms", lambda: all(int(n.sql(sql)) > 0 for n in field.network), 30)
    return time.monotonic() - began


def _write_raw(node: ServedNode, name: str, kind: str, ident: str, data: dict[str, Any]) -> None:
    """An entry as a newer, or broken, version of this software would have written it."""
    body = orjson.dumps(
        {
            "type": name, "v": 1, "aggregate": f"{kind}:{ident}", "at": "2026-01-01T00:00:00+00:00",
            "actor": {"kind": "system", "id": "chaos", "name": "chaos", "centre": "", "seat": ""}, "command": None,
            "term": 1, "data": data,
        },
        option=orjson.OPT_SORT_KEYS,
    ).decode()  # fmt: skip
    entries = orjson.dumps([{"type": name, "kind": kind, "ident": ident, "body": body}]).decode().replace("'", "''")
    node.sql(f"SELECT journal_append('{node.name}', NULL, '{entries}'::jsonb, '', '', '{{}}')")
