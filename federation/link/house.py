"""What the link does in the database once a second, besides moving entries."""

import logging
import os
import shutil
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import orjson
from django.conf import settings
from django.db.models import Count
from django.utils import timezone

from federation import nodes
from federation.identity import trusted_keys
from federation.link import restored, work
from federation.link.version import version
from federation.models import LinkState
from federation.nodes import Peer
from federation.notices import PRESENCE, PRESENCE_FAR, Listener, Sender
from federation.protocol import Have, Local
from incidents.models import Call
from journal.commands import Refused
from journal.fold import retry_quarantined
from resources.models import SeatSession
from resources.positions import Fix, changed_since, merge

logger = logging.getLogger(__name__)

# Positions are stored with the time of receipt, and commit a little later: look back that far again.
OVERLAP_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Errand:
    """What the event loop wants done: rows of LinkState as dicts, positions and presence that peers told."""

    views: Sequence[Mapping[str, Any]]
    positions: Sequence[Fix]
    presence: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Turn:
    """What was found. ``begun``: our chain goes on in this new incarnation; ``known``: the rows of LinkState before."""

    local: Local
    have: Have
    peers: Mapping[str, Peer]
    keys: Mapping[str, str]
    known: Sequence[LinkState]
    not_durable: str
    begun: int | None
    positions: Sequence[Fix]
    presence: Any


class House:
    """Lives in one thread; ``vitals`` is replaced as a whole and may be read from anywhere."""

    def __init__(self, challenge: str, reading: threading.Lock) -> None:
        self.vitals: Mapping[str, Any] = {"challenge": challenge, "version": version()}
        self._challenge = challenge
        self._reading = reading
        self._prepared = False
        self._looked_at = timezone.now()
        self._presence = Listener(PRESENCE)
        self._notices = Sender()

    def turn(self, errand: Errand) -> Turn:
        local = work.local()
        not_durable = work.not_durable()
        with self._reading:
            begun = restored.keep_life(local.store)
            if not self._prepared and not not_durable:
                self._prepare()
            have = work.have()
        known = list(LinkState.objects.filter(node=settings.LEITSTELLE_NODE))
        peers = nodes.read_peers()
        _write(errand.views, peers)
        merge(errand.positions)
        if errand.presence is not None:
            self._notices.send(PRESENCE_FAR, orjson.dumps(errand.presence))
        self.vitals = self._measure()
        return Turn(
            local, have, peers, trusted_keys(), known, not_durable, begun, self._positions(), self._own_presence()
        )

    def _prepare(self) -> None:
        """Once per process, before the first line."""
        retry_quarantined()  # what this version may know and the one before did not
        try:
            nodes.announce()
        except Refused as refusal:
            # The others go on with what they know of us, or what their settings say.
            logger.error("this node's addresses cannot be told to the network: %s", refusal.reason)
        self._prepared = True

    def _positions(self) -> list[Fix]:
        now = timezone.now()
        fixes = changed_since(self._looked_at)
        self._looked_at = now - timedelta(seconds=OVERLAP_SECONDS)
        return fixes

    def _own_presence(self) -> Any:
        newest = self._presence.newest()
        return orjson.loads(newest) if newest else None

    def _measure(self) -> dict[str, Any]:
        """What the peers are told of us: could we carry them?"""
        disk = shutil.disk_usage(settings.LEITSTELLE_RUN_DIR)
        sessions = SeatSession.objects.filter(ended_at=None)
        waiting = Call.objects.filter(state=Call.State.RINGING)
        return {
            "challenge": self._challenge,
            "version": version(),
            "disk_free": round(disk.free / disk.total, 4),
            "load": round(os.getloadavg()[0] / (os.cpu_count() or 1), 2),
            "seats": dict(sessions.values_list("seat__centre").annotate(Count("id")).order_by()),
            "calls": dict(waiting.values_list("centre").annotate(Count("id")).order_by()),
        }


def _write(views: Sequence[Mapping[str, Any]], peers: Mapping[str, Peer]) -> None:
    rows = [LinkState(**view) for view in views if view["peer"] in peers]
    fields = [field.name for field in LinkState._meta.fields if field.name != "id"]
    if rows:
        LinkState.objects.bulk_create(rows, update_conflicts=True, unique_fields=["id"], update_fields=fields)
    LinkState.objects.filter(node=settings.LEITSTELLE_NODE).exclude(peer__in=list(peers)).delete()
