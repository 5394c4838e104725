"""Reads: plain dicts, ready for JSON (times as ISO 8601 in UTC), in a fixed number of queries whatever the size."""

from incidents.selectors.calls import call_views, calls_of, concerns, live_calls
from incidents.selectors.incidents import (
    incident_list,
    incident_number,
    incident_view,
    incident_views,
    open_incidents,
    units_of,
)
from incidents.selectors.intervals import intervals
from incidents.selectors.log import incident_log, late_positions, log_line, told
from incidents.selectors.nearby import nearby
from incidents.selectors.units import unit_views

__all__ = [
    "call_views",
    "calls_of",
    "concerns",
    "incident_list",
    "incident_log",
    "incident_number",
    "incident_view",
    "incident_views",
    "intervals",
    "late_positions",
    "live_calls",
    "log_line",
    "nearby",
    "open_incidents",
    "told",
    "unit_views",
    "units_of",
]
