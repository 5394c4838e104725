"""Units promised to another centre's incident until its alarm has arrived."""

from datetime import datetime
from typing import Self
from uuid import UUID

from federation.models import Claim
from journal import rows
from journal.types import EntryType, Fact, entry

NOON = datetime.fromisoformat("2026-01-01T12:00:00+00:00")


@entry("unit.claimed", aggregate="claim", personal=())
class UnitClaimed(EntryType):
    """The centre that a unit belongs to promised it to an incident of ``centre``. ``assignment``: the one that the
    alarm will give it; until that stands, or ``until``, nobody else gets the unit."""

    unit: str
    unit_name: str
    incident: UUID
    number: str
    centre: str
    assignment: UUID
    until: datetime

    def aggregate_id(self) -> str:
        return self.unit

    def absolute(self) -> bool:
        return True

    def apply(self, fact: Fact) -> None:
        values = {
            "unit_id": self.unit, "incident_id": self.incident, "number": self.number, "centre": self.centre,
            "assignment": self.assignment, "until": self.until,
        }  # fmt: skip
        columns = ", ".join(f"{name} = excluded.{name}" for name in values if name != "unit_id")
        rows.insert(Claim, [values], then=f"DO UPDATE SET {columns}")

    def describe(self, fact: Fact) -> str:
        return f"{self.unit_name} dem Einsatz {self.number} zugesagt"

    @classmethod
    def sample(cls) -> Self:
        return cls(
            unit="j-83-1", unit_name="Rotkreuz Jena 83-1", incident=UUID(int=10), number="G-2026-000001",
            centre="gera", assignment=UUID(int=20), until=NOON,
        )  # fmt: skip


@entry("unit.claim_released", aggregate="claim", personal=())
class UnitClaimReleased(EntryType):
    """The promise was not needed: the alarm did not come about."""

    unit: str
    assignment: UUID

    def aggregate_id(self) -> str:
        return self.unit

    def apply(self, fact: Fact) -> None:
        Claim.objects.filter(pk=self.unit, assignment=self.assignment).delete()

    def describe(self, fact: Fact) -> str:
        return ""

    @classmethod
    def sample(cls) -> Self:
        return cls(unit="j-83-1", assignment=UUID(int=20))
