"""What collides, found in the journal: entries are read, the pure rules say which of them cannot both stand."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid5

from django.db import connection

from federation.entries.conflict import Side
from federation.models import Conflict
from federation.rules.conflicts import (
    Commitment,
    Fork,
    History,
    Mark,
    Write,
    double_commitments,
    forks,
    went_on,
)
from journal.envelope import decode
from journal.fold import repeated_commands
from journal.keys import keys_for_reading
from journal.models import Chain, Entry
from journal.types import Fact

NAMESPACE = UUID("f0a6f0a5-8f5b-4c55-8d0e-5f2b8f3d8c11")
Subject = tuple[str, str]

CLOSINGS = frozenset({"incident.closed", "incident.merged"})
COMMITTING = frozenset({"incident.units_alarmed", "incident.unit_joined"})
ENDING = frozenset({"incident.unit_recalled", "incident.unit_taken", "incident.unit_progressed", "incident.merged"})
# What nobody does to a closed incident. Notes are none: the log takes them all.
RUNNING = COMMITTING | {
    "incident.unit_reserved", "incident.unit_progressed", "incident.unit_directed", "incident.keyword_raised",
    "incident.edited",
}  # fmt: skip
WRITING = frozenset({
    "incident.opened", "incident.edited", "incident.keyword_raised", "incident.interviewed", "incident.closed",
    "call.noted", "call.answered", "call.attached",
})  # fmt: skip
SAVED = ".saved"
CONCERNED = CLOSINGS | COMMITTING | ENDING | RUNNING | WRITING
# A node says of itself where it is; that others were told so by hand is no contradiction that a person must decide.
NOT_DECIDED = frozenset({"node"})

# One edit of the place writes all of these; they are one thing for a person.
PLACE = ("place", "place_id", "municipality", "spot", "county", "county_how")
GROUPS = dict.fromkeys(PLACE, "place")
SEAT = "seat"

_MARKS = """
SELECT e.aggregate_kind, e.aggregate_id, e.pos, e.origin, e.incarnation, e.seq, e.hash, e.parent, e.hlc, e.type,
       e.command_id
  FROM journal_entry e JOIN unnest(%s::text[], %s::text[]) AS n(kind, ident)
    ON e.aggregate_kind = n.kind AND e.aggregate_id = n.ident
"""
# What only one chain has written cannot contradict itself: a day of the other's entries is passed over with this.
_LINES = """
SELECT e.aggregate_kind, e.aggregate_id, array_agg(DISTINCT e.origin || '/' || e.incarnation)
  FROM journal_entry e JOIN unnest(%s::text[], %s::text[]) AS n(kind, ident)
    ON e.aggregate_kind = n.kind AND e.aggregate_id = n.ident
 GROUP BY 1, 2
"""
# Who may have been promised twice; the margin is for times that a radio reported. The entries decide.
_DOUBLE = """
SELECT DISTINCT a.incident_id, b.incident_id
  FROM incidents_assignment a JOIN incidents_assignment b ON b.unit_id = a.unit_id AND b.id <> a.id
 WHERE a.incident_id = ANY(%s) AND a.alarmed_at IS NOT NULL AND b.alarmed_at IS NOT NULL
   AND b.alarmed_at < coalesce(a.ended_at, 'infinity') + interval '10 minutes'
   AND a.alarmed_at < coalesce(b.ended_at, 'infinity') + interval '10 minutes'
"""
# By all columns of the index of numbers; who numbers is a node in one of its lives. The number itself is compared in a
# form that no index knows: that of the search for parts of words takes a hundred times as long for a whole one.
_NUMBERS = """
SELECT i.number, array_agg(DISTINCT i.id ORDER BY i.id) FROM incidents_incident t
  JOIN incidents_incident i ON i.numbered_by = t.numbered_by AND i.origin = ANY(%s) AND i.year = t.year
   AND i.serial = t.serial AND i.number IS NOT DISTINCT FROM t.number
 WHERE t.id = ANY(%s) GROUP BY 1 HAVING count(DISTINCT i.id) > 1
