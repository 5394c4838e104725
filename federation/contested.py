"""What each side of a noted conflict wrote, read from the journal whenever it is needed: no copies are kept."""

from collections.abc import Iterable
from typing import Any

from federation.collisions import GROUPS, Dossier, Known, Subject, dossiers
from federation.entries.conflict import reference
from federation.models import Conflict
from federation.rules.conflicts import Fork, Identity, Write


def dossier_of(subject: Subject) -> Dossier:
    """The entries of one aggregate; none where it is unknown. Raises LookupError then."""
    return dossiers([subject])[subject]


def entry_of(dossier: Dossier, identity: Identity) -> Known | None:
    """The entry that a side names; None where it bears another number by now (its node began a new life)."""
    return next((entry for entry in dossier.entries if entry.mark.identity == identity), None)


def fork_of(dossier: Dossier, conflict: Conflict) -> Fork | None:
    """The fork that the conflict is about; None where both sides ended alike after all, or it is forgotten."""
    return next((fork for fork in dossier.forks() if dossier.fork_id(fork) == conflict.pk), None)


def ends(dossier: Dossier, conflict: Conflict) -> list[Write | None]:
    """What each side of a contested field ended with; None where it is forgotten."""
    fork = fork_of(dossier, conflict)
    if fork is not None:
        return list(fork.last)
    writes = {(write.mark.identity, write.field): write for write in dossier.writes()}
    return [writes.get((reference(side), conflict.field)) for side in conflict.sides]


def holds(dossier: Dossier, field: str, value: Any) -> bool:
    """Whether the field has this value now, by the fold of all that was written."""
    return same(value, last(write for write in dossier.writes() if write.field == field))


def last(writes: Iterable[Write]) -> Any:
    """The value after all these writes, given in clock order; several fields that are one thing add up."""
    value: Any = None
    for write in writes:
        value = {**(value or {}), **write.value} if write.field in GROUPS.values() else write.value
    return value


def same(wanted: Any, present: Any) -> bool:
    """Equal, where ``wanted`` may name only some of the fields that are one thing."""
    if isinstance(wanted, dict) and isinstance(present, dict):
        return all(present.get(name) == value for name, value in wanted.items())
    return bool(wanted == present)


def before(dossier: Dossier, conflict: Conflict, index: int) -> Any:
    """What a side found in the field when it began to go its own way; None: nothing."""
    fork = fork_of(dossier, conflict)
    if fork is None:
        return None
    first = fork.first[index]
    return last(
        write
        for write in dossier.writes()
        if write.field == conflict.field and write.mark != first and dossier.history.saw(first, write.mark)
    )
