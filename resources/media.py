"""The ways an alarm can take. Pure: how each is served stands in ``incidents.effects``."""

from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

MEDIA: Final[list[tuple[str, str | Promise]]] = [("log", _("Alarmprotokoll")), ("station", _("Seite der Wache"))]
# What every unit has unless somebody chose otherwise.
USUAL: Final = [name for name, _label in MEDIA]
