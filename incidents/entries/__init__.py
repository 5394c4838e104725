"""Entry types of ``incidents``, by the life of an emergency: call, incident, alarm, course; and the plans."""

from incidents.entries import alarm, call, course, incident, merging, plans, responsibility

__all__ = ["alarm", "call", "course", "incident", "merging", "plans", "responsibility"]