"""


@dataclass(frozen=True, slots=True)
class Known:
    """An entry as far as the rules need it; ``fact`` where its type concerns them and it can be read."""

    mark: Mark
    pos: int
    type: str
    fact: Fact | None = None

    @property
    def data(self) -> Any:
        return self.fact.data if self.fact else None


@dataclass(frozen=True, slots=True)
class Collision:
    """Two acts that cannot both stand. ``id`` follows from them: whoever finds it finds the same one."""

    id: UUID
    kind: str
    about: Subject
    sides: tuple[Side, Side]
    incidents: tuple[UUID, ...] = ()
    field: str = ""
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Dossier:
    """One aggregate's entries, and what the author of each had seen."""

    subject: Subject
    entries: tuple[Known, ...]
    history: History

    def known(self, mark: Mark) -> Known:
        return next(entry for entry in self.entries if entry.mark.hash == mark.hash)

    def writes(self) -> list[Write]:
        return [Write(e.mark, field, value) for e in self.entries for field, value in written(e)]

    def forks(self) -> list[Fork]:
        return forks(self.history, self.writes())

    def fork_id(self, fork: Fork) -> UUID:
        """What the fork is called for ever: by its beginning on both sides."""
        return _id("fork", *self.subject, fork.field, *(mark.identity for mark in fork.first))


def _lines(subjects: Collection[Subject]) -> dict[Subject, frozenset[str]]:
    """The chains that wrote to each of the aggregates."""
    with connection.cursor() as cursor:
        cursor.execute(_LINES, [[kind for kind, _ in subjects], [ident for _, ident in subjects]])
        return {(kind, ident): frozenset(lines) for kind, ident, lines in cursor.fetchall()}


def dossiers(subjects: Iterable[Subject], *, only_forked: bool = False) -> dict[Subject, Dossier]:
    """The entries of the aggregates; ``only_forked``: of those where something was written concurrently."""
    found: dict[Subject, list[tuple[Known, Any]]] = defaultdict(list)
    wanted = sorted(set(subjects))
    if only_forked:
        wanted = [subject for subject, lines in _lines(wanted).items() if len(lines) > 1]
    if not wanted:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_MARKS, [[kind for kind, _ in wanted], [ident for _, ident in wanted]])
        for kind, ident, pos, origin, inc, seq, digest, parent, hlc, name, command in cursor.fetchall():
            mark = Mark(origin, inc, seq, bytes(digest), bytes(parent) if parent else None, hlc)
            found[kind, ident].append((Known(mark, pos, name), command))
    result: dict[Subject, tuple[History, list[Known]]] = {}
    for subject, entries in found.items():
        history = History(entry.mark for entry, _command in entries)
        if not only_forked or history.forked():
            result[subject] = history, _counted(subject, entries)
    facts = _facts([(s, e) for s, (_h, entries) in result.items() for e in entries if _concerns(e.type)])
    return {
        subject: Dossier(subject, tuple(_with_fact(e, facts) for e in entries), history)
        for subject, (history, entries) in result.items()
    }


def _with_fact(entry: Known, facts: Mapping[int, Fact]) -> Known:
    return Known(entry.mark, entry.pos, entry.type, facts.get(entry.pos))


def _concerns(name: str) -> bool:
    return name in CONCERNED or name.endswith(SAVED)


def _counted(subject: Subject, entries: Sequence[tuple[Known, Any]]) -> list[Known]:
    """Without those of a command that was carried out elsewhere too, and earlier: they are not folded either."""
    lines: dict[Any, set[Any]] = defaultdict(set)
    for entry, command in entries:
        lines[command].add(entry.mark.line)
    if any(command and len(known) > 1 for command, known in lines.items()):
        repeated = repeated_commands(Entry.objects.filter(aggregate_kind=subject[0], aggregate_id=subject[1]))
        entries = [(e, command) for e, command in entries if (command, *e.mark.line) not in repeated]
    return sorted((entry for entry, _command in entries), key=lambda entry: (entry.mark.hlc, entry.mark.identity))


