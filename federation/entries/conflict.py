"""Conflicts: noted by whoever sees them first, signed by a person."""

from typing import Any, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from federation.models import Conflict
from journal import rows
from journal.types import EntryType, Fact, entry

NAMES = {
    "field": "dasselbe Feld geändert", "commitment": "Einsatzmittel doppelt vergeben",
    "closed": "abgeschlossen und weitergeführt", "call": "Anruf an zwei Plätzen angenommen",
    "master": "Stammdaten gleichzeitig geändert", "number": "Einsatznummer doppelt vergeben",
}  # fmt: skip


class Side(BaseModel):
    """One of the acts that collide: a reference to its entry, and what may be shown of it for ever. What was written
    stays where it was written, so that forgetting it there forgets it here."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    origin: str
    incarnation: int
    seq: int
    who: str
    centre: str
    at: str
    aggregate: str = ""
    incident: str = ""
    assignment: str = ""


class ConflictEntry(EntryType):
    """Base: every entry of this module belongs to one conflict."""

    conflict: UUID

    def aggregate_id(self) -> str:
        return str(self.conflict)


@entry("conflict.noted", aggregate="conflict", personal=())
class ConflictNoted(ConflictEntry):
    """Two acts that did not know of each other cannot both stand. Its id follows from them, so that every node that
    finds it notes the same one."""

    kind: Literal["field", "commitment", "closed", "call", "master", "number"]
    about_kind: str = Field(max_length=24)
    about: str = Field(max_length=80)
    field: str = Field(default="", max_length=40)
    unit: str = Field(default="", max_length=64)
    incidents: list[UUID] = []
    sides: list[Side] = Field(min_length=2)

    def apply(self, fact: Fact) -> None:
        row = {
            "id": self.conflict, "kind": self.kind, "aggregate_kind": self.about_kind, "aggregate_id": self.about,
            "field": self.field, "unit_id": self.unit, "incidents": self.incidents,
            "sides": [side.model_dump() for side in self.sides], "found_at": fact.at,
        }  # fmt: skip
        rows.insert(Conflict, [row])

    def describe(self, fact: Fact) -> str:
        return f"Widerspruch: {NAMES[self.kind]}"

    @classmethod
    def sample(cls) -> Self:
        sides = [
            Side(origin=o, incarnation=1, seq=7, who=who, centre=o, at="2026-01-01T12:00:00+00:00", incident=i)
            for o, who, i in (("gera", "G. Muster", str(UUID(int=10))), ("jena", "A. Muster", str(UUID(int=10))))
        ]
        return cls(
            conflict=UUID(int=40), kind="field", about_kind="incident", about=str(UUID(int=10)), field="report",
            incidents=[UUID(int=10)], sides=sides,
        )  # fmt: skip


@entry("conflict.signed", aggregate="conflict", personal=("reason",))
class ConflictSigned(ConflictEntry):
    """A person decided which side stands (``choice``: its place in ``sides``). Of two who signed without knowing of
    each other the first in clock order counts; what the second did stands in the journal, and collides anew."""

    choice: int = Field(ge=0)
    reason: str = Field(default="", max_length=200)

    def apply(self, fact: Fact) -> None:
        Conflict.objects.filter(pk=self.conflict, signed_at=None).update(
            signed_at=fact.at, signed_by=fact.actor.name, choice=self.choice, reason=self.reason
        )

    def describe(self, fact: Fact) -> str:
        return "Widerspruch entschieden" + (f": {self.reason}" if self.reason else "")

    @classmethod
    def sample(cls) -> Self:
        return cls(conflict=UUID(int=40), choice=1, reason="Rückfrage beim Anrufer")


def reference(side: dict[str, Any]) -> tuple[str, int, int]:
    """The identity of the entry that a stored side names."""
    return side["origin"], side["incarnation"], side["seq"]
