"""The live answer to "could the partner carry us now?", and the lines as every console shows them."""

import shutil
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models import Max
from django.utils import timezone

from federation import nodes
from federation.link.version import version
from federation.models import Agreement, Drill, LinkState
from federation.reach import STALE
from federation.rules.readiness import Partner, Readiness, best
from federation.rules.readiness import readiness as judge
from incidents.labels import EXERCISE_LINE
from incidents.models import Call
from resources.models import Seat, SeatSession

State = LinkState.State


def readiness(centre: str) -> dict[str, Any]:
    """How well ``centre`` could be carried now: ``{"score", "partner", "parts", "partners": [{"partner", "score",
    "parts"}], "at"}``, of the partner who could do it best; score 0 and no parts without an agreement.

    A handful of small queries, fit for once a second.
    """
    now = timezone.now()
    agreed = Agreement.objects.filter(centre=centre, active=True).order_by("id")
    partners = dict.fromkeys(agreed.values_list("partner_id", flat=True))
    states = {row.peer: row for row in LinkState.objects.filter(node=settings.LEITSTELLE_NODE)}
    found = [(partner, judge(_partner(centre, partner, states), now)) for partner in partners]
    first = best(found)
    return {
        "score": first[1].score if first else 0, "partner": first[0] if first else None,
        "parts": _parts(first[1]) if first else [],
        "partners": [{"partner": partner, "score": r.score, "parts": _parts(r)} for partner, r in found],
        "at": now,
    }  # fmt: skip


def _parts(found: Readiness) -> list[dict[str, Any]]:
    return [part.to_json() for part in found.parts]


def _partner(centre: str, partner: str, states: dict[str, LinkState]) -> Partner:
    here = partner in settings.LEITSTELLE_CENTRES
    row = states.get(nodes.node_of(partner))
    vitals: dict[str, Any] = row.vitals if row else {}
    fresh = row is not None and timezone.now() - row.updated_at <= STALE
    seats, waiting = _people(partner), _waiting(partner)
    drills = Drill.objects.filter(centre=centre, partner=partner, answered_at__isnull=False)
    return Partner(
        # Two centres of one node need no line; a link process that has not written for a while knows nothing.
        link="up" if here else row.state if row and fresh else State.DOWN.value if row else State.NEVER.value,
        seats=int(vitals.get("seats", {}).get(partner, 0)) if "seats" in vitals else seats,
        seats_free=max(0, Seat.objects.filter(centre=partner, active=True).count() - seats),
        waiting=int(vitals.get("calls", {}).get(partner, 0)) if "calls" in vitals else waiting,
        lag_seconds=0.0 if here or (row and row.shared) else row.lag_seconds if row else None,
        same_version=True if here else row.version == version() if row and row.version else None,
        version=version() if here else row.version if row else "",
        disk_free=_disk_free() if here else vitals.get("disk_free"),
        clock_ms=0.0 if here else row.clock_ms if row else None,
        drill_at=drills.aggregate(at=Max("finished_at"))["at"],
        agreement=True,
    )


def _disk_free() -> float:
    disk = shutil.disk_usage(settings.LEITSTELLE_RUN_DIR)
    return disk.free / disk.total


def _people(centre: str) -> int:
    return SeatSession.objects.filter(ended_at=None, seat__centre=centre).count()


def _waiting(centre: str) -> int:
    ringing = Call.objects.filter(centre=centre, state=Call.State.RINGING)
    return ringing.exclude(line=EXERCISE_LINE).count()


def links() -> list[dict[str, Any]]:
    """LinkViews of the lines of this node, by peer."""
    peers = nodes.peers()
    now = timezone.now()
    return [
        _link_view(row, peers.get(row.peer), now - row.updated_at)
        for row in LinkState.objects.filter(node=settings.LEITSTELLE_NODE).order_by("peer")
    ]


def _link_view(row: LinkState, peer: nodes.Peer | None, age: timedelta) -> dict[str, Any]:
    known = age <= STALE
    down = row.state if row.state == State.NEVER else State.DOWN.value
    return {
        "peer": row.peer, "name": peer.name if peer else row.peer, "centres": list(peer.centres) if peer else [],
        "state": row.state if known else down, "since": row.since if known else row.updated_at,
        "heard_at": row.heard_at, "lag_entries": row.lag_entries, "behind_entries": row.behind_entries,
        "lag_seconds": row.lag_seconds, "clock_ms": row.clock_ms, "rtt_ms": row.rtt_ms,
        "secured_pos": row.secured_pos, "shared": row.shared, "error": row.error, "version": row.version,
    }  # fmt: skip


def secured() -> int:
    """Our entries up to this position are on disk at some peer."""
    found = LinkState.objects.filter(node=settings.LEITSTELLE_NODE).aggregate(pos=Max("secured_pos"))["pos"]
    return int(found or 0)
