"""Prove that the journal is whole and that the tables are what it says."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection

GAPS = """
SELECT origin, incarnation, seq FROM (
    SELECT origin, incarnation, seq, prev_hash,
           lag(hash) OVER chain AS before, lag(seq) OVER chain AS before_seq
      FROM journal_entry WINDOW chain AS (PARTITION BY origin, incarnation ORDER BY seq)) t
 WHERE CASE WHEN before IS NULL THEN seq <> 1 ELSE before <> prev_hash OR seq <> before_seq + 1 END
 ORDER BY 1, 2, 3 LIMIT 20
"""
CHANGED = """
SELECT origin, incarnation, seq FROM journal_entry
 WHERE hash <> journal_hash(prev_hash, origin, incarnation, seq, hlc, parent, body)
    OR type <> body::jsonb->>'type' OR aggregate_kind || ':' || aggregate_id <> body::jsonb->>'aggregate'
 ORDER BY 1, 2, 3 LIMIT 20
"""
COUNT = (
    "SELECT count(*), coalesce(max(pos), 0), (SELECT coalesce(max(pos), 0) FROM journal_position) FROM journal_entry"
)


class Command(BaseCommand):
    help = "Prüft die Hash-Ketten des Journals: keine Lücke, keine Verzweigung, kein geändertes Byte."

    def handle(self, *args: Any, **options: Any) -> None:
        with connection.cursor() as cursor:
            faults = []
            for name, sql in (("gap or fork", GAPS), ("changed", CHANGED)):
                cursor.execute(sql)
                faults += [f"{name}: {origin}/{inc}/{seq}" for origin, inc, seq in cursor.fetchall()]
            cursor.execute(COUNT)
            count, last, counter = cursor.fetchone()
        if not count == last == counter:
            faults.append(f"positions: {count} entries, last {last}, counter {counter}")
        if faults:
            raise CommandError("\n".join(faults))
        self.stdout.write(f"{count} entries, every chain whole")
