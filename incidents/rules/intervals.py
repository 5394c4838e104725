"""The times of an incident and what is derived from them. Pure.

Terms as usual in German rescue services: Annahmezeit (ring to answer), Bearbeitungszeit (answer to first alarm),
Ausrückezeit (alarm to status 3), Fahrzeit (3 to 4), Prähospitalzeit (call to 8), Bindungszeit (alarm to free). The
Hilfsfrist is a parameter: § 12 (1) ThürRettG counts driving time only; press and plans count from alarm or call.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

STEPS: Final = (
    "reserved", "alarmed", "receipted", "en_route", "on_scene", "at_patient", "transporting", "at_hospital",
    "recalled", "ended",
)  # fmt: skip
HEAD: Final = (
    "call_received_at", "call_answered_at", "opened_at", "keyword_set_at", "dispatch_decided_at", "closed_at",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ResponseTime:
    """Definition of the Hilfsfrist: from where to where it is measured, and how long it may be.

    start: ``call_received_at``, ``call_answered_at``, ``dispatch_decided_at``, ``alarmed`` or ``en_route`` (of the
    first unit on scene); the end is always the first arrival at the scene. seconds: the limit.
    """

    start: str = "en_route"
    seconds: int = 12 * 60


# § 12 (1) ThürRettG: as a rule twelve minutes of driving time (15 in thinly populated areas).
THURINGIA: Final = ResponseTime()


def seconds_between(start: datetime | None, end: datetime | None) -> float | None:
    """Seconds from ``start`` to ``end``; None where one is missing."""
    return (end - start).total_seconds() if start and end else None


def of_unit(times: Mapping[str, datetime | None]) -> dict[str, float | None]:
    """Intervals of one assignment, in seconds; None for what did not happen."""
    return {
        "receipt": seconds_between(times.get("alarmed"), times.get("receipted")),
        "turnout": seconds_between(times.get("alarmed"), times.get("en_route")),
        "drive": seconds_between(times.get("en_route"), times.get("on_scene")),
        "response": seconds_between(times.get("alarmed"), times.get("on_scene")),
        "to_patient": seconds_between(times.get("on_scene"), times.get("at_patient")),
        "on_scene": seconds_between(times.get("on_scene"), times.get("transporting") or times.get("ended")),
        "transport": seconds_between(times.get("transporting"), times.get("at_hospital")),
        "committed": seconds_between(times.get("alarmed"), times.get("ended")),
    }


def of_incident(
    head: Mapping[str, datetime | None],
    units: Sequence[Mapping[str, datetime | None]],
    definition: ResponseTime = THURINGIA,
) -> dict[str, Any]:
    """Intervals of the whole incident, in seconds, over all its units."""
    first = {step: _earliest(unit.get(step) for unit in units) for step in STEPS}
    call = head.get("call_received_at") or head.get("opened_at")
    answered = head.get("call_answered_at") or head.get("opened_at")
    last_free = [unit.get("ended") for unit in units if unit.get("alarmed")]
    response = _response(head, units, definition)
    return {
        "answer": seconds_between(head.get("call_received_at"), head.get("call_answered_at")),
        "processing": seconds_between(answered, first["alarmed"]),
        "call_to_alarm": seconds_between(call, first["alarmed"]),
        "call_to_scene": seconds_between(call, first["on_scene"]),
        "prehospital": seconds_between(call, first["at_hospital"]),
        "committed": seconds_between(
            first["alarmed"], max(t for t in last_free if t) if last_free and all(last_free) else None
        ),
        "duration": seconds_between(call, head.get("closed_at")),
        "response_time": response,
        "response_time_kept": None if response is None else response <= definition.seconds,
    }


def _response(
    head: Mapping[str, datetime | None], units: Sequence[Mapping[str, datetime | None]], definition: ResponseTime
) -> float | None:
    arrived = [(unit["on_scene"], number) for number, unit in enumerate(units) if unit.get("on_scene")]
    if not arrived:
        return None
    arrival, number = min(arrived, key=lambda pair: (pair[0], pair[1]))
    start = head.get(definition.start) if definition.start in HEAD else units[number].get(definition.start)
    return seconds_between(start, arrival)


def _earliest(times: Any) -> datetime | None:
    return min((t for t in times if t), default=None)
