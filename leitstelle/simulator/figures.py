"""How many calls come, when, and from where: the figures behind a simulated day, with their sources. Pure.

- Calls per head. Gera counts about 147,000 requests for help a year for some 400,000 people (city's figures), Jena
  about 200 emergency calls a day for some 300,000: 1.0 and, without transport orders, 0.67 per 1,000 and day.
- Share of the emergency lines. Scaled from Berlin (BF-Open-Data, CC BY 4.0) the area has some 355 emergency calls a
  day of about 560 calls of all kinds.
- Hours. Peak between 9 and 11 on workdays, trough between 2 and 6 (forecasts for control rooms); the curve between is
  drawn through these.
- Weekdays. Berlin's emergency calls 2024 to 2026, mean of each weekday over the mean of all days.
- What it is about. Gera: 100,000 rescue and transport to 6,200 fire and technical missions a year; Thuringia 2018:
  5,000 fires, 23,500 technical. Berlin: of 1,513 missions a day 13 are resuscitations.
- Storm. Berlin's worst day of technical rescue was thirty times the mean; 900 calls in ten minutes is what the room
  must stand, not what ever happened.
"""

from typing import Final

# Calls of all lines per 1,000 people and day.
CALLS_PER_1000: Final = 1.0
# Weight of each hour of the day; their mean is 1.
_HOUR_SHAPE: Final = (
    0.72, 0.60, 0.48, 0.42, 0.40, 0.45, 0.70, 1.00, 1.30, 1.52, 1.55, 1.45,
    1.32, 1.24, 1.20, 1.18, 1.20, 1.22, 1.22, 1.18, 1.10, 1.00, 0.92, 0.80,
)  # fmt: skip
HOURS: Final = tuple(weight * 24 / sum(_HOUR_SHAPE) for weight in _HOUR_SHAPE)
# Monday to Sunday.
WEEKDAYS: Final = (1.013, 1.009, 1.001, 0.996, 1.008, 1.019, 0.954)
# Transport orders are a matter of working days and hours.
TRANSPORT_HOURS: Final = range(6, 19)
TRANSPORT_WEEKEND: Final = 0.35
# Mobile callers whose position the telephone system knows (AML), and how soon after the ring it comes, in seconds.
LOCATED_SHARE: Final = 0.7
LOCATED_AFTER: Final = (0.0, 15.0)
LOCATED_ACCURACY_M: Final = (8, 15, 25, 40, 80, 250)
# How long a caller lets it ring, in seconds: median and spread of a log-normal; the impatient tenth gives up in 25 s.
PATIENCE_MEDIAN: Final = 75.0
PATIENCE_SIGMA: Final = 0.75
# Talking time in seconds: 77 on average (a neighbouring federal state's control room, 2024), never under 10.
TALK_MEDIAN: Final = 65.0
TALK_SIGMA: Final = 0.5
STORM_CALLS: Final = 900
STORM_SECONDS: Final = 600


def rate_per_second(population: int, weekday: int, hour: int, intensity: float = 1.0) -> float:
    """Calls per second from ``population`` people in this hour of this weekday (0 = Monday)."""
    per_day = population / 1000 * CALLS_PER_1000 * WEEKDAYS[weekday]
    return per_day * HOURS[hour] * intensity / 86_400
