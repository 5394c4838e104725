"""What each side of a noted conflict wrote, read from the journal whenever it is needed: no copies are kept."""

from collections.abc import Iterable
from typing import Any

from federation.collisions import GROUPS, Dossier, Known, Subject, dossiers
from federation.entries.conflict import reference
from federation.models import Conflict
from federation.rules.conflicts import Identity, Write


def dossier_of(subject: Subject) -> Dossier:
    """The entries of one aggregate; none where it is unknown. Raises LookupError then."""
    return dossiers([subject])[subject]


def entry_of(dossier: Dossier, identity: Identity) -> Known | None:
    """The entry that a side names; None where it bears another number by now (its node began a new life)."""
    return next((entry for entry in dossier.entries if entry.mark.identity == identity), None)


def ends(dossier: Dossier, conflict: Conflict) -> list[Write | None]:
    """What each side of a contested field ended with; None where it is forgotten."""
    for fork in dossier.forks():
        if dossier.fork_id(fork) == conflict.pk:
            return list(fork.last)
    # Both sides ended alike after all: then each stands as it was noted.
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


def before(dossier: Dossier, write: Write) -> Any:
    """What the author of ``write`` had found in the field, by all that had been seen; None: nothing."""
    seen = [
        other
        for other in dossier.writes()
        if other.field == write.field
        and other.mark.hash != write.mark.hash
        and dossier.history.saw(write.mark, other.mark)
    ]
    return last(seen)
