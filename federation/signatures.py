"""The second signature under a take-over: proof that another person, whose password was just checked at the door of
this or another node (``leitstelle.console.takeover``), agrees to this one act."""

from dataclasses import dataclass
from typing import Final

from django.conf import settings
from django.core import signing
from django.utils.translation import gettext as _

from journal.commands import Refused

SALT: Final = "countersign"
# Long enough to press the button, too short to be put aside.
MAX_AGE_SECONDS: Final = 120


@dataclass(frozen=True, slots=True)
class Signer:
    """Who signs."""

    id: str
    name: str
    centre: str
    roles: frozenset[str]


def _signer() -> signing.TimestampSigner:
    first, *others = settings.LEITSTELLE_TOKEN_KEYS
    return signing.TimestampSigner(key=first, sep=".", salt=SALT, fallback_keys=[*others])


def sign(signer: Signer, scope: str) -> str:
    """A token that says: ``signer`` agrees that ``scope`` be taken over, now."""
    value = {
        "scope": scope, "id": signer.id, "name": signer.name, "centre": signer.centre, "roles": sorted(signer.roles),
    }  # fmt: skip
    return _signer().sign_object(value)


def read(token: str, scope: str) -> Signer:
    """Who signed ``scope``. Raises Refused ``bad_signature`` for a token that is forged, too old or for another act."""
    try:
        value = _signer().unsign_object(token, max_age=MAX_AGE_SECONDS)
    except signing.BadSignature:
        value = {}
    if value.get("scope") != scope:
        raise Refused("bad_signature", _("Die zweite Unterschrift gilt nicht oder nicht mehr."))
    return Signer(value["id"], value["name"], value["centre"], frozenset(value["roles"]))
