"""What a take-over moves: the open incidents and live calls for which a centre answers, locked and read in two
statements however many they are."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection

from federation.rules.mandates import COUNTY, Scope
from incidents.entries.responsibility import CallHandedOver, IncidentTakenOver
from journal.record import Transaction

# As the consoles' queue has it (``incidents.selectors.calls``), so that nothing that is on a screen stays behind.
_LIVE = """
(c.state IN ('ringing', 'answered', 'held')
 OR (c.state = 'lost' AND c.called_back_at IS NULL AND c.rang_at > now() - interval '24 hours'))
"""
_INCIDENTS = "SELECT i.id, i.term, i.centre_id, i.home, i.state FROM incidents_incident i WHERE i.state = 'open'"
_CALLS = f"SELECT c.id, c.term, c.centre_id, c.home, c.state FROM incidents_call c WHERE {_LIVE}"
_UNITS = """
SELECT count(DISTINCT a.unit_id) FROM incidents_assignment a
 WHERE a.incident_id = ANY(%s) AND a.ended_at IS NULL AND a.state <> 'reserved'
"""
_OWED = """
SELECT count(*) FROM incidents_alarmdelivery d
  JOIN incidents_assignment a ON a.id = d.assignment_id AND a.state = 'alarmed' AND a.receipted_at IS NULL
 WHERE d.incident_id = ANY(%s) AND d.state <> 'receipted'
"""


class Piece(NamedTuple):
    """An incident or a call, as far as a hand-over needs it."""

    id: UUID
    term: int
    centre: str
    home: str
    state: str


@dataclass(frozen=True, slots=True)
class Pieces:
    """What goes from one centre to another together."""

    incidents: Sequence[Piece]
    calls: Sequence[Piece]

    def __bool__(self) -> bool:
        return bool(self.incidents or self.calls)


def lock(scope: Scope, centre: str, *, home: str = "") -> Pieces:
    """Lock what ``centre`` answers for of ``scope``; with ``home`` only what belongs to that one. Order of locks: as
    ``incidents.services.locks``. Use under the lock of the mandate."""
    where, params = " AND {0}.centre_id = %s", [centre]
    if scope.kind == COUNTY:
        where, params = where + " AND {0}.county_id = %s", [*params, scope.ident]
    if home:
        where, params = where + " AND {0}.home = %s", [*params, home]
    return Pieces(_locked(_INCIDENTS, "i", where, params), _locked(_CALLS, "c", where, params))


def lock_one(kind: str, ident: UUID) -> Piece | None:
    """Lock one incident or call, in whatever state; None for an unknown one."""
    table = {"incident": "incidents_incident", "call": "incidents_call"}[kind]
    sql = f"SELECT p.id, p.term, p.centre_id, p.home, p.state FROM {table} p WHERE p.id = %s"
    found = _locked(sql, "p", "", [ident])
    return found[0] if found else None


def record(tx: Transaction, pieces: Pieces, centre: str, *, returned: bool = False) -> dict[str, Any]:
    """Record that ``centre`` answers for ``pieces``, each under its next term. Returns what whoever takes them must
    know at once: calls waiting (ids), number of incidents, of committed units, of alarms without receipt."""
    for piece in pieces.incidents:
        tx.record(IncidentTakenOver(incident=piece.id, centre=centre, returned=returned), term=piece.term + 1)
    for piece in pieces.calls:
        how = CallHandedOver(call=piece.id, centre=centre, how="returned" if returned else "taken")
        tx.record(how, term=piece.term + 1)
    ids = [piece.id for piece in pieces.incidents]
    waiting = [str(piece.id) for piece in pieces.calls if piece.state == "ringing"]
    return {"calls": waiting, "incidents": len(ids), "units": _count(_UNITS, ids), "owed": _count(_OWED, ids)}


def _locked(sql: str, alias: str, where: str, params: Sequence[Any]) -> list[Piece]:
    lock_clause = f" ORDER BY {alias}.id FOR NO KEY UPDATE OF {alias}"
    with connection.cursor() as cursor:
        cursor.execute(sql + where.format(alias) + lock_clause, params)
        return [Piece(*row) for row in cursor.fetchall()]


def _count(sql: str, ids: list[UUID]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(sql, [ids])
        return int(cursor.fetchone()[0])
