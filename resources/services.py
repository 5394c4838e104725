"""The verbs of ``resources``: answering a wish to speak, settling an unknown sender, taking in positions."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from journal import notify
from journal.actor import system
from journal.commands import Command, Refused, command
from journal.record import Transaction
from resources.entries import OverlayAnswered, UnknownSenderHeard, UnknownSenderSettled
from resources.models import Unit, UnitState, UnknownSender

CONSOLE_ROLES = frozenset({"call_taker", "dispatcher", "shift_leader", "supervisor"})

# A device whose clock is further off than this is not believed; the time of receipt stands instead, marked.
MAX_CLOCK_ERROR = timedelta(minutes=5)
CLOCK_OFF = "clock"
# A lost radio that sends each second must not fill the journal: at most one entry per sender and minute.
UNKNOWN_SENDER_REST = timedelta(minutes=1)

# Newest observation wins whatever the order of arrival; one statement for the whole batch.
UPSERT_POSITIONS = """
INSERT INTO resources_position (unit_id, point, observed_at, received_at, accuracy_m, speed_kmh, heading, source)
SELECT DISTINCT ON (p.unit) p.unit, ST_SetSRID(ST_MakePoint(p.lon, p.lat), 4326), p.observed_at, %s,
       p.accuracy, p.speed, p.heading, p.source
  FROM unnest(%s::text[], %s::float[], %s::float[], %s::timestamptz[], %s::float[], %s::float[], %s::float[],
              %s::text[])
       AS p(unit, lon, lat, observed_at, accuracy, speed, heading, source)
 ORDER BY p.unit, p.observed_at DESC
ON CONFLICT (unit_id) DO UPDATE SET
       point = excluded.point, observed_at = excluded.observed_at, received_at = excluded.received_at,
       accuracy_m = excluded.accuracy_m, speed_kmh = excluded.speed_kmh, heading = excluded.heading,
       source = excluded.source
 WHERE resources_position.observed_at <= excluded.observed_at
"""


class AnswerOverlay(Command):
    """See ``answer_overlay``."""

    unit: str


@command("unit.answer_overlay", roles=CONSOLE_ROLES, about="unit")
def answer_overlay(tx: Transaction, cmd: AnswerOverlay) -> None:
    """Take note of a unit's wish to speak (5) or emergency call (0). Refused where there is none."""
    state = UnitState.objects.select_for_update(no_key=True).filter(unit_id=cmd.unit).first()
    if state is None:
        raise Refused("unknown_unit", _("Dieses Einsatzmittel gibt es nicht."))
    if state.overlay is None:
        raise Refused("no_overlay", _("Hier wartet kein Sprechwunsch (mehr)."))
    tx.record(OverlayAnswered(unit=cmd.unit))


class SettleUnknownSender(Command):
    """See ``settle_unknown_sender``."""

    sender: str
    settled_as: str


@command("unknown_sender.settle", roles=CONSOLE_ROLES | {"administrator"})
def settle_unknown_sender(tx: Transaction, cmd: SettleUnknownSender) -> None:
    """Say what became of a sender that nobody knew. If it is heard again it is on the list again."""
    sender = UnknownSender.objects.select_for_update(no_key=True).filter(pk=cmd.sender).first()
    if sender is None:
        raise Refused("unknown_sender", _("Dieser Absender steht nicht auf der Liste."))
    if not cmd.settled_as:
        raise Refused("invalid", _("Bitte angeben, was aus dem Absender geworden ist."))
    if sender.settled_as:
        raise Refused("settled", _("Schon erledigt: %s") % sender.settled_as, settled_as=sender.settled_as)
    tx.record(UnknownSenderSettled(sender=cmd.sender, settled_as=cmd.settled_as[:120]))


def report_positions(reports: Iterable[Mapping[str, Any]]) -> tuple[int, list[str]]:
    """Take in positions: a signal, not a fact of the journal; newest wins.

    reports: mappings with ``unit`` or ``issi``, ``lat``, ``lon`` (degrees, checked by the caller), ``observed_at``
    (aware datetime), and optionally ``accuracy_m``, ``speed_kmh``, ``heading``, ``source``. Returns how many reports
    belong to known units, and the unknown senders, which are also put on the list that a person looks at.
    """
    batch = list(reports)
    now = timezone.now()
    units = _units(batch)
    rows = []
    unknown: dict[str, Mapping[str, Any]] = {}
    for report in batch:
        kind, identifier = _sender(report)
        unit = units.get((kind, identifier))
        if unit is None:
            unknown[f"{kind}:{identifier}"] = report
            continue
        observed_at, source = _believed(report["observed_at"], report.get("source") or kind, now)
        rows.append(
            (unit, report["lon"], report["lat"], observed_at, report.get("accuracy_m"), report.get("speed_kmh"),
             report.get("heading"), source)
        )  # fmt: skip
    if rows:
        with connection.cursor() as cursor:
            cursor.execute(UPSERT_POSITIONS, [now, *map(list, zip(*rows, strict=True))])
    hear_unknown_senders({key: f"Position {r['lat']:.5f}, {r['lon']:.5f}" for key, r in unknown.items()}, now)
    return len(rows), sorted(unknown)


def hear_unknown_senders(messages: Mapping[str, str], now: datetime) -> None:
    """Put senders (``kind:identifier`` -> what they sent) on the list, each at most once a minute."""
    if not messages:
        return
    recent = UnknownSender.objects.filter(pk__in=messages, last_heard__gt=now - UNKNOWN_SENDER_REST)
    due = messages.keys() - set(recent.values_list("id", flat=True))
    if not due:
        return
    with transaction.atomic():
        tx = Transaction(system("positions"), at=now)
        for key in sorted(due):
            kind, _colon, identifier = key.partition(":")
            tx.record(UnknownSenderHeard(kind=kind, identifier=identifier[:60], message=messages[key][:200]))
        pos = tx.append("position.report")
    notify.hint(pos)


def _sender(report: Mapping[str, Any]) -> tuple[str, str]:
    for kind in ("unit", "issi"):
        if report.get(kind):
            return kind, str(report[kind])
    raise ValueError("a position names neither unit nor issi")


def _units(batch: list[Mapping[str, Any]]) -> dict[tuple[str, str], str]:
    """Which of the senders are units: (kind, identifier) -> unit id."""
    senders = [_sender(report) for report in batch]
    ids = {identifier for kind, identifier in senders if kind == "unit"}
    issis = {identifier for kind, identifier in senders if kind == "issi"}
    active = Unit.objects.filter(active=True)
    known: dict[tuple[str, str], str] = {}
    if ids:
        known |= {("unit", unit): unit for unit in active.filter(pk__in=ids).values_list("id", flat=True)}
    if issis:
        pairs = active.filter(issi__in=issis).order_by("-id").values_list("issi", "id")
        known |= {("issi", issi): unit for issi, unit in pairs}
    return known


def _believed(observed_at: datetime, source: str, now: datetime) -> tuple[datetime, str]:
    if abs(observed_at - now) <= MAX_CLOCK_ERROR:
        return observed_at, source[:20]
    return now, f"{source[:14]}/{CLOCK_OFF}"
