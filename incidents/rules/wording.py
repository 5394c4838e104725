"""The proposal in words: why this unit, why not that nearer one, what is missing. Pure; German for the dispatcher.

The shape is the one the console and the interfaces read: plain dictionaries, ready for JSON.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final

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
            parts.append(f"davon {way_words(candidate.standing.turnout)} Ausrücken")
        parts.append(candidate.standing.words)
        parts.append(self._stranger(candidate))
        return ", ".join(part for part in parts if part)

    def _choice_words(self, line: Line, candidate: Candidate) -> str:
        need = line.need
        if candidate.promised:
            return "für diesen Einsatz vorgemerkt"
        place = choice(need, candidate)
        kind = need_name(need.accepts[place or 0])
        if not place:
            nearest = candidate is self._nearest_free(need.need)
            return f"schnellstes freies Mittel ({kind})" if nearest else f"nächstschnelles freies Mittel ({kind})"
        wanted = self._nearest_left(line)
        instead = f"{candidate.seen.type} ersatzweise für {need_name(need.need)}"
        if wanted is None:
            return f"{instead}: keines frei"
        return f"{instead}: {way_words(wanted.eta_seconds - candidate.eta_seconds)} früher als {wanted.seen.name}"

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
            return f"aus {seen.county_name} (über Nachbarleitstelle)"
        if seen.centre != self.centre:
            return f"aus {seen.county_name} ({seen.centre_name})"
        return f"aus {seen.county_name}"

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
            return f"zu weit: {way_words(candidate.eta_seconds)}, höchstens {line.need.max_minutes} min"
        return f"nur als Ersatz für {need_name(line.need.need)}, kein ausreichender Zeitgewinn"

    def _gap(self, line: Line) -> str:
        need = line.need
        what = f"{line.missing} × {need_name(need.need)}"
        within = f" in {need.max_minutes} min" if need.max_minutes is not None else ""
        prefix = "Es fehlt" if need.must else "Nicht verfügbar (nachrangig)"
        nearer = self._nearer(line)
        if not nearer:
            return f"{prefix}: {what} – im ganzen Verbund keines bekannt"
        nearest, why = nearer[0]
        return f"{prefix}: {what} – keines{within} frei; das nächste, {nearest.seen.name}: {why}"

    def _summary(self, plans: Sequence[Plan], gaps: Sequence[dict[str, Any]]) -> str:
        if not plans:
            return "Für dieses Stichwort gibt es hier keine Alarm- und Ausrückeordnung: bitte von Hand wählen."
        new = [c for line in self.lines for c in line.filled]
        musts = [gap for gap in gaps if gap["must"]]
        if musts:
            return "Unvollständig: es fehlt " + ", ".join(f"{g['missing']} × {need_name(g['need'])}" for g in musts)
        if not new:
            return "Alles Nötige ist bereits im Einsatz."
        first = min(c.eta_seconds for c in new)
        return f"Vollständig: {len(new)} Einsatzmittel, das erste in {way_words(first)}"


def _brief(candidate: Candidate) -> dict[str, Any]:
    return {"unit": candidate.seen.unit, "name": candidate.seen.name, "short": candidate.seen.short}
