"""The verbs of ``incidents``: each locks its rows, checks, and records what happened. Importing registers them."""

from incidents.services import alarm, calls, closing, course, incidents, timers

__all__ = ["alarm", "calls", "closing", "course", "incidents", "timers"]