def _facts(entries: Sequence[tuple[Subject, Known]]) -> dict[int, Fact]:
    bodies = dict(Entry.objects.filter(pos__in=[e.pos for _s, e in entries]).values_list("pos", "body"))
    keys = keys_for_reading({f"{kind}:{ident}" for (kind, ident), _e in entries})
    facts = {}
    for (kind, ident), entry in entries:
        try:
            facts[entry.pos] = decode(bodies[entry.pos], keys.get(f"{kind}:{ident}", ()))
        except (LookupError, ValueError):
            continue  # a type of another version, or a body nobody can read: quarantined, not compared
    return facts


def written(entry: Known) -> Iterator[tuple[str, Any]]:
    """The fields that an entry gives a value, as a person would count them; empty is None however it is written."""
    data = entry.data
    if data is None:
        return
    if entry.type == "incident.edited":
        yield from _grouped(data.plain | data.words)
    elif entry.type == "incident.opened":
        yield from _grouped(data.model_dump(mode="json", include={*PLACE, *_OPENED}))
    elif entry.type == "incident.keyword_raised":
        yield from (("keyword", data.keyword), ("priority", data.priority))
    elif entry.type == "incident.interviewed":
        yield "interview", [(answer.get("node"), answer.get("answer"), answer.get("text")) for answer in data.answers]
    elif entry.type == "incident.closed":
        yield "outcome", data.outcome
    elif entry.type == "call.noted":
        yield from (("note", data.note or None), ("caller_name", data.caller_name or None))
    elif entry.type == "call.answered":
        yield SEAT, data.seat
    elif entry.type == "call.attached":
        yield "incident", str(data.incident)
    elif entry.type.endswith(SAVED):
        yield "", data.model_dump(mode="json")


_OPENED = ("keyword", "priority", "exercise", "appointment_at", "hospital", "place_detail", "report", "caller_name",
           "caller_number")  # fmt: skip


