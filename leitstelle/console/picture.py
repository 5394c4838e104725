"""What a console shows, as of a position: all of it (snapshot), or what changed after a position (frame).

Both use the same selectors, so applying frames to a snapshot gives the snapshot taken later: a frame carries the whole
new view of everything touched (None: no longer live), never a difference.
"""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any, NamedTuple
from uuid import UUID

import orjson
from django.conf import settings
from django.db import connection
from django.utils import timezone

from federation import agreements, mandates
from incidents import selectors as incident_selectors
from journal import tail
from journal.actor import Actor
from leitstelle.accounts import roles
from leitstelle.accounts import seats as seats_of_persons
from leitstelle.console import master, network
from leitstelle.console.sharing import SharedReading
from resources.models import SeatSession, UnknownSender

# Behind by more than this a console starts afresh: a snapshot is cheaper than that many views.
MAX_CATCH_UP = 2_000
# A position older than this is not worth a place in a snapshot.
POSITION_HOURS = 24


# Read once a second for the consoles and with every picture: numbers, because a geometry each would cost 30 µs.
POSITIONS = """
SELECT unit_id, ST_X(point), ST_Y(point), observed_at, speed_kmh, heading
  FROM resources_position WHERE received_at >= %s ORDER BY unit_id
"""


class Room(NamedTuple):
    """What all consoles that see the calls of one centre (empty: of all) are shown alike, encoded once."""

    pos: int
    master: orjson.Fragment
    master_mark: str
    parts: dict[str, orjson.Fragment]


def snapshot(actor: Actor, *, known_master: str | None = None) -> dict[str, Any]:
    """Everything ``actor``'s console shows, and the position it belongs to, to be encoded with ``encoded``; without the
    master data if the console has just those that are marked with ``known_master``."""
    room = _rooms.get(seats_of_persons.calls_of(actor))
    own = {
        "pos": room.pos,
        "now": timezone.now(),
        "me": {"user": actor.id, "name": actor.name, "seat": actor.seat, "centre": actor.centre,
               "centres": seats_of_persons.centres_of(actor), "roles": sorted(actor.roles)},
        "node": settings.LEITSTELLE_NODE,
        "master_mark": room.master_mark,
    }  # fmt: skip
    return own | room.parts | ({} if known_master == room.master_mark else {"master": room.master})


def encoded(value: Any) -> bytes:
    """JSON as the consoles read it: every time in UTC."""
    return orjson.dumps(value, option=orjson.OPT_UTC_Z, default=str)


def _read_room(centre: str) -> Room:
    with tail.snapshot() as pos:
        held = master.as_of(pos)
        parts = {
            "calls": incident_selectors.live_calls(centre),
            "incidents": incident_selectors.open_incidents(),
            "units": incident_selectors.unit_views(),
            "positions": positions(),
            "seats": seats(),
            "unknown": unknown_senders(),
            "mandates": mandates.views(),
            "agreements": agreements.views(),
            **network.snapshot(centre),
        }  # fmt: skip
    return Room(pos, held.encoded, held.mark, {name: orjson.Fragment(encoded(part)) for name, part in parts.items()})


_rooms = SharedReading(_read_room)


def board() -> dict[str, Any]:
    """The unit board alone: every unit's status, commitment and last position."""
    with tail.snapshot() as pos:
        return {"pos": pos, "units": incident_selectors.unit_views(), "positions": positions()}


def positions() -> dict[str, dict[str, Any]]:
    """Last known position of every unit, with the time of its observation."""
    since = timezone.now() - timedelta(hours=POSITION_HOURS)
    with connection.cursor() as cursor:
        cursor.execute(POSITIONS, [since])
        return {
            unit: {"lon": round(lon, 6), "lat": round(lat, 6), "at": at, "speed": speed, "heading": heading}
            for unit, lon, lat, at, speed, heading in cursor.fetchall()
        }


