"""Units as the board shows them: the part that lives. Name, type and station are master data."""

from collections.abc import Iterable
from typing import Any

from incidents.selectors.rows import views

_VIEW = """
SELECT u.id, json_build_object(
    'id', u.id, 'status', s.status, 'since', s.since, 'overlay', s.overlay, 'overlay_since', s.overlay_since,
    'note', coalesce(s.note, ''), 'source', coalesce(s.source, ''), 'cover', c.station_id,
    'incident', a.incident_id, 'assignment', a.id,
    'reserved_for', (SELECT r.incident_id FROM incidents_assignment r
                      WHERE r.unit_id = u.id AND r.ended_at IS NULL AND r.state = 'reserved'
                      ORDER BY r.reserved_at LIMIT 1))::text
  FROM resources_unit u
  LEFT JOIN resources_unitstate s ON s.unit_id = u.id
  LEFT JOIN resources_cover c ON c.unit_id = u.id
  LEFT JOIN LATERAL (
      SELECT x.id, x.incident_id FROM incidents_assignment x
       WHERE x.unit_id = u.id AND x.ended_at IS NULL AND x.state <> 'reserved'
       ORDER BY x.alarmed_at, x.id LIMIT 1) a ON true
"""


def unit_views(ids: Iterable[str] | None = None) -> dict[str, Any]:
    """UnitViews by id of all units in use; of ``ids``, None for one that is not (or no longer) in use."""
    if ids is None:
        return views(_VIEW + " WHERE u.active ORDER BY u.id")
    wanted = list(ids)
    found = views(_VIEW + " WHERE u.id = ANY(%s) AND u.active", [wanted])
    return {ident: found.get(ident) for ident in wanted}
