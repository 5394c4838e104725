"""Commands: the only way to change something. Parsed, authorised, executed once, answered once."""

import inspect
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

import orjson
from django.db import IntegrityError, OperationalError, connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from psycopg.errors import DeadlockDetected, LockNotAvailable
from pydantic import BaseModel, ConfigDict, ValidationError

from journal import notify
from journal.actor import SYSTEM_ROLE, Actor
from journal.keys import Forgotten
from journal.models import Receipt
from journal.record import Transaction

logger = logging.getLogger(__name__)

LOCK_TIMEOUT_MS = 3000
TRIES = 3


class Command(BaseModel):
    """Base of every command's schema. Unknown fields are refused: a misspelt one must not be lost in silence."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True, str_max_length=10_000)


Schema = TypeVar("Schema", bound=Command)


class Refused(Exception):
    """A command was understood and not carried out. Nothing was changed.

    code: stable English identifier for programs; reason: German sentence for people; detail: what helps to go on
    (who has it, the present value), JSON-serialisable.
    """

    def __init__(self, code: str, reason: str, **detail: Any) -> None:
        super().__init__(code)
        self.code, self.reason, self.detail = code, str(reason), detail

    def to_json(self) -> dict[str, Any]:
        return {"refused": self.code, "reason": self.reason, "detail": self.detail}

    def to_keep(self) -> dict[str, Any] | None:
        """The answer that a repetition of the command gets; None: a repetition is tried anew."""
        return self.to_json()


class RefusedInConfidence(Refused):
    """A refusal whose detail quotes what people said. Answers are kept in plain text and outlast a forgetting, so
    the detail goes to the one who asked and is not kept."""

    def to_keep(self) -> dict[str, Any] | None:
        return self.to_json() | {"detail": {}}


class Busy(Refused):
    """Somebody else holds the rows for too long. Not kept: who repeats the command, as the reason says, must not get
    this answer for ever (timers and effects have one fixed id per act)."""

    def __init__(self) -> None:
        super().__init__("busy", _("Ein anderer Vorgang hält den Datensatz fest. Bitte wiederholen."))

    def to_keep(self) -> dict[str, Any] | None:
        return None


@dataclass(frozen=True, slots=True)
class Spec:
    """A registered command. ``about``: the kind of thing it is about, by the name of the field that holds its id
    (incident, call, unit …); empty for one that any node may carry out."""

    name: str
    schema: type[Command]
    run: Callable[[Transaction, Any], dict[str, Any] | None]
    roles: frozenset[str]
    about: str = ""


_commands: dict[str, Spec] = {}


def command(name: str, *, roles: frozenset[str], about: str = "") -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register a service ``(tx, cmd: Schema) -> result`` under ``name``; ``roles`` may call it (and the system);
    ``about``: see ``Spec``."""

    def register(run: Callable[..., Any]) -> Callable[..., Any]:
        if name in _commands:
            raise ValueError(f"command {name} is registered twice")
        schema = list(inspect.signature(run).parameters.values())[1].annotation
        _commands[name] = Spec(name, schema, run, roles, about)
        return run

    return register


def commands() -> dict[str, Spec]:
    return dict(sorted(_commands.items()))


def find(name: str) -> Spec | None:
    """The command of that name, if there is one."""
    return _commands.get(name)


def execute(name: str, data: dict[str, Any], *, command_id: UUID, actor: Actor) -> dict[str, Any]:
    """Carry out a command once and return its answer.

    ``{"pos": 4711, "safety": "stored", "result": {…}}`` with the entries on disk, or
    ``{"refused": code, "reason": German sentence, "detail": {…}}`` with nothing changed. The same ``command_id`` gives
    the first answer again, whatever ``data`` says.
    """
    try:
        spec = _authorised(name, actor)
        answer = _run(spec, parse(spec.schema, data), command_id, actor)
    except Refused as refusal:
        return _store_refusal(name, refusal, command_id, actor)
    except IntegrityError:
        # The command has a receipt. Nobody looks for one beforehand: repetitions are rare, and whatever this one did
        # is undone with its transaction; the first answer is the answer.
        first = first_answer(command_id, actor)
        if first is None:
            raise
        return first
    notify.hint(answer["pos"])
    return answer


def _authorised(name: str, actor: Actor) -> Spec:
    spec = _commands.get(name)
    if spec is None:
        raise Refused("unknown_command", _("Diesen Befehl gibt es nicht: %s") % name[:80])
    if not (actor.roles & spec.roles or SYSTEM_ROLE in actor.roles):
        raise Refused("forbidden", _("Dafür fehlt Ihnen die Berechtigung."))
    return spec


def parse(schema: type[Schema], data: dict[str, Any]) -> Schema:
    """The validated input. Raises Refused("invalid") that names each wrong field."""
    try:
        raw = orjson.dumps(data)
        if b"\\u0000" in raw:
            raise Refused("invalid", _("Die Eingabe enthält unzulässige Zeichen."))
        return schema.model_validate_json(raw)
    except ValidationError as error:
        fields = [
            {"field": ".".join(str(part) for part in item["loc"]), "problem": item["msg"]}
            for item in error.errors(include_url=False, include_input=False, include_context=False)
        ]
        raise Refused("invalid", _("Die Eingabe ist unvollständig oder falsch."), fields=fields) from None


def _run(spec: Spec, cmd: Command, command_id: UUID, actor: Actor) -> dict[str, Any]:
    for attempt in range(1, TRIES + 1):
        try:
            with transaction.atomic(durable=True):
                tx = Transaction(actor, command_id)
                result = spec.run(tx, cmd) or {}
                pos = tx.append(spec.name, result)
            return {"pos": pos, "safety": "stored", "result": result}
        except Forgotten:
            reason = _("Die Angaben hierzu sind gelöscht; es kann nichts mehr ergänzt werden.")
            raise Refused("forgotten", reason) from None
        except OperationalError as error:
            if not isinstance(error.__cause__, DeadlockDetected | LockNotAvailable):
                raise
            logger.warning("%s: %s, try %s", spec.name, type(error.__cause__).__name__, attempt)
    raise Busy


def first_answer(command_id: UUID, actor: Actor) -> dict[str, Any] | None:
    """The answer this command got here, or at the node where it was carried out; None if none is known."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT answer, actor_id FROM journal_receipt WHERE command_id = %s", [command_id])
        row = cursor.fetchone()
    if row is None:
        return None
    if row[1] != actor.key:
        return Refused("forbidden", _("Diese Befehlsnummer gehört jemand anderem.")).to_json()
    return dict(orjson.loads(row[0]))


def _store_refusal(name: str, refusal: Refused, command_id: UUID, actor: Actor) -> dict[str, Any]:
    """A refusal is an answer too: a late duplicate of the same command must not succeed where the first did not."""
    kept = refusal.to_keep()
    if kept is None:
        return refusal.to_json()
    receipt = Receipt(
        command_id=command_id,
        name=name[:80],
        actor_id=actor.key,
        answer=orjson.dumps(kept).decode(),
        created_at=timezone.now(),
    )
    try:
        with transaction.atomic():
            receipt.save(force_insert=True)
    except IntegrityError:
        return first_answer(command_id, actor) or refusal.to_json()
    return refusal.to_json()
