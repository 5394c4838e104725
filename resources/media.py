"""The ways an alarm can take. Pure: how each is served stands in ``incidents.effects``."""

from typing import Final

MEDIA: Final = [("log", "Alarmprotokoll"), ("station", "Seite der Wache")]
# What every unit has unless somebody chose otherwise.
USUAL: Final = [name for name, _label in MEDIA]
