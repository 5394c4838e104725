"""One search field over everything: places, incidents, units, keywords."""

from typing import Any

from django.contrib.gis.geos import Point

from incidents import selectors as incident_selectors
from resources import search as place_search

LIMIT = 8


def search_all(text: str, near: tuple[float, float] | None) -> dict[str, list[dict[str, Any]]]:
    """Hits by kind, best first; empty lists for an empty question."""
    text = text.strip()
    if not text:
        return {"places": [], "incidents": []}
    return {
        "places": place_search.places(text, near=Point(*near, srid=4326) if near else None, limit=LIMIT),
        "incidents": incident_selectors.incident_list(state="all", q=text, limit=LIMIT),
    }
