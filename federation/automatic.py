"""Where the agreement says so, this node takes over a silent partner by itself: a loop of the vital process."""

import logging
import threading
from typing import Final
from uuid import UUID, uuid5

from django.conf import settings
from django.utils import timezone

from federation import nodes, reach
from federation.models import Agreement, LinkState, Mandate
from journal.actor import system
from journal.commands import execute

logger = logging.getLogger(__name__)

INTERVAL_SECONDS: Final = 1.0
NAMESPACE: Final = UUID("8f7c2f5e-33c2-4e0b-9c8f-4f0f0a3f5c51")


def run(stop: threading.Event) -> None:
    """Look once a second until ``stop``."""
    while not stop.wait(INTERVAL_SECONDS):
        take_over_the_silent()


def take_over_the_silent() -> list[str]:
    """Take over each centre whose agreement wants that by now. Returns the scopes that were taken.

    Only while this node's own link process is alive: one that hears nobody because it is deaf itself takes nothing.
    """
    taken = []
    rows = Agreement.objects.filter(active=True, automatic_seconds__gt=0, partner__in=settings.LEITSTELLE_CENTRES)
    for agreement in rows.order_by("id"):
        scope, now = f"centre:{agreement.centre_id}", timezone.now()
        line = LinkState.objects.filter(
            node=settings.LEITSTELLE_NODE, peer=nodes.node_of(agreement.centre_id), updated_at__gt=now - reach.STALE
        ).first()  # fmt: skip
        if line is None or line.state in reach.LIVE or line.heard_at is None or _is_held(scope):
            continue
        if (now - line.heard_at).total_seconds() < (agreement.automatic_seconds or 0):
            continue
        # One silence, one act, however often this is asked.
        command_id = uuid5(NAMESPACE, f"{settings.LEITSTELLE_NODE}:{scope}:{line.heard_at.isoformat()}")
        actor = system("take_over", agreement.partner_id)
        answer = execute("take_over.take", {"scope": scope}, command_id=command_id, actor=actor)
        if "refused" in answer:
            logger.error("%s is silent and cannot be taken over: %s", scope, answer["refused"])
        else:
            logger.warning("%s is silent: taken over for %s", scope, agreement.partner_id)
            taken.append(scope)
    return taken


def _is_held(scope: str) -> bool:
    return Mandate.objects.filter(pk=scope, state__in=[Mandate.State.HELD, Mandate.State.RETURNING]).exists()
