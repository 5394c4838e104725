"""Status 0 to 9 of German emergency radio (FMS, harmonised nationwide for digital radio on 03.04.2017). Pure."""

from typing import Final

from django.utils.translation import gettext_lazy as _

OVERLAYS: Final = frozenset({0, 5})
AT_STATION: Final = 2
FREE: Final = frozenset({1, AT_STATION})
CONDITIONAL: Final = 8
OUT_OF_SERVICE: Final = 6
UNAVAILABLE: Final = frozenset({6, 9})

STATUS_CHOICES: Final = [
    (0, _("Notruf")),
    (1, _("frei über Funk")),
    (2, _("frei auf Wache")),
    (3, _("Einsatz übernommen")),
    (4, _("an der Einsatzstelle")),
    (5, _("Sprechwunsch")),
    (6, _("nicht einsatzbereit")),
    (7, _("Patient aufgenommen")),
    (8, _("am Zielort")),
    (9, _("Anmeldung, Handquittung")),
]
NAMES: Final = dict(STATUS_CHOICES)


def is_overlay(status: int) -> bool:
    """0 and 5 ask for attention; they do not replace the status beneath."""
    return status in OVERLAYS
