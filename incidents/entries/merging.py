"""What becomes of an incident when two centres that could not hear each other both worked on it."""

from typing import Self
from uuid import UUID

from pydantic import Field

from incidents.entries.incident import SAMPLE, IncidentEntry, reopen
from incidents.models import Incident
from journal.types import Fact, entry


@entry("incident.conflict_found", aggregate="incident", personal=())
class ConflictFound(IncidentEntry):
    """Something done here and something done elsewhere cannot both stand. ``what``: a German sentence without
    anything personal; the two sides are in the conflict itself."""

    conflict: UUID
    what: str = Field(max_length=300)

    def apply(self, fact: Fact) -> None:
        """The conflict has a row of its own; here it stands in the log."""

    def describe(self, fact: Fact) -> str:
        return f"WIDERSPRUCH: {self.what}"

    @classmethod
    def sample(cls) -> Self:
        return cls(incident=SAMPLE, conflict=UUID(int=40), what="Rotkreuz Jena 83-1 doppelt vergeben")


@entry("incident.conflict_settled", aggregate="incident", personal=("reason",))
class ConflictSettled(IncidentEntry):
    """A person has decided what stands."""

    conflict: UUID
    what: str = Field(max_length=300)
    reason: str = Field(default="", max_length=200)

    def apply(self, fact: Fact) -> None:
        """What follows from it are entries of their own."""

    def describe(self, fact: Fact) -> str:
        return f"Widerspruch entschieden: {self.what}" + (f" – {self.reason}" if self.reason else "")

    @classmethod
    def sample(cls) -> Self:
        return cls(incident=SAMPLE, conflict=UUID(int=40), what="Rotkreuz Jena 83-1 bleibt hier", reason="war näher")


@entry("incident.reopened", aggregate="incident", personal=("reason",))
class IncidentReopened(IncidentEntry):
    """The incident was closed while another centre still worked on it; it goes on."""

    reason: str = Field(default="", max_length=200)

    def apply(self, fact: Fact) -> None:
        reopen(self.incident)

    def describe(self, fact: Fact) -> str:
        return "Einsatz wieder eröffnet" + (f": {self.reason}" if self.reason else "")

    @classmethod
    def sample(cls) -> Self:
        return cls(incident=SAMPLE, reason="wird noch bearbeitet")


@entry("incident.renumbered", aggregate="incident", personal=())
class IncidentRenumbered(IncidentEntry):
    """The incident got another number, because two had the same one."""

    number: str
    previous: str
    numbered_by: str
    origin: str
    year: int
    serial: int

    def apply(self, fact: Fact) -> None:
        values = {name: getattr(self, name) for name in ("number", "numbered_by", "origin", "year", "serial")}
        Incident.objects.filter(pk=self.incident).update(**values)

    def describe(self, fact: Fact) -> str:
        return f"Neue Einsatznummer {self.number} statt {self.previous}"

    @classmethod
    def sample(cls) -> Self:
        return cls(
            incident=SAMPLE, number="J-2026-000007", previous="J-2026-000001", numbered_by="jena", origin="jena",
            year=2026, serial=7,
        )  # fmt: skip
