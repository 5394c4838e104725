"""Mandates: which centre holds a centre or a county of another, and therefore answers for what comes new.

What runs already carries its own centre and term in its row; nothing here is asked about it.
"""

import time
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _

from federation import nodes, reach
from federation.models import LinkState, Mandate
from federation.rules.mandates import CALL, CENTRE, COUNTY, INCIDENT, Scope, holder_of
from incidents.network import Duty
from journal.commands import Refused

# Both tables have a handful of rows.
_STANDING = """
SELECT true, scope, holder_id, 0 FROM federation_mandate WHERE state = 'held'
 UNION ALL
SELECT false, centre_id, partner_id, spill_seconds FROM federation_agreement WHERE active AND spill_seconds > 0
"""
_HOMES = {
    CENTRE: "SELECT id FROM resources_centre WHERE id = %s AND active",
    COUNTY: "SELECT centre_id FROM resources_county WHERE id = %s AND active",
    INCIDENT: "SELECT home FROM incidents_incident WHERE id = %s",
    CALL: "SELECT home FROM incidents_call WHERE id = %s",
}
_ANSWERS = {
    INCIDENT: "SELECT centre_id FROM incidents_incident WHERE id = %s",
    CALL: "SELECT centre_id FROM incidents_call WHERE id = %s",
}
_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended(%s, 113))"


def centres_here() -> frozenset[str]:
    """The centres whose incidents and calls this node acts for: those it is home of. What it holds for others bears
    one of these names too."""
    return frozenset(settings.LEITSTELLE_CENTRES)


def holder(centre: str, county: str | None = None) -> str:
    """The centre that answers for what is new in ``centre`` (and ``county``)."""
    return holder_of(centre, county, _standing()[0])


def duty(centre: str, county: str | None = None) -> Duty:
    """See ``incidents.network.duty``: the holder, or this node's own centre if that one cannot be reached."""
    held, spills = _standing()
    answering = holder_of(centre, county, held)
    if not reachable(answering):
        answering = settings.LEITSTELLE_CENTRES[0]
    waits = sorted((seconds, partner) for of, partner, seconds in spills if of == answering != partner)
    return Duty(answering, waits[0][1], waits[0][0]) if waits else Duty(answering)


def _standing() -> tuple[dict[str, str], list[tuple[str, str, int]]]:
    """Holder by scope, and (centre, partner, seconds) of every agreement by which calls spill over."""
    with connection.cursor() as cursor:
        cursor.execute(_STANDING)
        rows = cursor.fetchall()
    held = {scope: holder for mandate, scope, holder, _seconds in rows if mandate}
    return held, [(of, to, seconds) for mandate, of, to, seconds in rows if not mandate]


def reachable(centre: str) -> bool:
    """Whether ``centre`` is this node's, or nobody's in the network, or its node can be spoken to now."""
    if centre in settings.LEITSTELLE_CENTRES or reach.alone():
        return True
    node = nodes.node_of(centre)
    return not node or reach.line(node).up


# What a line that is down gets to come up after the start of this process, seconds.
DOWN_FOR_GOOD = 5.0
_down_since: dict[str, float] = {}


def settled() -> bool:
    """See ``incidents.network.settled``: each line works and lacks nothing, or has been seen to be down by this process
    for so long that nobody can be expected there. Asked again and again after the start."""
    if reach.alone():
        return True
    now, fresh = time.monotonic(), timezone.now() - reach.STALE
    lines = LinkState.objects.filter(node=settings.LEITSTELLE_NODE, updated_at__gt=fresh)
    clear = set()
    for peer, state, behind in lines.values_list("peer", "state", "behind_entries"):
        if state in reach.LIVE:
            _down_since.pop(peer, None)
            if state == LinkState.State.UP and not behind:
                clear.add(peer)
        elif now - _down_since.setdefault(peer, now) >= DOWN_FOR_GOOD:
            clear.add(peer)
    return set(nodes.peers()) <= clear


def scope_of(text: str) -> Scope:
    """The scope that ``text`` names. Raises Refused ``unknown_scope`` for one that is none or does not exist."""
    scope = Scope.parse(text)
    if scope is None or not home_of(scope):
        raise Refused("unknown_scope", _("Das lässt sich nicht übernehmen: %s") % text[:80], scope=text[:80])
    return scope


def home_of(scope: Scope) -> str:
    """The centre that the scope belongs to; empty if there is no such thing."""
    return _one(_HOMES[scope.kind], scope)


def acting(text: str) -> str:
    """The centre that answers for a scope now: its holder while it is held or on its way back, else its home; empty
    for one that does not exist."""
    scope = Scope.parse(text)
    if scope is None:
        return ""
    if not scope.lasting:
        return _one(_ANSWERS[scope.kind], scope)
    found = Mandate.objects.filter(pk=str(scope), state__in=[Mandate.State.HELD, Mandate.State.RETURNING])
    return found.values_list("holder_id", flat=True).first() or home_of(scope)


def _one(sql: str, scope: Scope) -> str:
    if scope.kind in _ANSWERS and not _is_uuid(scope.ident):
        return ""
    with connection.cursor() as cursor:
        cursor.execute(sql, [scope.ident])
        row = cursor.fetchone()
    return str(row[0] or "") if row else ""


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def lock(*scopes: str) -> dict[str, Mandate]:
    """Lock the mandates of ``scopes``, whether they exist or not, before any incident or call; those that exist."""
    with connection.cursor() as cursor:
        for scope in sorted(scopes):
            cursor.execute(_LOCK, [scope])
    return Mandate.objects.in_bulk(scopes)


def views(ids: Iterable[str] | None = None) -> dict[str, dict[str, Any] | None]:
    """MandateViews by scope: those that are not simply at home; of the scopes asked for, one that is is None."""
    rows = Mandate.objects.exclude(state=Mandate.State.HOME).order_by("scope")
    result: dict[str, dict[str, Any] | None] = {}
    if ids is not None:
        result = dict.fromkeys(ids)
        rows = rows.filter(pk__in=result)
    for row in rows:
        result[row.scope] = {
            "scope": row.scope, "centre": row.centre_id, "holder": row.holder_id, "state": row.state,
            "term": row.term, "partner": row.partner, "reason": row.reason, "requested_at": row.requested_at,
            "requested_by": row.requested_by, "taken_at": row.taken_at, "alone": row.alone,
            "silent_seconds": row.silent_seconds, "signatures": row.signatures,
        }  # fmt: skip
    return result
