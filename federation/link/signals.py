"""What goes beside the entries: positions of units and who works in which incident. Newest wins, nothing is kept.

At most once a second and line; while a line is congested the protocol holds back all but the newest. Both travel on
through nodes in between: each line remembers what its peer has said or been told, so nothing goes round in circles.
"""

import math
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.conf import settings

from federation.link.line import Line
from federation.protocol import Signal
from resources.positions import Fix

POSITION = "position"
PRESENCE = "presence"
# More than the network has units and nodes; a peer cannot make us remember more.
MAX_UNITS = 20_000
MAX_NODES = 64
# Presence is said again after this time though nothing changed; it ages out where it is shown.
REPEAT_SECONDS = 3.0
FORGET_SECONDS = 10.0
# Clocks closer than this are taken for the same; otherwise the peer's times are brought to ours.
CLOCK_SECONDS = 5.0


@dataclass(slots=True)
class Told:
    """Somebody's presence: ``at`` is by the clock of the node it is about, and only compared with itself."""

    at: float
    incidents: Any
    heard_at: float


class Signals:
    """Lives in the event loop; the database and Redis are the house's."""

    def __init__(self) -> None:
        self._positions: dict[str, Fix] = {}
        self._presence: dict[str, Told] = {}
        self._own_sent_at = 0.0
        self._far_changed = False

    # --- what peers say ----------------------------------------------------------------------------------------------
    def take(self, line: Line, signal: Signal) -> None:
        """A peer's word. Anything that is not understood is passed over: it may be of a later version."""
        if signal.kind == POSITION:
            ahead = line.session.status.clock_offset or 0.0
            for unit, value in signal.items.items():
                fix = _fix(unit, value, ahead if abs(ahead) > CLOCK_SECONDS else 0.0)
                if fix is not None and (unit in line.told_positions or len(line.told_positions) < MAX_UNITS):
                    line.told_positions[unit] = _ms(fix)
                    known = self._positions.get(unit)
                    if known is None or known.observed_at < fix.observed_at:
                        self._positions[unit] = fix
        elif signal.kind == PRESENCE:
            for node, value in signal.items.items():
                if node != settings.LEITSTELLE_NODE and isinstance(value, list) and len(value) == 2:
                    self._hear_presence(line, node, value[0], value[1])

    def _hear_presence(self, line: Line, node: str, at: object, incidents: object) -> None:
        if not isinstance(at, int | float) or not isinstance(incidents, dict) or len(node) > 20:
            return
        known = self._presence.get(node)
        line.told_presence[node] = max(at, line.told_presence.get(node, 0.0))
        if (known is None and len(self._presence) < MAX_NODES) or (known is not None and known.at < at):
            self._presence[node] = Told(at, incidents, time.monotonic())
            self._far_changed = True

    # --- for the house -----------------------------------------------------------------------------------------------
    def positions_to_store(self) -> Sequence[Fix]:
        """What came since the last call."""
        fixes, self._positions = list(self._positions.values()), {}
        return fixes

    def presence_to_tell(self) -> dict[str, Any] | None:
        """Presence of the other nodes, for the consoles here; None if nobody has said anything new."""
        if not self._far_changed:
            return None
        self._far_changed = False
        young = time.monotonic() - FORGET_SECONDS
        return {
            node: told.incidents
            for node, told in self._presence.items()
            if node != settings.LEITSTELLE_NODE and told.heard_at > young
        }

    # --- to the peers ------------------------------------------------------------------------------------------------
    def pass_on(self, lines: Iterable[Line], fixes: Sequence[Fix], presence: Any) -> None:
        """Tell every line what is new to its peer. ``presence``: who is where in our own room; None: nothing new."""
        own = self._presence.get(settings.LEITSTELLE_NODE)
        now = time.time()
        if presence is not None and isinstance(presence, dict):
            self._presence[settings.LEITSTELLE_NODE] = Told(now, presence, time.monotonic())
        elif own is not None and abs(now - own.at) > REPEAT_SECONDS:
            own.at = now
        for line in [line for line in lines if line.up]:
            news = {} if line.session.same_store else self._new_positions(line, fixes)
            if news:
                line.do(line.session.signal(POSITION, news, line.now))
            said = self._new_presence(line)
            if said:
                line.do(line.session.signal(PRESENCE, said, line.now))

    def _new_positions(self, line: Line, fixes: Sequence[Fix]) -> dict[str, Any]:
        news = {}
        for fix in fixes:
            at = _ms(fix)
            if line.told_positions.get(fix.unit, -1) < at:
                line.told_positions[fix.unit] = at
                news[fix.unit] = [
                    round(fix.lon, 6), round(fix.lat, 6), at, fix.accuracy_m, fix.speed_kmh, fix.heading, fix.source,
                ]  # fmt: skip
        return news

    def _new_presence(self, line: Line) -> dict[str, Any]:
        said = {}
        for node, told in self._presence.items():
            if node != line.peer and line.told_presence.get(node, 0.0) < told.at:
                line.told_presence[node] = told.at
                said[node] = [told.at, told.incidents]
        return said


def _ms(fix: Fix) -> int:
    return int(fix.observed_at.timestamp() * 1000)


def _fix(unit: str, value: object, ahead: float) -> Fix | None:
    """A position as it came, brought to our clock; None for anything else."""
    if not isinstance(value, list) or len(value) != 7 or not (0 < len(unit) <= 64 and unit.isprintable()):
        return None
    lon, lat, at, accuracy, speed, heading, source = value
    if not all(_is_number(number) for number in (lon, lat, at)) or not (-180 <= lon <= 180 and -90 <= lat <= 90):
        return None
    if not all(number is None or _is_number(number) for number in (accuracy, speed, heading)) or not isinstance(
        source, str
    ):
        return None
    if not 0 < at < 32_503_680_000_000:  # the year 3000, in milliseconds
        return None
    observed_at = datetime.fromtimestamp(at / 1000 - ahead, UTC)
    told = "".join(sign for sign in source if sign.isprintable())[:20]
    return Fix(unit, lon, lat, observed_at, accuracy, speed, heading, told)


def _is_number(value: object) -> bool:
    return type(value) in (int, float) and math.isfinite(value)  # type: ignore[arg-type]
