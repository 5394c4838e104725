"""Who may give which command; the names are those of ``leitstelle.accounts.roles``."""

from typing import Final

DISPATCH: Final = frozenset({"dispatcher", "shift_leader", "supervisor"})
# Whoever sits at a console may take calls and write down what is said.
CONSOLE: Final = DISPATCH | {"call_taker"}
TELEPHONY: Final = frozenset({"telephony"})
STATUS: Final = DISPATCH | {"radio", "station"}
RECEIPT: Final = DISPATCH | {"radio", "station"}
ADMINISTRATION: Final = frozenset({"administrator"})
SYSTEM: Final[frozenset[str]] = frozenset()
