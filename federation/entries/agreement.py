"""What two centres have agreed, and what the one must know of the other's area to stand in for it."""

from typing import Any, Self

from pydantic import Field

from federation.models import Agreement, LocalKnowledge
from journal.types import EntryType, Fact, entry
from resources.entries import MasterEntry


@entry("agreement.saved", aggregate="agreement", personal=())
class AgreementSaved(EntryType):
    """An agreement between two centres was entered or changed. One per direction: ``partner`` stands in for
    ``centre``. The fields are explained at the model."""

    id: str = Field(min_length=1, max_length=64, pattern=r"^[\w.:/-]+$")
    centre: str = Field(min_length=1, max_length=64)
    partner: str = Field(min_length=1, max_length=64)
    silent_seconds: int = Field(default=5, ge=1, le=86_400)
    signatures: int = Field(default=1, ge=1, le=2)
    dispatcher_may: bool = True
    automatic_seconds: int | None = Field(default=None, ge=1, le=86_400)
    spill_seconds: int | None = Field(default=None, ge=1, le=86_400)
    cost_key: str = Field(default="", max_length=200)
    note: str = Field(default="", max_length=5_000)
    active: bool = True

    def aggregate_id(self) -> str:
        return self.id

    def absolute(self) -> bool:
        return True

    def apply(self, fact: Fact) -> None:
        values: dict[str, Any] = self.model_dump(exclude={"id", "centre", "partner"})
        values |= {"centre_id": self.centre, "partner_id": self.partner}
        Agreement.objects.update_or_create(id=self.id, defaults=values)

    def describe(self, fact: Fact) -> str:
        return f"Vereinbarung gespeichert: {self.partner} steht ein für {self.centre}"

    @classmethod
    def sample(cls) -> Self:
        return cls(id="jena-gera", centre="jena", partner="gera", spill_seconds=20)


@entry("knowledge.saved", aggregate="knowledge", personal=())
class LocalKnowledgeSaved(MasterEntry):
    """A piece of local knowledge was entered or changed."""

    model = LocalKnowledge
    kind: str
    county: str | None = None
    value: str = Field(default="", max_length=200)
    note: str = Field(default="", max_length=500)

    @classmethod
    def sample(cls) -> Self:
        return cls(id="16053:einsatz", name="Einsatz 1", kind="radio", county="16053", value="TH-J-E1", example=True)
