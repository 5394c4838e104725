"""Two centres on one database, as a test moves from the one node to the other; and what each hears of its peer."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.test import override_settings
from django.utils import timezone

from federation import nodes, reach
from federation.entries.agreement import AgreementSaved
from federation.models import LinkState
from journal.actor import system
from journal.record import Transaction

OTHER = {"jena": "gera", "gera": "jena"}
KEY = "A" * 43


@contextmanager
def at(node: str) -> Iterator[None]:
    """Work at ``node``, which is home of the centre of its name and knows the other one."""
    peers = [(OTHER[node], "ws://127.0.0.1:1", KEY)]
    with override_settings(LEITSTELLE_NODE=node, LEITSTELLE_CENTRES=[node], LEITSTELLE_PEERS=peers):
        forget()
        yield
    forget()


def forget() -> None:
    """Nothing read before counts."""
    nodes._directory.forget()
    reach.forget()


def hear(seconds_ago: float | None, state: str = "", peer: str = "") -> None:
    """This node last heard its peer so long ago (0: the line is up); None: never."""
    node = settings.LEITSTELLE_NODE
    now, peer = timezone.now(), peer or OTHER[node]
    LinkState.objects.update_or_create(
        id=f"{node}:{peer}",
        defaults={
            "node": node, "peer": peer, "state": state or ("up" if seconds_ago == 0 else "down"), "updated_at": now,
            "since": now - timedelta(seconds=seconds_ago or 60),
            "heard_at": None if seconds_ago is None else now - timedelta(seconds=seconds_ago),
        },
    )  # fmt: skip
    reach.forget()


def agree(centre: str = "jena", partner: str = "gera", **terms: Any) -> None:
    """``partner`` stands in for ``centre``."""
    tx = Transaction(system("test"))
    tx.record(AgreementSaved(id=f"{centre}-{partner}", centre=centre, partner=partner, **terms))
    tx.append()