def _grouped(values: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    groups: dict[str, dict[str, Any]] = defaultdict(dict)
    for name, value in values.items():
        groups[GROUPS.get(name, name)][name] = None if value == "" else value
    for group, members in groups.items():
        yield group, members if group in GROUPS.values() else members[group]


def collisions(subjects: Iterable[Subject]) -> list[Collision]:
    """Everything that collides in or with the aggregates named."""
    touched = {subject for subject in subjects if subject[0] not in NOT_DECIDED}
    incidents = [UUID(ident) for kind, ident in touched if kind == "incident"]
    found = [c for dossier in dossiers(touched, only_forked=True).values() for c in in_one(dossier)]
    if incidents:
        found += _commitments(incidents) + _numbers(incidents)
    return sorted(found, key=lambda collision: collision.id)


def in_one(dossier: Dossier) -> list[Collision]:
    """What collides within one aggregate."""
    kind, ident = dossier.subject
    here = (UUID(ident),) if kind == "incident" else ()
    found = []
    for fork in dossier.forks():
        one, other = (_side(dossier.subject, dossier.known(write.mark)) for write in fork.last)
        found.append(
            Collision(dossier.fork_id(fork), _kind(kind, fork.field), dossier.subject, (one, other), here, fork.field)
        )
    if kind == "incident":
        closings = [e.mark for e in dossier.entries if e.type in CLOSINGS]
        others = [e.mark for e in dossier.entries if e.type in RUNNING and not (e.type in ENDING and _ends(e))]
        for closing, going in went_on(dossier.history, closings, others):
            sides = (_side(dossier.subject, dossier.known(closing)), _side(dossier.subject, dossier.known(going)))
            ident_of = _id("closed", *dossier.subject, closing.identity, going.line)
            found.append(Collision(ident_of, Conflict.Kind.CLOSED.value, dossier.subject, sides, here))
    return found


def _kind(kind: str, field: str) -> str:
    if not field:
        return Conflict.Kind.MASTER.value
    return (Conflict.Kind.CALL if (kind, field) == ("call", SEAT) else Conflict.Kind.FIELD).value


def _ends(entry: Known) -> bool:
    return entry.type != "incident.unit_progressed" or entry.data is None or entry.data.step == "ended"


def _commitments(incidents: Sequence[UUID]) -> list[Collision]:
    with connection.cursor() as cursor:
        cursor.execute(_DOUBLE, [list(incidents)])
        pairs = [(str(one), str(other)) for one, other in cursor.fetchall()]
    # Within one chain the second promise would have been refused.
    lines = _lines({("incident", incident) for pair in pairs for incident in pair})
    involved = {i for pair in pairs if len(frozenset().union(*(lines["incident", i] for i in pair))) > 1 for i in pair}
    if not involved:
        return []
    files = dossiers([("incident", incident) for incident in involved])
    made = [c for dossier in files.values() for c in commitments(dossier)]
    found = []
    for one, other in double_commitments(made):
        sides = tuple(_commitment_side(files["incident", c.incident], c) for c in (one, other))
        ident = _id("commitment", *sorted((one.assignment, other.assignment)))
        where = tuple(dict.fromkeys(UUID(c.incident) for c in (one, other)))
        found.append(
            Collision(
                ident, Conflict.Kind.COMMITMENT.value, ("unit", one.unit), (sides[0], sides[1]), where, unit=one.unit
            )
        )
    return found


def commitments(dossier: Dossier) -> list[Commitment]:
    """When each unit was committed to the incident, and until when, by the clock of the entries."""
    made: dict[str, tuple[str, Mark]] = {}
    ended: dict[str, int] = {}
    for entry in dossier.entries:
        if entry.data is None:
            continue
        if entry.type == "incident.units_alarmed":
            for unit in entry.data.units:
                made.setdefault(str(unit.assignment), (unit.unit, entry.mark))
        elif entry.type == "incident.unit_joined" and entry.data.state != "reserved":
            made.setdefault(str(entry.data.assignment), (entry.data.unit, entry.mark))
        elif entry.type == "incident.merged":
            for assignment in set(made) if entry.data.saw is None else {str(a) for a in entry.data.saw} & set(made):
                ended.setdefault(assignment, entry.mark.hlc)
        elif entry.type in ENDING and _ends(entry) and str(entry.data.assignment) in made:
            ended.setdefault(str(entry.data.assignment), entry.mark.hlc)
    return [
        Commitment(assignment, unit, dossier.subject[1], mark, ended.get(assignment))
        for assignment, (unit, mark) in made.items()
    ]


def _commitment_side(dossier: Dossier, commitment: Commitment) -> Side:
    return _side(dossier.subject, dossier.known(commitment.made), commitment.assignment)


def _numbers(incidents: Sequence[UUID]) -> list[Collision]:
    lives = Chain.objects.values_list("origin", "incarnation")
    origins = {name for origin, incarnation in lives for name in (origin, f"{origin}/{incarnation}")}
    with connection.cursor() as cursor:
        cursor.execute(_NUMBERS, [sorted(origins), list(incidents)])
        doubles = cursor.fetchall()
    found = []
    for number, ids in doubles:
        files = dossiers([("incident", str(incident)) for incident in ids])
        opened = {i: e for (_k, i), d in files.items() for e in d.entries if e.type == "incident.opened"}
        first, *rest = [str(i) for i in ids if str(i) in opened]
        for other in rest:
            pair = (_side(("incident", first), opened[first]), _side(("incident", other), opened[other]))
            found.append(
                Collision(
                    _id("number", number, first, other), Conflict.Kind.NUMBER.value, ("incident", first), pair,
                    (UUID(first), UUID(other)),
                )
            )  # fmt: skip
    return found


def _side(subject: Subject, entry: Known, assignment: str = "") -> Side:
    actor, at = (entry.fact.actor, entry.fact.at.isoformat()) if entry.fact else (None, "")
    kind, ident = subject
    return Side(
        origin=entry.mark.origin, incarnation=entry.mark.incarnation, seq=entry.mark.seq,
        who=actor.name if actor else "", centre=(actor.centre if actor else "") or entry.mark.origin, at=at,
        aggregate=f"{kind}:{ident}", incident=ident if kind == "incident" else "", assignment=assignment,
    )  # fmt: skip


def _id(*parts: Any) -> UUID:
    return uuid5(NAMESPACE, repr(parts))
