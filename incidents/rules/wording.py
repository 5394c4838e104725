"""The proposal in words: why this unit, why not that nearer one, what is missing. Pure; in the dispatcher's language.

The shape is the one the console and the interfaces read: plain dictionaries, ready for JSON.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from django.utils.translation import gettext as _

from incidents.rules.candidates import Candidate, Readiness, way_words
from incidents.rules.needs import need_name
from incidents.rules.plans import Plan
from incidents.rules.proposal import Line, choice, too_far

# More than this nobody reads while a caller is on the line.
PASSED_OVER_PER_LINE: Final = 6
ALTERNATIVES_PER_LINE: Final = 3


class Teller:
    """Words for one filled proposal. ``county``, ``centre``: where the incident is; ids, empty if unknown."""

    def __init__(self, lines: Sequence[Line], candidates: Iterable[Candidate], county: str, centre: str) -> None:
        self.lines = lines
        self.candidates = sorted(candidates, key=lambda c: c.rank)
        self.county, self.centre = county, centre
        self.used = {c.seen.unit for line in lines for c in (*line.filled, *line.present)}

    def tell(self, plans: Sequence[Plan]) -> dict[str, Any]:
        """slots, gaps, passed_over, complete, text of the proposal."""
        gaps = [
            {
                "need": line.need.need, "name": need_name(line.need.need), "missing": line.missing,
                "must": line.need.must, "text": self._gap(line),
            }
            for line in self.lines
            if line.missing
        ]  # fmt: skip
        complete = bool(plans) and not any(gap["must"] for gap in gaps)
        return {
            "plans": [{"id": plan.id, "name": plan.name, "example": plan.example} for plan in plans],
            "slots": [self._slot(line) for line in self.lines],
            "gaps": gaps,
            "passed_over": self._passed_over(),
            "complete": complete,
            "text": self._summary(plans, gaps),
        }

    def _slot(self, line: Line) -> dict[str, Any]:
        return {
            "need": line.need.need,
            "name": need_name(line.need.need),
            "plan": line.plan.id,
            "must": line.need.must,
            "max_minutes": line.need.max_minutes,
            "needed": line.need.count,
            "count": line.count,
            "present": [_brief(c) for c in line.present],
            "filled": [self._unit(c, self._why(line, c)) for c in line.filled],
            "missing": line.missing,
            "alternatives": [self._unit(c, c.why_not) for c in self._alternatives(line)],
        }

    def _unit(self, candidate: Candidate, why: str) -> dict[str, Any]:
        seen = candidate.seen
        committed = seen.committed
        return {
            "unit": seen.unit, "name": seen.name, "short": seen.short, "type": seen.type, "station": seen.station,
            "county": seen.county, "example": seen.example, "eta_seconds": candidate.eta_seconds,
            "distance_m": candidate.distance_m, "turnout_seconds": candidate.standing.turnout,
            "position_age_seconds": candidate.standing.age, "position_source": candidate.standing.source, "why": why,
            "conditional": candidate.readiness is Readiness.CONDITIONAL,
            "committed_to": {"incident": committed.incident, "number": committed.number} if committed else None,
        }  # fmt: skip

    def _why(self, line: Line, candidate: Candidate) -> str:
        parts = [self._choice_words(line, candidate), way_words(candidate.eta_seconds)]
        if candidate.standing.turnout:
            parts.append(_("davon %s Ausrücken") % way_words(candidate.standing.turnout))
        parts.append(candidate.standing.words)
        parts.append(self._stranger(candidate))
        return ", ".join(part for part in parts if part)

    def _choice_words(self, line: Line, candidate: Candidate) -> str:
        need = line.need
        if candidate.promised:
            return _("für diesen Einsatz vorgemerkt")
        place = choice(need, candidate)
        kind = need_name(need.accepts[place or 0])
        if not place:
            nearest = candidate is self._nearest_free(need.need)
            return (_("schnellstes freies Mittel (%s)") if nearest else _("nächstschnelles freies Mittel (%s)")) % kind
        wanted = self._nearest_left(line)
        values = {"type": candidate.seen.type, "need": need_name(need.need)}
        if wanted is None:
            return _("%(type)s ersatzweise für %(need)s: keines frei") % values
        values |= {"time": way_words(wanted.eta_seconds - candidate.eta_seconds), "other": wanted.seen.name}
        return _("%(type)s ersatzweise für %(need)s: %(time)s früher als %(other)s") % values

    def _nearest_free(self, kind: str) -> Candidate | None:
        return next((c for c in self.candidates if c.readiness is Readiness.FREE and c.seen.accepts(kind)), None)

    def _nearest_left(self, line: Line) -> Candidate | None:
        """The nearest free unit of the wanted kind that nobody uses."""
        return next(
            (
                c for c in self.candidates
                if c.readiness is Readiness.FREE and c.seen.unit not in self.used and choice(line.need, c) == 0
                and not too_far(line.need, c)
            ),
            None,
        )  # fmt: skip

    def _stranger(self, candidate: Candidate) -> str:
        seen = candidate.seen
        if seen.county == self.county:
            return ""
        if not seen.centre:
            return _("aus %s (über Nachbarleitstelle)") % seen.county_name
        if seen.centre != self.centre:
            return _("aus %(county)s (%(centre)s)") % {"county": seen.county_name, "centre": seen.centre_name}
        return _("aus %s") % seen.county_name

    def _alternatives(self, line: Line) -> list[Candidate]:
        """Who could come on a dispatcher's decision and would be earlier, or is all there is."""
        latest = max((c.eta_seconds for c in line.filled), default=0)
        offered = [
            c
            for c in self.candidates
            if c.readiness in (Readiness.CONDITIONAL, Readiness.COMMITTED)
            and choice(line.need, c) is not None
            and (line.missing or c.eta_seconds < latest)
        ]
        # Not committed to a patient any more comes before taking one away from somebody.
        offered.sort(key=lambda c: (c.readiness is not Readiness.CONDITIONAL, c.rank))
        return offered[:ALTERNATIVES_PER_LINE] if line.count else []

    def _passed_over(self) -> list[dict[str, Any]]:
        """Every nearer unit that would have fitted, once, and why it was not taken."""
        told: dict[str, tuple[Candidate, str]] = {}
        for line in self.lines:
            for candidate, why in self._nearer(line):
                told.setdefault(candidate.seen.unit, (candidate, why))
        rows = sorted(told.values(), key=lambda item: item[0].rank)
        return [_brief(c) | {"why": why, "eta_seconds": c.eta_seconds, "distance_m": c.distance_m} for c, why in rows]

    def _nearer(self, line: Line) -> list[tuple[Candidate, str]]:
        if not line.count:
            return []
        latest = max((c.rank for c in line.filled), default=(0, 0, ""))
        nearer = [
            (c, self._why_not(line, c))
            for c in self.candidates
            if c.seen.unit not in self.used and choice(line.need, c) is not None and (line.missing or c.rank < latest)
        ]
        return nearer[:PASSED_OVER_PER_LINE]

    def _why_not(self, line: Line, candidate: Candidate) -> str:
        if candidate.readiness is not Readiness.FREE:
            return candidate.why_not
        if too_far(line.need, candidate):
            values = {"time": way_words(candidate.eta_seconds), "limit": line.need.max_minutes}
            return _("zu weit: %(time)s, höchstens %(limit)s min") % values
        return _("nur als Ersatz für %s, kein ausreichender Zeitgewinn") % need_name(line.need.need)

    def _gap(self, line: Line) -> str:
        need = line.need
        what = f"{line.missing} × {need_name(need.need)}"
        missing = (_("Es fehlt: %s") if need.must else _("Nicht verfügbar (nachrangig): %s")) % what
        nearer = self._nearer(line)
        if not nearer:
            return _("%s – im ganzen Verbund keines bekannt") % missing
        nearest, why = nearer[0]
        values = {"missing": missing, "limit": need.max_minutes, "nearest": nearest.seen.name, "why": why}
        if need.max_minutes is None:
            return _("%(missing)s – keines frei; das nächste, %(nearest)s: %(why)s") % values
        return _("%(missing)s – keines in %(limit)s min frei; das nächste, %(nearest)s: %(why)s") % values

    def _summary(self, plans: Sequence[Plan], gaps: Sequence[dict[str, Any]]) -> str:
        if not plans:
            return _("Für dieses Stichwort gibt es hier keine Alarm- und Ausrückeordnung: bitte von Hand wählen.")
        new = [c for line in self.lines for c in line.filled]
        musts = [gap for gap in gaps if gap["must"]]
        if musts:
            return _("Unvollständig: es fehlt %s") % ", ".join(
                f"{g['missing']} × {need_name(g['need'])}" for g in musts
            )
        if not new:
            return _("Alles Nötige ist bereits im Einsatz.")
        first = min(c.eta_seconds for c in new)
        return _("Vollständig: %(count)s Einsatzmittel, das erste in %(time)s") % {
            "count": len(new),
            "time": way_words(first),
        }


def _brief(candidate: Candidate) -> dict[str, Any]:
    return {"unit": candidate.seen.unit, "name": candidate.seen.name, "short": candidate.seen.short}
