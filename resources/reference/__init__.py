"""Reference data: read from files, recorded as entries, only what changed."""

from resources.reference.files import demo_entries, entries
from resources.reference.load import Loaded, load

__all__ = ["Loaded", "demo_entries", "entries", "load"]
