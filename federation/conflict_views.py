"""Conflicts as both rooms see them: the two sides next to each other, with what each had seen."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.utils.translation import gettext as _

from federation import contested
from federation.collisions import Dossier, dossiers
from federation.conflict_texts import FIELDS, unit_name, words
from federation.entries.conflict import reference
from federation.models import Conflict
from incidents.models import Assignment, Call, Incident
from incidents.selectors import incident_log
from journal.types import entry_types

Kind = Conflict.Kind
# Hashes and keys are nobody's to compare on a screen.
SECRET = frozenset({"password", "sha256", "totp_secret", "public_key"})
ADMINISTERED = frozenset({"user", "api_key"})


def open_conflicts() -> dict[str, dict[str, Any]]:
    """ConflictViews by id of all that nobody has signed, oldest first."""
    return _views(Conflict.objects.filter(signed_at=None).order_by("found_at", "pk"))


def conflict_views(ids: Iterable[str | UUID]) -> dict[str, dict[str, Any] | None]:
    """The ConflictViews of ``ids``; None for one that is signed (or unknown)."""
    wanted = [str(ident) for ident in ids]
    if not wanted:
        return {}
    found = _views(Conflict.objects.filter(pk__in=wanted, signed_at=None))
    return {ident: found.get(ident) for ident in wanted}


def conflict_view(ident: str | UUID) -> dict[str, Any] | None:
    """The ConflictView of one conflict, signed or not; None if there is none."""
    return _views(Conflict.objects.filter(pk=ident)).get(str(ident))


def touched_by(subjects: Iterable[tuple[str, str]]) -> set[str]:
    """The open conflicts whose views show something of the aggregates named."""
    named: dict[str, list[str]] = {}
    for kind, ident in subjects:
        named.setdefault(kind, []).append(ident)
    if not named or not Conflict.objects.filter(signed_at=None).exists():
        return set(named.get("conflict", ()))
    of = Q(pk__in=[])
    for kind, idents in named.items():
        of |= Q(aggregate_kind=kind, aggregate_id__in=idents)
    if "incident" in named:
        of |= Q(incidents__overlap=named["incident"])
    found = Conflict.objects.filter(of, signed_at=None).values_list("pk", flat=True)
    return {str(pk) for pk in found} | set(named.get("conflict", ()))


def _views(rows: Iterable[Conflict]) -> dict[str, dict[str, Any]]:
    conflicts = list(rows)
    if not conflicts:
        return {}
    subjects = {tuple(side["aggregate"].split(":", 1)) for c in conflicts for side in c.sides}
    files = dossiers((kind, ident) for kind, ident in subjects)
    incidents = {str(i.pk): i for i in Incident.objects.filter(pk__in={p for c in conflicts for p in c.incidents})}
    return {str(c.pk): _view(c, files, incidents) for c in conflicts}


def _view(c: Conflict, files: dict[tuple[str, str], Dossier], incidents: dict[str, Incident]) -> dict[str, Any]:
    sides = [_side(c, index, files, incidents) for index in range(len(c.sides))]
    return {
        "id": str(c.pk), "kind": c.kind, "title": _title(c, incidents),
        "aggregate": f"{c.aggregate_kind}:{c.aggregate_id}",
        "incidents": [str(incident) for incident in c.incidents], "field": c.field, "unit": c.unit_id, "sides": sides,
        "centres": sorted(_centres(c, incidents)), "found_at": c.found_at, "signed_at": c.signed_at,
        "signed_by": c.signed_by, "choice": c.choice, "reason": c.reason or _reason(c),
    }  # fmt: skip


def _title(c: Conflict, incidents: dict[str, Incident]) -> str:
    numbers = ", ".join(incidents[str(i)].number for i in c.incidents if str(i) in incidents)
    if c.kind == Kind.FIELD:
        what = _("%s: zweimal geändert") % FIELDS.get(c.field, c.field)
    elif c.kind == Kind.COMMITMENT:
        what = _("%s: doppelt vergeben") % unit_name(c.unit_id)
    elif c.kind == Kind.MASTER:
        saved = entry_types().get(f"{c.aggregate_kind}.saved")
        model: Any = getattr(saved, "model", None)
        what = _("%(kind)s %(id)s: zweimal geändert") % {
            "kind": model._meta.verbose_name if model else c.aggregate_kind,
            "id": c.aggregate_id,
        }
    else:
        what = str(Kind(c.kind).label)
    return f"{what} – {numbers}" if numbers else what


def _side(
    c: Conflict, index: int, files: dict[tuple[str, str], Dossier], incidents: dict[str, Incident]
) -> dict[str, Any]:
    side = c.sides[index]
    kind, _colon, ident = side["aggregate"].partition(":")
    dossier = files.get((kind, ident))
    incident = incidents.get(side["incident"])
    seen, value = _said(c, index, dossier, incident) if dossier else ("", "")
    return {
        "who": side["who"], "centre": side["centre"], "at": side["at"], "seen": seen, "value": value,
        "incident": side["incident"] or None, "number": incident.number if incident else "",
        "assignment": side["assignment"] or None,
    }  # fmt: skip


def _said(c: Conflict, index: int, dossier: Dossier, incident: Incident | None) -> tuple[str, str]:
    """What the author of a side had seen before, and what this side says, as a person reads it."""
    side = c.sides[index]
    if c.kind == Kind.COMMITMENT:
        assignment = Assignment.objects.filter(pk=side["assignment"]).first()
        return "", str(Assignment.State(assignment.state).label) if assignment else ""
    if c.kind == Kind.NUMBER:
        return "", " ".join(filter(None, (incident.keyword_id, incident.place))) if incident else ""
    if c.kind == Kind.CLOSED:
        entry = contested.entry_of(dossier, reference(side))
        return "", entry.fact.told() if entry and entry.fact else ""
    ends = contested.ends(dossier, c)
    write = ends[index]
    if write is None:
        return "", _("(gelöscht)")
    if c.kind == Kind.MASTER:
        return "", _differing(write.value, [end.value for end in ends if end is not None], c.aggregate_kind)
    if c.kind == Kind.CALL:
        data = dossier.known(write.mark).data
        return "", f"{data.user_name} ({data.seat})"
    return words(contested.before(dossier, c, index)), words(write.value)


def _differing(mine: dict[str, Any], all_of_them: list[dict[str, Any]], kind: str) -> str:
    """The fields in which the sides differ; of log-ins and keys only which."""
    names = [name for name in mine if any(other.get(name) != mine[name] for other in all_of_them)]
    if kind in ADMINISTERED or set(names) & SECRET:
        return ", ".join(names)
    return ", ".join(
        f"{name}: {words(mine[name]) if not isinstance(mine[name], list) else mine[name]}" for name in names
    )


def _centres(c: Conflict, incidents: dict[str, Incident]) -> set[str]:
    """Whose business it is."""
    centres = {side["centre"] for side in c.sides}
    centres |= {i.centre_id for key in c.incidents if (i := incidents.get(str(key)))}
    if c.aggregate_kind == "call":
        for row in Call.objects.filter(pk=c.aggregate_id).values_list("centre_id", "home"):
            centres.update(row)
    return centres


def _reason(c: Conflict) -> str:
    """Kept sealed with the incident; gone with it."""
    if not c.signed_at or not c.incidents:
        return ""
    for line in incident_log(c.incidents[0]):
        if line["type"] == "incident.conflict_settled" and line["at"] == c.signed_at.isoformat():
            return line["text"].rpartition(" – ")[2]
    return ""
