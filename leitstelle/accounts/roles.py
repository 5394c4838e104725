"""What a person or program may do. Pure."""

from typing import Final

from django.utils.translation import gettext_lazy as _

CALL_TAKER: Final = "call_taker"
DISPATCHER: Final = "dispatcher"
SHIFT_LEADER: Final = "shift_leader"
SUPERVISOR: Final = "supervisor"
ADMINISTRATOR: Final = "administrator"
PARTNER: Final = "partner"
AUDITOR: Final = "auditor"
# Programs: telephone systems, radio gateways and station screens speak through doors of their own.
TELEPHONY: Final = "telephony"
RADIO: Final = "radio"
STATION: Final = "station"

PERSON_ROLES: Final = [
    (CALL_TAKER, _("Notrufabfrage")),
    (DISPATCHER, _("Disposition")),
    (SHIFT_LEADER, _("Schichtführung")),
    (SUPERVISOR, _("Leitung")),
    (ADMINISTRATOR, _("Administration")),
    (PARTNER, _("Partner")),
    (AUDITOR, _("Revision")),
]
KEY_ROLES: Final = [
    (TELEPHONY, _("Telefonanlage")),
    (RADIO, _("Funkanbindung")),
    (STATION, _("Wache")),
    (PARTNER, _("Partner")),
]
LABELS: Final = dict(PERSON_ROLES + KEY_ROLES)

# Who may sit down at a seat and work the console.
CONSOLE: Final = frozenset({CALL_TAKER, DISPATCHER, SHIFT_LEADER, SUPERVISOR})
# Who may enter the administration at all; what they may do there is decided by ``may``.
STAFF: Final = frozenset({SHIFT_LEADER, SUPERVISOR, ADMINISTRATOR, AUDITOR})


def may(roles: frozenset[str], permission: str) -> bool:
    """Whether ``roles`` hold a permission of Django's form ``app.verb_model`` in the administration.

    Administrators do everything; supervisors keep master data and plans but not the log-ins; shift leaders
    and auditors look. Nobody writes the journal by hand.
    """
    app, _dot, rest = permission.partition(".")
    verb = rest.partition("_")[0]
    if app == "journal":
        return verb == "view" and bool(roles & {ADMINISTRATOR, AUDITOR})
    if ADMINISTRATOR in roles:
        return True
    if app == "accounts":
        return verb == "view" and bool(roles & {SUPERVISOR, AUDITOR})
    if verb == "view":
        return bool(roles & STAFF)
    return SUPERVISOR in roles and app in {"resources", "incidents"}
