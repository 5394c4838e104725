"""Counts by centre and hour, from the tables; read by the administration and by the daily mail."""

from datetime import date, datetime, time, timedelta

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from incidents.labels import EXERCISE_LINE
from incidents.models import HourlyFigures

# The usual German target for answering emergency calls; 90 to 95 % of them (AGBF, Fachverband Leitstellen).
ANSWER_SECONDS = 10

_COUNT = """
WITH calls AS (
    SELECT centre_id, date_trunc('hour', rang_at) AS hour, count(*) AS calls,
           count(*) FILTER (WHERE answered_at <= rang_at + make_interval(secs => %(target)s)) AS answered_in_time,
           count(*) FILTER (WHERE state = 'lost') AS lost
      FROM incidents_call
     WHERE rang_at >= %(start)s AND rang_at < %(end)s AND line <> %(exercise)s GROUP BY 1, 2),
opened AS (
    SELECT i.centre_id, date_trunc('hour', i.opened_at) AS hour, coalesce(k."group", '?') AS "group", count(*) AS n
      FROM incidents_incident i LEFT JOIN incidents_keyword k ON k.id = i.keyword_id
     WHERE i.opened_at >= %(start)s AND i.opened_at < %(end)s AND NOT i.exercise GROUP BY 1, 2, 3),
incidents AS (
    SELECT centre_id, hour, sum(n) AS incidents, json_object_agg("group", n) AS by_group FROM opened GROUP BY 1, 2),
processing AS (
    SELECT centre_id, date_trunc('hour', opened_at) AS hour,
           percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM dispatch_decided_at - call_received_at))
               AS seconds
      FROM incidents_incident
     WHERE opened_at >= %(start)s AND opened_at < %(end)s AND NOT exercise
       AND dispatch_decided_at > call_received_at GROUP BY 1, 2)
SELECT centre_id, hour, coalesce(calls, 0), coalesce(answered_in_time, 0), coalesce(lost, 0), coalesce(incidents, 0),
       coalesce(by_group, '{}'), seconds
  FROM calls FULL JOIN incidents USING (centre_id, hour) LEFT JOIN processing USING (centre_id, hour)
"""


@transaction.atomic
def count(start: datetime, end: datetime) -> int:
    """Replace the rows of all hours in [start, end); returns how many there are now. Exercises do not count."""
    HourlyFigures.objects.filter(hour__gte=start, hour__lt=end).delete()
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, {"start": start, "end": end, "target": ANSWER_SECONDS, "exercise": EXERCISE_LINE})
        names = (
            "centre_id",
            "hour",
            "calls",
            "answered_in_time",
            "lost",
            "incidents",
            "by_group",
            "processing_seconds",
        )
        rows = [HourlyFigures(**dict(zip(names, row, strict=True))) for row in cursor.fetchall()]
    return len(HourlyFigures.objects.bulk_create(rows))


def as_text(day: date) -> str:
    """One day's figures by centre, as a plain-text table."""
    begin = timezone.make_aware(datetime.combine(day, time()))
    rows = HourlyFigures.objects.filter(hour__gte=begin, hour__lt=begin + timedelta(days=1))
    lines = [_("Werte vom %s") % f"{day:%d.%m.%Y}", ""]
    for centre in sorted({row.centre_id for row in rows}):
        of_centre = [row for row in rows if row.centre_id == centre]
        calls = sum(row.calls for row in of_centre)
        in_time = sum(row.answered_in_time for row in of_centre)
        lines += [
            _("Leitstelle %s") % centre,
            _("  Anrufe: %d, davon in %d s angenommen: %d (%.0f %%), verloren: %d")
            % (calls, ANSWER_SECONDS, in_time, 100 * in_time / calls if calls else 0, sum(r.lost for r in of_centre)),
            _("  Einsätze: %d") % sum(row.incidents for row in of_centre),
        ]
    return "\n".join(lines if rows else [*lines, _("Keine Werte vorhanden.")])
