"""The public doors of a node, as telephone system, radio gateway and stations use them."""

import asyncio
import json
import logging
from collections.abc import Sequence
from pathlib import Path
from time import monotonic
from typing import Any, Final

import httpx

logger = logging.getLogger(__name__)

PATIENCE_SECONDS: Final = 60.0
FIRST_PAUSE: Final = 0.25
LONGEST_PAUSE: Final = 5.0
HOME_AGAIN_SECONDS: Final = 15.0  # so long another node is asked before the own one gets its next chance
MAX_BATCH: Final = 500  # of positions, see the interface's description


class Unreachable(Exception):
    """The node did not answer for a minute."""


class Doors:
    """Requests with the keys of programs. A node that restarts is waited for; what it refuses is the answer.

    keys: by door name (telephony, radio, station, partner), as ``load_reference --demo`` writes them.
    others: nodes that are asked instead while the first does not answer, as lines and radio are switched over then.
    """

    def __init__(self, url: str, keys: dict[str, str], others: Sequence[str] = ()) -> None:
        self.keys = keys
        self._urls = [url, *others]
        self._asked = 0  # index of the node that is asked now
        self._away_since = 0.0
        # No proxy of the surroundings: the node is asked directly.
        self.http = httpx.AsyncClient(timeout=10, trust_env=False)

    @classmethod
    def of(cls, url: str, run_dir: Path, others: Sequence[str] = ()) -> "Doors":
        """With the demo keys of the node that runs in ``run_dir``. Raises FileNotFoundError."""
        return cls(url, json.loads((run_dir / "keys.json").read_text(encoding="utf-8")), others)

    async def close(self) -> None:
        await self.http.aclose()

    async def call(self, **event: Any) -> dict[str, Any]:
        """An event of a call: ring, located, hangup."""
        return await self.post("telephony", "/api/v1/telephony/calls", event)

    async def status(self, unit: str, status: int, hospital: str | None = None) -> dict[str, Any]:
        """A status message."""
        message = {"unit": unit, "status": status} | ({"hospital": hospital} if hospital else {})
        return await self.post("radio", "/api/v1/radio/status", message)

    async def positions(self, positions: Sequence[dict[str, Any]]) -> None:
        """Positions of any number of units."""
        for first in range(0, len(positions), MAX_BATCH):
            await self.post("radio", "/api/v1/positions", list(positions[first : first + MAX_BATCH]))

    async def receipt(self, delivery: str) -> dict[str, Any]:
        """A crew has understood its alarm."""
        return await self.post("station", "/api/v1/alarms/receipts", {"delivery": delivery})

    async def station_alarms(self, station: str) -> list[dict[str, Any]]:
        """What a station's page shows."""
        answer = await self.get("station", f"/api/v1/stations/{station}/alarms")
        return list(answer.get("alarms", []))

    async def units(self) -> list[dict[str, Any]]:
        """All units with their status."""
        answer = await self.get("partner", "/api/v1/units")
        return answer if isinstance(answer, list) else []

    async def open_incidents(self) -> list[dict[str, Any]]:
        """All open incidents with their assignments."""
        found: list[dict[str, Any]] = []
        before = ""
        while True:
            query = {"state": "open"} | ({"before": before} if before else {})
            page = await self.get("partner", "/api/v1/incidents", query)
            found += page.get("incidents", [])
            before = page.get("next") or ""
            if not before:
                return found

    async def post(self, key: str, path: str, body: Any) -> dict[str, Any]:
        answer = await self.request("POST", path, key, json=body)
        return answer if isinstance(answer, dict) else {}

    async def get(self, key: str, path: str, query: dict[str, str] | None = None) -> Any:
        return await self.request("GET", path, key, params=query or {})

    async def request(self, method: str, path: str, key: str, **content: Any) -> Any:
        """The JSON answer; a refusal is logged and returned. Raises Unreachable."""
        headers = {"Authorization": f"Bearer {self.keys[key]}"}
        pause, waited = FIRST_PAUSE, 0.0
        while True:
            try:
                response = await self.http.request(method, self._address() + path, headers=headers, **content)
                if response.status_code not in (429, 500, 502, 503, 504):
                    break
                problem = f"{response.status_code}"
            except httpx.TransportError as error:
                problem = type(error).__name__
            if waited > PATIENCE_SECONDS:
                raise Unreachable(f"{path}: {problem}")
            self._turn_away()
            await asyncio.sleep(pause)
            waited, pause = waited + pause, min(pause * 2, LONGEST_PAUSE)
        answer = response.json() if response.content else {}
        if response.is_error:
            logger.warning("%s %s: %s %s", method, path, response.status_code, answer)
        return answer

    def _address(self) -> str:
        if self._asked and monotonic() - self._away_since > HOME_AGAIN_SECONDS:
            self._asked = 0
        return self._urls[self._asked]

    def _turn_away(self) -> None:
        """The node that was asked is in trouble: the next one."""
        if not self._asked:
            self._away_since = monotonic()
        self._asked = (self._asked + 1) % len(self._urls)
