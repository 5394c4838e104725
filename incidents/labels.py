"""German names of the words that commands and tables carry."""

from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from resources import media

# What became of an incident. The order is that of the list on screen.
OUTCOMES: Final[dict[str, str | Promise]] = {
    "completed": _("erledigt"),
    "transported": _("transportiert"),
    "left_on_scene": _("vor Ort verblieben"),
    "no_patient": _("kein Patient"),
    "false_alarm": _("Fehlalarm"),
    "handed_over": _("abgegeben"),
    "cancelled": _("storniert"),
    "misuse": _("missbräuchlich"),
}

# What became of a call that led to no incident.
CALL_OUTCOMES: Final[dict[str, str | Promise]] = {
    "": _("ohne Angabe"),
    "advice": _("Auskunft oder Beratung"),
    "duplicate": _("bereits gemeldet"),
    "wrong_number": _("falsch verbunden"),
    "silent": _("niemand spricht"),
    "misuse": _("Missbrauch"),
    "transferred": _("weitervermittelt"),
    "hung_up": _("aufgelegt"),
    "test": _("Probeanruf"),
}

# Media over which units are alarmed.
MEDIA: Final[dict[str, str | Promise]] = dict(media.MEDIA)

# The line of exercise calls: they ring like any other, are marked, and are counted nowhere.
EXERCISE_LINE: Final = "übung"
