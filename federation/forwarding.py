"""The door for every command of a person or a program: it runs where the responsible centre is, once.

``execute`` finds the centre (``routing``), runs the command here or in one round trip at that centre's node, and gives
the same answer either way. The other node calls ``serve``. A command that was on its way while its incident or call was
handed over is told so under the lock (``locks.answering``) and follows.

With the line down nobody decides for another centre: a person is refused ``centre_unreachable`` and told whether they
may take over. Facts (a status, a call that rings) are never refused; they are recorded here and meet the others later.
If the request may have arrived the answer is ``in_doubt``: the same command again, under the same id, acts once.
"""

import logging
import time
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Final, Literal
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from pydantic import BaseModel, ConfigDict

from federation import claims, nodes, reach, routing, secured
from federation.models import Agreement
from federation.post import InDoubt, NotSent, post
from federation.routing import Target
from incidents.services.locks import Moved, answering
from incidents.services.roles import DISPATCH
from journal import commands
from journal.actor import SYSTEM_ROLE, Actor
from journal.commands import Busy, Refused, Spec

logger = logging.getLogger(__name__)

Answer = dict[str, Any]

# A thing that was just handed over is followed; where the word of it is not there yet, for a moment.
FOLLOW_SECONDS: Final = 2.0
PAUSE_SECONDS: Final = 0.05
# What a node asks of another in its own name, while a command of a person waits for it.
LEAVES: Final = frozenset({"unit.claim", "unit.release"})
# Recorded wherever they become known, even if the responsible centre cannot be told.
FACTS: Final = frozenset({"unit.report_status", "unit.at_patient", "unit.answer_overlay", "call.receive"})
# No node is believed these of the people who work at it.
NOT_ABROAD: Final = frozenset({SYSTEM_ROLE, "administrator"})
# A person's answer in doubt must not become "nothing was done" when the line is down at the next try.
MAX_DOUBTS: Final = 1000

_LAST_ENTRY: Final = """
SELECT origin, incarnation, seq FROM journal_entry
 WHERE command_id = %s AND origin = %s ORDER BY incarnation DESC, seq DESC LIMIT 1
"""

_doubts: OrderedDict[UUID, None] = OrderedDict()


def execute(name: str, data: dict[str, Any], *, command_id: UUID, actor: Actor) -> Answer:
    """Carry out a command once, at the node that answers for it, and return its answer (see
    ``journal.commands.execute``).

    An answer from elsewhere names its ``node``, and its ``pos`` is the position here, None if it has not arrived yet.
    Further refusals: ``centre_unreachable``, ``in_doubt``.
    """
    if name == "incident.alarm":
        data = claims.without_marks(data)
    if name in LEAVES and SYSTEM_ROLE not in actor.roles:
        return Refused("forbidden", _("Dafür fehlt Ihnen die Berechtigung.")).to_json()
    spec = commands.find(name)
    if reach.alone() or spec is None or SYSTEM_ROLE in actor.roles:
        return commands.execute(name, data, command_id=command_id, actor=actor)
    if not spec.about:
        return secured.told(commands.execute(name, data, command_id=command_id, actor=actor))
    target = routing.target(spec, data, actor)
    if not target.known:
        found = _ask_around(name, data, command_id, actor)
        if found is not None:
            return found
    asked: set[str] = set()
    deadline = time.monotonic() + FOLLOW_SECONDS
    while time.monotonic() < deadline:
        node = nodes.node_of(target.centre)
        if node in asked:
            time.sleep(PAUSE_SECONDS)
        asked.add(node)
        if reach.is_here(node):
            answer = _here(name, data, command_id, actor, target)
        else:
            answer = _there(spec, data, command_id, actor, target.centre, node)
        if answer.get("refused") != "moved":
            return answer
        target = replace(target, centre=answer["detail"]["centre"])
    return Busy().to_json()


# --- at the responsible node --------------------------------------------------------------------------------------
class Who(BaseModel):
    """The author of a forwarded command, as the other node vouches for them."""

    model_config = ConfigDict(extra="forbid")

    kind: Literal["user", "device"]
    id: str
    name: str
    centre: str
    seat: str
    roles: list[str]


class Forwarded(BaseModel):
    """A command as it travels between nodes. ``language``: of the sentence that a person will read."""

    model_config = ConfigDict(extra="forbid")

    command_id: UUID
    data: dict[str, Any]
    actor: Who
    language: Literal["de", "en"] = "de"


def serve(peer: str, name: str, body: dict[str, Any]) -> Answer:
    """Carry out what node ``peer`` (proven) has forwarded, and answer. Raises ValueError for a body that is none.

    Only commands that are about something this node answers for, and no system's or administrator's rights: whoever
    holds a node's key must not own the others.
    """
    order = Forwarded.model_validate(body)
    roles = frozenset(order.actor.roles) - NOT_ABROAD
    actor = Actor(**order.actor.model_dump(exclude={"roles"}), roles=roles)
    spec = commands.find(name)
    with translation.override(order.language):
        if spec is None or not spec.about or (name in LEAVES and not roles & DISPATCH):
            logger.warning("%s sent %s, which is not for others to send", peer, name[:80])
            return Refused("forbidden", _("Dafür fehlt Ihnen die Berechtigung.")).to_json()
        target = routing.target(spec, order.data, actor)
        if not target.known or not reach.is_here(nodes.node_of(target.centre)):
            return Moved(target.centre).to_json()
        if name in LEAVES:
            actor = replace(actor, roles=frozenset({SYSTEM_ROLE}))
            return commands.execute(name, order.data, command_id=order.command_id, actor=actor)
        answer = _here(name, order.data, order.command_id, actor, target)
        return answer | {"entry": _last_entry(order.command_id)} if "pos" in answer else answer


