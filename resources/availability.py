"""When volunteers can be expected to turn out: weekly windows in local wall-clock time. Pure.

A window is ``{"days": [0, 1, …], "from": "18:00", "to": "06:00"}``: 0 is Monday; ``days`` are those on which the window
begins (missing: every day), ``to`` at or before ``from`` ends on the next day, equal times are the whole day.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

LOCAL: Final = ZoneInfo("Europe/Berlin")
WHOLE_WEEK: Final = (0, 1, 2, 3, 4, 5, 6)

Window = Mapping[str, Any]


class BadWindow(ValueError):
    """A window that cannot be understood; the text says what is wrong."""


def available(windows: Sequence[Window], at: datetime) -> bool:
    """True if ``at`` (aware) lies in one of the windows; without any window: always. The end is exclusive."""
    return not windows or any(within(window, at) for window in windows)


def within(window: Window, at: datetime) -> bool:
    """True if ``at`` (aware) lies in this window. Raises BadWindow."""
    days, begin, end = _parse(window)
    local = at.astimezone(LOCAL)
    clock = local.time().replace(tzinfo=None)
    if begin < end:
        return local.weekday() in days and begin <= clock < end
    yesterday = (local.weekday() - 1) % 7
    return (local.weekday() in days and clock >= begin) or (yesterday in days and clock < end)


def next_begin(windows: Sequence[Window], at: datetime) -> datetime | None:
    """Start of the next window after ``at``, None without windows. Wall-clock time: a change of the clocks in between
    moves the instant, not what the crew's roster says."""
    local = at.astimezone(LOCAL)
    begins: list[datetime] = []
    for window in windows:
        days, begin, _end = _parse(window)
        for offset in range(8):
            day = local.date() + timedelta(days=offset)
            moment = datetime.combine(day, begin, tzinfo=LOCAL)
            if day.weekday() in days and moment > local:
                begins.append(moment)
    return min(begins, default=None)


def check(windows: object) -> None:
    """Raises BadWindow unless ``windows`` is a list of windows; for forms and imports."""
    if not isinstance(windows, list):
        raise BadWindow(_("Zeitfenster müssen eine Liste sein"))
    for window in windows:
        _parse(window)


def _parse(window: Window) -> tuple[Sequence[int], time, time]:
    try:
        days = window.get("days") or WHOLE_WEEK
        begin, end = (time.fromisoformat(window[name]) for name in ("from", "to"))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise BadWindow(_("Zeitfenster braucht „from“ und „to“ als HH:MM: %s") % (window,)) from error
    if any(day not in WHOLE_WEEK for day in days):
        raise BadWindow(_("Wochentage sind 0 (Montag) bis 6 (Sonntag): %s") % (window,))
    return days, begin, end
