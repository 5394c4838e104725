"""What a dispatcher would type: the measurements' own small room, which knows places, units and who is busy."""

import random
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

# Inside the six counties, near real towns, so that a county is found for each.
SPOTS = (
    (11.5899, 50.9277, "Jena, Holzmarkt 1", "jena"),
    (11.5922, 50.8836, "Jena, Karl-Marx-Allee 20", "jena"),
    (11.8990, 50.9686, "Eisenberg, Markt 3", "jena"),
    (11.7390, 50.8590, "Stadtroda, Bahnhofstraße 5", "jena"),
    (12.0810, 50.8780, "Gera, Sorge 12", "gera"),
    (12.1990, 50.6550, "Greiz, Markt 8", "gera"),
    (12.4330, 50.9850, "Altenburg, Kornmarkt 2", "gera"),
    (11.8110, 50.5790, "Schleiz, Neumarkt 4", "gera"),
)
REPORT = "Person, etwa 70 Jahre, Brustschmerz seit einer Stunde, ansprechbar, kaltschweißig"
SEARCHES = (
    "Stadtroda Bahnhofstr",
    "Jena Karl-Marx-Allee",
    "Gera Sorge",
    "Hermsdorf",
    "Universitätsklinikum",
    "A4 km 172,5",
    "Altenburg Markt",
    "Schleiz",
    "50.9277 11.5899",
    "Eisenberg Jenaer Str",
)


class Room:
    """Makes commands' data; hands out free units, so that no measured command is refused."""

    def __init__(self, snapshot: dict[str, Any], seed: int, centre: str = "") -> None:
        """``centre``: only its places and units, so that no command leaves its node."""
        self.random = random.Random(seed)
        self.spots = [spot for spot in SPOTS if centre in ("", spot[3])]
        live, master = snapshot["units"], snapshot["master"]
        self.issi = {row["id"]: row["issi"] for row in _rows(master["units"])}
        free = [unit for unit, view in live.items() if view["status"] in (1, 2) and not view["incident"]]
        own = _units_of(master, centre) if centre else set(free)
        self.free = [unit for unit in sorted(free) if self.issi.get(unit) and unit in own]
        self.random.shuffle(self.free)
        keywords = sorted(row["id"] for row in _rows(master["keywords"]))
        # What nine of ten calls are about; a whole brigade for each would empty the stations in a minute.
        self.common_keywords = [k for k in keywords if k.startswith(("RD", "KTP"))] or keywords
        self.keyword = self.common_keywords[0]

    def incident(self) -> dict[str, Any]:
        lon, lat, place, _centre = self.random.choice(self.spots)
        return {
            "incident": str(uuid4()),
            "keyword": self.keyword,
            "priority": 1,
            "place": place,
            "lon": lon + self.random.uniform(-0.004, 0.004),
            "lat": lat + self.random.uniform(-0.004, 0.004),
            "report": REPORT,
            "caller_name": "Beispiel",
            "caller_number": "+493641123456",
        }

    def take(self, count: int) -> list[str]:
        """Free units; give them back when they are free again. Raises LookupError when too few are."""
        if len(self.free) < count:
            raise LookupError("no free units are left")
        taken, self.free = self.free[:count], self.free[count:]
        return taken

    def give_back(self, units: list[str]) -> None:
        self.free += units

    def alarm(self, incident: str, units: list[str]) -> dict[str, Any]:
        return {"incident": incident, "units": [{"unit": unit} for unit in units]}

    def positions(self) -> list[dict[str, Any]]:
        """A position now for every unit."""
        now = datetime.now(UTC).isoformat()
        spots = (self.random.choice(SPOTS) for _ in self.issi)
        return [
            {"unit": unit, "lon": spot[0], "lat": spot[1], "observed_at": now, "speed_kmh": 0, "heading": 90}
            for unit, spot in zip(self.issi, spots, strict=True)
        ]

    def status(self, unit: str, status: int) -> dict[str, Any]:
        return {"issi": self.issi[unit], "status": status}


def _units_of(master: dict[str, Any], centre: str) -> set[str]:
    counties = {row["id"] for row in _rows(master["counties"]) if row["centre"] == centre}
    stations = {row["id"] for row in _rows(master["stations"]) if row["county"] in counties}
    return {row["id"] for row in _rows(master["units"]) if row["station"] in stations}


def _rows(table: Any) -> list[dict[str, Any]]:
    return list(table.values()) if isinstance(table, dict) else list(table)
