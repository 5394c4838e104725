"""One client, one request after the other: how long each command and each picture takes."""

from dataclasses import dataclass, field
from urllib.parse import quote

from bench.client import Client, Login
from bench.room import SEARCHES, Room

WARM_UP = 30
MAX_POSITIONS = 500

LIST = "/console/incidents?state=open"
BOARD = "/console/snapshot?part=board"


@dataclass
class Series:
    """Milliseconds per kind of request, and one recorded body of each read for the floor."""

    times: dict[str, list[float]] = field(default_factory=dict)
    bodies: dict[str, bytes] = field(default_factory=dict)

    def note(self, name: str, seconds: float) -> None:
        self.times.setdefault(name, []).append(seconds * 1000)


def measure(url: str, login: Login, radio_key: str, rounds: int, seed: int) -> Series:
    """Create, alarm of three units, status, list, board, search: ``rounds`` times each, after a warm-up."""
    console = Client(url, login.headers)
    radio = Client(url, {"Authorization": f"Bearer {radio_key}"})
    room = Room(console.get("/console/snapshot").expect(200).json(), seed)
    series = Series()
    report_positions(radio, room)
    for number in range(WARM_UP + rounds):
        _writes(console, radio, room, series if number >= WARM_UP else Series())
    searches = [f"/console/search?q={quote(text)}" for text in SEARCHES]
    for name, paths in (("list", [LIST]), ("board", [BOARD]), ("search", searches)):
        for number in range(WARM_UP + rounds):
            answer = console.get(paths[number % len(paths)]).expect(200)
            if number >= WARM_UP:
                series.note(name, answer.seconds)
        series.bodies[name] = answer.body
    console.close()
    radio.close()
    return series


def report_positions(radio: Client, room: Room) -> None:
    """Every unit says where it is, as on any day: a board without positions would be too easy."""
    reports = room.positions()
    for first in range(0, len(reports), MAX_POSITIONS):
        radio.post("/api/v1/positions", reports[first : first + MAX_POSITIONS]).expect(200)


def _writes(console: Client, radio: Client, room: Room, series: Series) -> None:
    """Open, alarm and move one incident, then close it, so that the store stays as full as it is."""
    data = room.incident()
    created = console.command("incident.open", data).expect(200)
    units = room.take(3)
    alarmed = console.command("incident.alarm", room.alarm(data["incident"], units)).expect(200)
    moved = radio.post("/api/v1/radio/status", room.status(units[0], 3)).expect(200)
    for name, answer in (("create", created), ("alarm", alarmed), ("status", moved)):
        series.note(name, answer.seconds)
        series.bodies[name] = answer.body
    done = {"incident": data["incident"], "outcome": "completed", "release": True}
    console.command("incident.close", done).expect(200)
    for unit in units:
        radio.post("/api/v1/radio/status", room.status(unit, 2)).expect(200)
    room.give_back(units)
