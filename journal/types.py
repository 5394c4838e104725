"""What an entry type must state before it can exist, and the registry of all of them.

A type that forgets its schema, handler, German description, personal fields or test sample cannot be registered:
the omission is found at start-up, not in court.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Self

from django.conf import settings
from django.db.models import Model
from django.utils import translation
from pydantic import BaseModel, ConfigDict

from journal.actor import Actor


class Incomplete(TypeError):
    """An entry type lacks something that every type must have."""


@dataclass(frozen=True, slots=True)
class Fact:
    """An entry as its handler sees it: what happened, when, by whom. No position and no clock: a handler that
    looked at them would give different tables on different nodes."""

    type: str
    data: "EntryType"
    at: datetime
    actor: Actor
    term: int = 1

    def told(self) -> str:
        """Its sentence in the log. German whatever language the reader has chosen: the log is evidence."""
        with translation.override(settings.LANGUAGE_CODE):
            return self.data.describe(self)


class EntryType(BaseModel):
    """Base of every entry type: the schema is the class, the rest stands beside it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    type_name: ClassVar[str]
    aggregate: ClassVar[str]
    personal: ClassVar[tuple[str, ...]]
    version: ClassVar[int] = 1

    def aggregate_id(self) -> str:
        """Identity of the aggregate whose history this entry belongs to."""
        raise Incomplete(f"{type(self).__name__} has no aggregate_id()")

    def apply(self, fact: Fact) -> None:
        """Change the tables of this aggregate. Total: never refuses, does nothing where its row is missing."""
        raise Incomplete(f"{type(self).__name__} has no apply()")

    def describe(self, fact: Fact) -> str:
        """One German sentence for the incident log; empty for entries that no person needs to read."""
        raise Incomplete(f"{type(self).__name__} has no describe()")

    @classmethod
    def apply_many(cls, facts: "Sequence[Fact]", next_fact: Callable[[], None]) -> None:
        """Apply facts of this type that belong to as many different aggregates, as a batch from another node brings
        them; ``next_fact`` is called before each. Overridden where one read serves all; the result must be that of
        ``apply`` on each."""
        for fact in facts:
            next_fact()
            fact.data.apply(fact)

    def absolute(self) -> bool:
        """True if the state after this entry does not depend on what came before: a refold may start here."""
        return False

    @classmethod
    def sample(cls) -> Self:
        """A valid, typical entry for the tests of the laws."""
        raise Incomplete(f"{cls.__name__} has no sample()")


_types: dict[str, type[EntryType]] = {}


def entry(name: str, *, aggregate: str, personal: tuple[str, ...]) -> Callable[[type[EntryType]], type[EntryType]]:
    """Register an entry type under its past-tense ``name``.

    personal: names of the fields that are sealed under the aggregate's key; each needs a default, which is what a
    reader gets once the key is destroyed. Raises Incomplete for anything missing.
    """

    def register(cls: type[EntryType]) -> type[EntryType]:
        for method in ("aggregate_id", "apply", "describe", "sample"):
            if method not in cls.__dict__ and getattr(cls, method).__qualname__.startswith("EntryType."):
                raise Incomplete(f"{name}: {method}() is missing")
        if not (cls.__doc__ or "").strip():
            raise Incomplete(f"{name}: no docstring says what happened")
        for field in personal:
            if field not in cls.model_fields or cls.model_fields[field].is_required():
                raise Incomplete(f"{name}: personal field {field!r} must exist and have a default")
        if name in _types:
            raise Incomplete(f"{name} is registered twice")
        cls.type_name, cls.aggregate, cls.personal = name, aggregate, personal
        _types[name] = cls
        return cls

    return register


def entry_type(name: str) -> type[EntryType] | None:
    """The registered type, or None for one that this version does not know (it is then kept, not applied)."""
    return _types.get(name)


def entry_types() -> dict[str, type[EntryType]]:
    return dict(sorted(_types.items()))


@dataclass(frozen=True, slots=True)
class Replica:
    """A table that only handlers write: its rows of one aggregate are found by ``by``.

    term: the column that holds the term of the responsibility for the aggregate; rank: where in the order of locks
    its rows come (see ``fold``), the same as in the services.
    """

    model: type[Model]
    aggregate: str
    by: str
    term: str = ""
    rank: int = 9


_replicas: list[Replica] = []


def replicated(aggregate: str, by: str = "pk", *, term: str = "", rank: int = 9) -> Callable[[type[Any]], type[Any]]:
    """Class decorator for a model whose rows are the fold of ``aggregate``'s entries.

    Such a table is rebuilt from the journal at will, hashed for comparison between nodes, and guarded in the tests
    against any write outside a handler.
    """

    def register(model: type[Any]) -> type[Any]:
        _replicas.append(Replica(model, aggregate, by, term, rank))
        return model

    return register


def replicas(aggregate: str | None = None) -> list[Replica]:
    """All replicated tables, or those of one aggregate kind, in order of definition (parents first)."""
    return [r for r in _replicas if aggregate is None or r.aggregate == aggregate]
