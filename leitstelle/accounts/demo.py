"""Log-ins and keys for trying things out: documented, marked as examples, never made without being asked for."""

import json
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID, uuid5

from django.conf import settings
from django.contrib.auth.hashers import make_password

from journal.record import Transaction
from leitstelle.accounts import roles
from leitstelle.accounts.entries import ApiKeySaved, UserSaved
from leitstelle.accounts.models import ApiKey, User
from leitstelle.accounts.services import key_hash

# Public on purpose. A node that is meant in earnest is loaded without --demo and has none of these log-ins.
PASSWORD = "leitstelle-demo-112"
_NAMESPACE = UUID("6c5d3e1a-112e-5b7c-9a51-1e1751e11e00")
_ROOM = {"jena": "Jena", "gera": "Gera"}
_SURNAMES = {
    "jena": ["Albrecht", "Böhme", "Claus", "Dietrich", "Eckardt", "Fritzsche", "Günther", "Hädrich"],
    "gera": ["Illgen", "Jahn", "Kühn", "Lippold", "Männel", "Neupert", "Oertel", "Pohl"],
}
_DISPATCHER = [roles.CALL_TAKER, roles.DISPATCHER]
KEY_NAMES = {
    roles.TELEPHONY: "Telefonanlage (Demo)",
    roles.RADIO: "Funkanbindung (Demo)",
    roles.STATION: "Wachenanzeige (Demo)",
    roles.PARTNER: "Partner (Demo)",
}


def people() -> list[UserSaved]:
    """Eight dispatchers and a shift leader per room, one administrator; without their password."""
    users: list[UserSaved] = []
    for centre, surnames in _SURNAMES.items():
        for number, surname in enumerate(surnames, 1):
            users.append(_user(f"{centre}{number}", surname, centre, _DISPATCHER))
        lead = f"Schichtführung {_ROOM[centre]}"
        users.append(_user(f"schicht-{centre}", lead, centre, [*_DISPATCHER, roles.SHIFT_LEADER]))
    users.append(_user("leitung", "Leitung", "", [roles.SUPERVISOR]))
    users.append(_user("admin", "Administration", "", [roles.ADMINISTRATOR, roles.SUPERVISOR]))
    return users


def record_people(tx: Transaction) -> int:
    """Record the demo's people that do not exist yet; returns how many. Who exists keeps password and roles."""
    known = set(User.objects.values_list("id", flat=True))
    missing = [user for user in people() if user.id not in known]
    if missing:
        # One salt for all: hashing eighteen times costs seconds and protects nothing, the password is public.
        password = make_password(PASSWORD)
        for user in missing:
            tx.record(user.model_copy(update={"password": password}))
    return len(missing)


def record_keys(tx: Transaction) -> dict[str, str]:
    """Record a fresh random key per door unless the key file holds the ones in use; returns what to write to it."""
    file = key_file()
    present: dict[str, str] = json.loads(file.read_text()) if file.exists() else {}
    stored = dict(ApiKey.objects.filter(active=True).values_list("id", "sha256"))
    if all(stored.get(_key_id(role)) == key_hash(present.get(role, "")) for role in KEY_NAMES):
        return {}
    keys = {role: secrets.token_urlsafe(32) for role in KEY_NAMES}
    for role, key in keys.items():
        tx.record(ApiKeySaved(id=_key_id(role), name=KEY_NAMES[role], sha256=key_hash(key), roles=[role], example=True))
    return keys


def write_keys(keys: dict[str, str]) -> Path:
    """Write the keys to the node's own folder, readable by its user only."""
    file = key_file()
    file.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as handle:
        json.dump(keys, handle, indent=1)
    file.chmod(0o600)
    return file


def key_file() -> Path:
    return Path(settings.LEITSTELLE_RUN_DIR) / "keys.json"


def table() -> Iterator[str]:
    """The log-ins as lines for the terminal."""
    yield f"{'Anmeldename':<14}{'Name':<24}{'Leitstelle':<12}Rollen"
    for user in people():
        labels = ", ".join(str(roles.LABELS[role]) for role in user.roles)
        yield f"{user.username:<14}{user.name:<24}{_ROOM.get(user.centre, 'alle'):<12}{labels}"
    yield f"Kennwort für alle: {PASSWORD}"


def _user(username: str, name: str, centre: str, granted: list[str]) -> UserSaved:
    return UserSaved(
        id=uuid5(_NAMESPACE, username), username=username, name=name, centre=centre, roles=granted, example=True
    )


def _key_id(role: str) -> str:
    """A key per node: its file lies in that node's folder and can be lost there alone."""
    return f"demo-{role}-{settings.LEITSTELLE_NODE}"
