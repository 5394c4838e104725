"""The network's part of the picture: what collides, drills, lines, and whether the partner could carry us."""

from collections.abc import Iterable, Mapping
from typing import Any

from federation import conflict_views, drills, readiness
from federation.nodes import peers
from journal.models import Quarantine

Views = dict[str, Any]


def snapshot(centre: str) -> dict[str, Any]:
    """What a console of ``centre`` begins with."""
    return {
        "conflicts": concerning(conflict_views.open_conflicts(), centre),
        "drills": drills.drill_views(),
    }


class Change:
    """What entries touched of it; ``touched``: ids by kind of aggregate."""

    def __init__(self, touched: Mapping[str, Iterable[str]]) -> None:
        subjects = [(kind, ident) for kind, idents in touched.items() for ident in idents]
        self.conflicts = conflict_views.conflict_views(sorted(conflict_views.touched_by(subjects)))
        self.drills = drills.drill_views(touched["drill"]) if "drill" in touched else {}

    def frame(self, centre: str) -> dict[str, Views]:
        """As a console of ``centre`` may see it."""
        gone = dict.fromkeys(self.conflicts)
        return {"conflicts": gone | concerning(self.conflicts, centre), "drills": self.drills}


def concerning(conflicts: Mapping[str, Views | None], centre: str) -> Views:
    """Conflicts about calls are the business of the centres that had the call, as the calls are themselves."""
    return {
        ident: view
        for ident, view in conflicts.items()
        if view and (not centre or not view["aggregate"].startswith("call:") or centre in view["centres"])
    }


def beat(centres: Iterable[str]) -> dict[str, dict[str, Any]]:
    """The lines and the readiness, for consoles by centre; nothing where this node is the whole network."""
    if not peers():
        return {}
    links, secured = readiness.links(), readiness.secured()
    message = {"t": "links", "links": links, "secured": secured, "quarantined": Quarantine.objects.count()}
    return {centre: message | {"readiness": readiness.readiness(centre) if centre else None} for centre in set(centres)}