def _here(name: str, data: dict[str, Any], command_id: UUID, actor: Actor, target: Target) -> Answer:
    def run(data: dict[str, Any]) -> Answer:
        with _guarded(target):
            return commands.execute(name, data, command_id=command_id, actor=actor)

    if name == "incident.alarm":
        return secured.told(claims.alarm(data, command_id, actor, run=run, ask=_ask))
    return secured.told(run(data))


@contextmanager
def _guarded(target: Target) -> Iterator[None]:
    if target.ident is None:
        yield
        return
    with answering(target.ident, reach.own_centres()):
        yield


def _last_entry(command_id: UUID) -> list[Any] | None:
    """Identity of the last entry that a command recorded here."""
    with connection.cursor() as cursor:
        cursor.execute(_LAST_ENTRY, [command_id, settings.LEITSTELLE_NODE])
        row = cursor.fetchone()
    return list(row) if row else None


# --- at the node that was asked -----------------------------------------------------------------------------------
def _there(spec: Spec, data: dict[str, Any], command_id: UUID, actor: Actor, centre: str, node: str) -> Answer:
    fact = spec.name in FACTS or actor.kind != "user"
    try:
        return _sent(node, spec.name, data, command_id, actor)
    except NotSent as error:
        logger.warning("%s cannot be asked for %s: %s", node, spec.name, error)
        code: Literal["centre_unreachable", "in_doubt"] = "in_doubt" if command_id in _doubts else "centre_unreachable"
    except InDoubt as error:
        logger.warning("%s did not answer to %s: %s", node, spec.name, error)
        code = "in_doubt"
        _remember_doubt(command_id)
    if fact:
        return secured.told(commands.execute(spec.name, data, command_id=command_id, actor=actor))
    first = commands.first_answer(command_id, actor)
    return first or _unreachable(code, centre, node)


def _sent(
    node: str, name: str, data: dict[str, Any], command_id: UUID, actor: Actor, *, patient: bool = False
) -> Answer:
    """The answer of ``node``. Raises NotSent, InDoubt."""
    if not reach.line(node).up:
        raise NotSent("the line is down")
    language: Literal["de", "en"] = "en" if (translation.get_language() or "").startswith("en") else "de"
    who = Who(**actor.to_json(), roles=sorted(actor.roles))  # type: ignore[arg-type]  # checked by the schema
    order = Forwarded(command_id=command_id, data=data, actor=who, language=language)
    answer = post(node, f"/federation/command/{name}", order.model_dump(mode="json"), patient=patient)
    entry = answer.pop("entry", None)
    if "pos" in answer:
        answer |= {"node": node, "pos": secured.arrived(*entry) if entry else None}
    return answer


def _ask(node: str, name: str, data: dict[str, Any], command_id: UUID, actor: Actor) -> Answer | None:
    """The answer of ``node``, None if it cannot be asked. One that is slow and still speaks is asked twice: what is
    done without its word may be done twice."""
    for last in (False, True):
        try:
            answer = _sent(node, name, data, command_id, actor, patient=True)
        except NotSent as error:
            logger.warning("%s cannot be asked for %s: %s", node, name, error)
            return None
        except InDoubt as error:
            logger.warning("%s does not answer to %s: %s", node, name, error)
            if last:
                return None
        else:
            return None if answer.get("refused") == "moved" else answer
    return None


def _ask_around(name: str, data: dict[str, Any], command_id: UUID, actor: Actor) -> Answer | None:
    """The command is about something that this node has not heard of: whoever knows it may carry it out."""
    for node in reach.speaking():
        answer = _ask(node, name, data, command_id, actor)
        if answer is not None:
            return answer
    return None


def _remember_doubt(command_id: UUID) -> None:
    _doubts[command_id] = None
    if len(_doubts) > MAX_DOUBTS:
        _doubts.popitem(last=False)


def _unreachable(code: str, centre: str, node: str) -> Answer:
    """Nothing was done here; what a person may do about it."""
    seconds = reach.line(node).silent_seconds(timezone.now())
    if code == "in_doubt":
        reason = _("Es ist nicht sicher, ob der Auftrag bei der Leitstelle %s angekommen ist. Er wird wiederholt.")
    else:
        reason = _("Die Leitstelle %s ist nicht erreichbar. Es wurde nichts geändert.")
    detail = {"centre": centre, "silent_seconds": seconds, "take_over": _may_take_over(centre, seconds)}
    return Refused(code, reason % centre, **detail).to_json()


def _may_take_over(centre: str, silent_seconds: float | None) -> bool:
    """Whether an agreement lets a centre of this node stand in for one that has been silent for so long."""
    ours = Agreement.objects.filter(active=True, centre=centre, partner__in=settings.LEITSTELLE_CENTRES)
    return any(
        silent_seconds is None or silent_seconds >= limit for limit in ours.values_list("silent_seconds", flat=True)
    )