def seats(ids: Iterable[str] | None = None) -> dict[str, dict[str, Any] | None]:
    """Who sits where; of the seats asked for, an empty one is None."""
    sessions = SeatSession.objects.filter(ended_at=None).order_by("began_at")
    result: dict[str, dict[str, Any] | None] = {}
    if ids is not None:
        result = dict.fromkeys(ids)
        sessions = sessions.filter(seat__in=result)
    for session in sessions:
        result[session.seat_id] = {"user": session.user_name, "since": session.began_at}
    return result


def unknown_senders(ids: Iterable[str] | None = None) -> dict[str, dict[str, Any] | None]:
    """Radios and devices that nobody knows and nobody has settled; of the ids asked for, a settled one is None."""
    rows = UnknownSender.objects.filter(settled_as="").order_by("last_heard")
    result: dict[str, dict[str, Any] | None] = {}
    if ids is not None:
        result = dict.fromkeys(ids)
        rows = rows.filter(pk__in=result)
    for row in rows:
        result[row.pk] = {
            "id": row.pk,
            "kind": row.kind,
            "identifier": row.identifier,
            "first_heard": row.first_heard,
            "last_heard": row.last_heard,
            "count": row.count,
            "message": row.last_message,
        }
    return result


class Change:
    """What the entries between two positions touched, read as of the second. Use inside ``tail.snapshot()``."""

    def __init__(self, entries: list[tail.Stored]) -> None:
        self.pos = entries[-1].pos
        touched: dict[str, set[str]] = {}
        for entry in entries:
            touched.setdefault(entry.aggregate_kind, set()).add(entry.aggregate_id)
        self.at = max((e.fact.at for e in entries if e.fact), default=None)
        self.ended_sessions = [UUID(e.aggregate_id) for e in entries if e.type == "seat.left"]
        self.locked_users = [e.aggregate_id for e in entries if e.type == "user.saved" and not _may_sit(e)]
        self.incidents = incident_selectors.incident_views(touched.get("incident", ()))
        self.calls = incident_selectors.call_views(touched.get("call", ()))
        units = touched.get("unit_state", set()) | touched.get("cover", set()) | touched.get("unit", set())
        units |= incident_selectors.units_of(touched.get("incident", ()))
        self.units = incident_selectors.unit_views(units) if units else {}
        self.seats = self._seats(touched.get("seat_session", ()))
        unknown = touched.get("unknown_sender", ())
        self.unknown = unknown_senders(unknown) if unknown else {}
        self.mandates = mandates.views(touched["mandate"]) if "mandate" in touched else {}
        self.agreements = agreements.views(touched["agreement"]) if "agreement" in touched else {}
        self.master = {
            name: master.rows_of(kind, touched[kind])
            for kind, (name, _model, _view) in master.KINDS.items()
            if kind in touched
        }
        self.network = network.Change(touched)
        terms = {ident: view["term"] for ident, view in self.incidents.items() if view}
        late = incident_selectors.late_positions(entries, terms)
        self.log = [
            line
            for e in entries
            if e.aggregate_kind == "incident" and (line := incident_selectors.log_line(e, late=e.pos in late))
        ]

    def _seats(self, sessions: Iterable[str]) -> dict[str, Any]:
        ids = list(sessions)
        return seats(SeatSession.objects.filter(pk__in=ids).values_list("seat_id", flat=True)) if ids else {}

    def frame(self, centre: str) -> dict[str, Any]:
        """The change as a console of ``centre`` may see it: of a call that is another centre's business a console only
        learns that it has no such call."""
        calls = {
            ident: view if view and incident_selectors.concerns(view, centre) else None
            for ident, view in self.calls.items()
        }
        frame: dict[str, Any] = {"t": "frame", "pos": self.pos, "at": self.at}
        parts = {
            "calls": calls, "incidents": self.incidents, "units": self.units, "seats": self.seats,
            "unknown": self.unknown,
            "master": self.master, "log": self.log, "mandates": self.mandates, "agreements": self.agreements,
            **self.network.frame(centre),
        }  # fmt: skip
        return frame | {name: part for name, part in parts.items() if part}


def _may_sit(saved: tail.Stored) -> bool:
    """Whether a user, as just saved, still works at a console."""
    user: Any = saved.fact and saved.fact.data
    return bool(user and user.active and roles.CONSOLE & set(user.roles))
