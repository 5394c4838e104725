"""The next number of a centre's year."""

from dataclasses import dataclass

from django.conf import settings
from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _

from incidents.rules.numbers import incident_number
from journal.commands import Refused
from journal.record import Transaction

CODES_UNDER_LOCK = """
WITH l AS MATERIALIZED (SELECT pg_advisory_xact_lock(hashtextextended(%s, 112)))
SELECT c.id, c.code, (SELECT coalesce(max(h.incarnation), 1) FROM journal_chain h WHERE h.origin = %s)
  FROM l, resources_centre c WHERE c.id = ANY(%s)
"""


@dataclass(frozen=True, slots=True)
class Number:
    """A number and what it is made of."""

    text: str
    origin: str
    year: int
    serial: int


def next_number(tx: Transaction, centre: str) -> Number:
    """Give the next number of ``centre`` in the year of ``tx.at`` (local time); without gaps, held to the commit.

    A node counts for itself, and anew in each of its lives: one that was restored from a backup does not know which
    numbers it gave after it (``journal.incarnation``).

    Takes the number lock: lock all rows before. Raises Refused ``unknown_centre``.
    """
    home = settings.LEITSTELLE_CENTRES
    stand_in = home[0] if home and centre not in home else ""
    origin, year = settings.LEITSTELLE_NODE, timezone.localtime(tx.at).year
    with connection.cursor() as cursor:
        # Lock and codes in one round trip; the highest number is read by a statement that begins after the lock.
        cursor.execute(CODES_UNDER_LOCK, [f"{origin}/{centre}/{year}", origin, [centre, stand_in]])
        rows = cursor.fetchall()
        codes = {ident: code for ident, code, _life in rows}
        life = max((life for _ident, _code, life in rows), default=1)
        if life > 1:
            origin = f"{origin}/{life}"
        if centre not in codes:
            raise Refused("unknown_centre", _("Diese Leitstelle gibt es nicht: %s") % centre, centre=centre)
        cursor.execute(
            "SELECT coalesce(max(serial), 0) + 1 FROM incidents_incident"
            " WHERE numbered_by = %s AND origin = %s AND year = %s",
            [centre, origin, year],
        )
        serial = int(cursor.fetchone()[0])
    return Number(incident_number(codes[centre], year, serial, codes.get(stand_in, ""), life), origin, year, serial)
