"""Status 0 to 9 of German emergency radio (FMS, harmonised nationwide for digital radio on 03.04.2017). Pure."""

from typing import Final

OVERLAYS: Final = frozenset({0, 5})
AT_STATION: Final = 2
FREE: Final = frozenset({1, AT_STATION})
CONDITIONAL: Final = 8
OUT_OF_SERVICE: Final = 6
UNAVAILABLE: Final = frozenset({6, 9})

STATUS_CHOICES: Final = [
    (0, "Notruf"),
    (1, "frei über Funk"),
    (2, "frei auf Wache"),
    (3, "Einsatz übernommen"),
    (4, "an der Einsatzstelle"),
    (5, "Sprechwunsch"),
    (6, "nicht einsatzbereit"),
    (7, "Patient aufgenommen"),
    (8, "am Zielort"),
    (9, "Anmeldung, Handquittung"),
]
NAMES: Final = dict(STATUS_CHOICES)


def is_overlay(status: int) -> bool:
    """0 and 5 ask for attention; they do not replace the status beneath."""
    return status in OVERLAYS
