"""Availability windows as people write them, and as units keep them. Pure."""

import re
from typing import Any, Final

from django.utils.translation import gettext as _

DAYS: Final = ["Mo", "Di", "Mi", "Do", "Fr", "Sa", "So"]
_WINDOW: Final = re.compile(r"(\w\w)(?:-(\w\w))? ([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)")


def parse_windows(text: str) -> list[dict[str, Any]]:
    """ "Mo-Fr 17:00-06:00, Sa-So 00:00-00:00" as availability windows; empty text: always.

    The days are those on which a window begins; an end that is not after the beginning lies on the next day. Raises
    ValueError with a sentence for people.
    """
    result: list[dict[str, Any]] = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        match = _WINDOW.fullmatch(part)
        if match is None or match[1] not in DAYS or (match[2] or match[1]) not in DAYS:
            raise ValueError(_("Zeitfenster nicht lesbar: %s") % part)
        first, last = DAYS.index(match[1]), DAYS.index(match[2] or match[1])
        days = [day % 7 for day in range(first, last + 1 if last >= first else last + 8)]
        result.append({"days": days, "from": f"{match[3]}:{match[4]}", "to": f"{match[5]}:{match[6]}"})
    return result


def windows_text(windows: list[dict[str, Any]]) -> str:
    """The same windows as text; days that do not follow one another become windows of their own."""
    parts = []
    for window in windows:
        for first, last in _runs(window["days"]):
            days = DAYS[first] if first == last else f"{DAYS[first]}-{DAYS[last]}"
            parts.append(f"{days} {window['from']}-{window['to']}")
    return ", ".join(parts)


def _runs(days: list[int]) -> list[tuple[int, int]]:
    runs: list[tuple[int, int]] = []
    for day in sorted(days):
        if runs and day == runs[-1][1] + 1:
            runs[-1] = (runs[-1][0], day)
        else:
            runs.append((day, day))
    return runs
