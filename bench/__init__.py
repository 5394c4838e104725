"""Measurements against the goals, on a quiet copy of a node of their own: ``python -m bench``."""
