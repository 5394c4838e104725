"""Drills: a take-over rehearsed between two centres, and the seconds it took."""

from datetime import datetime
from typing import Any, Self
from uuid import UUID

from pydantic import Field

from federation.models import Drill
from journal import rows
from journal.types import EntryType, Fact, entry

NOON = datetime.fromisoformat("2026-01-01T12:00:00+00:00")


class DrillEntry(EntryType):
    """Base: every entry of this module belongs to one drill. Its exercise call has the drill's id."""

    drill: UUID

    def aggregate_id(self) -> str:
        return str(self.drill)

    def change(self, **values: Any) -> None:
        Drill.objects.filter(pk=self.drill).update(**values)


@entry("drill.started", aggregate="drill", personal=())
class DrillStarted(DrillEntry):
    """``centre`` rehearses that ``partner`` takes over, and asks for it."""

    centre: str = Field(max_length=64)
    partner: str = Field(max_length=64)

    def apply(self, fact: Fact) -> None:
        row = {
            "id": self.drill, "centre": self.centre, "partner": self.partner, "started_at": fact.at,
            "started_by": fact.actor.name,
        }  # fmt: skip
        rows.insert(Drill, [row])

    def describe(self, fact: Fact) -> str:
        return f"Übung der Übernahme: {self.partner} soll für {self.centre} einstehen"

    @classmethod
    def sample(cls) -> Self:
        return cls(drill=UUID(int=50), centre="jena", partner="gera")


@entry("drill.accepted", aggregate="drill", personal=())
class DrillAccepted(DrillEntry):
    """Somebody at the partner accepted; the exercise call rings there."""

    def apply(self, fact: Fact) -> None:
        Drill.objects.filter(pk=self.drill, accepted_at=None).update(accepted_at=fact.at, accepted_by=fact.actor.name)

    def describe(self, fact: Fact) -> str:
        return "Übung der Übernahme angenommen"

    @classmethod
    def sample(cls) -> Self:
        return cls(drill=UUID(int=50))


@entry("drill.answered", aggregate="drill", personal=())
class DrillAnswered(DrillEntry):
    """The exercise call was answered at the partner."""

    at: datetime
    by: str = Field(max_length=120)

    def apply(self, fact: Fact) -> None:
        Drill.objects.filter(pk=self.drill, answered_at=None).update(answered_at=self.at, answered_by=self.by)

    def describe(self, fact: Fact) -> str:
        return f"Übungsanruf angenommen von {self.by}"

    @classmethod
    def sample(cls) -> Self:
        return cls(drill=UUID(int=50), at=NOON, by="G. Muster")


@entry("drill.measured", aggregate="drill", personal=())
class DrillMeasured(DrillEntry):
    """What the machines needed, in milliseconds. ``rtt_ms``: there and back over the link; ``secured_ms``: from the
    commit of the drill's own first entry to the partner's word that it is on disk there; ``snapshot_ms``: reading all
    that a console at the partner needs at once. None: not measured."""

    rtt_ms: float | None = None
    secured_ms: float | None = None
    snapshot_ms: float | None = None

    def apply(self, fact: Fact) -> None:
        drill = Drill.objects.filter(pk=self.drill).first()
        if drill is not None:
            told = self.model_dump(exclude={"drill"}, exclude_none=True)
            self.change(figures={**told, **drill.figures})

    def describe(self, fact: Fact) -> str:
        return "Übung der Übernahme: Zeiten der Technik gemessen"

    @classmethod
    def sample(cls) -> Self:
        return cls(drill=UUID(int=50), rtt_ms=1.2, secured_ms=14.0)


@entry("drill.finished", aggregate="drill", personal=())
class DrillFinished(DrillEntry):
    """The drill is over. ``aborted``: without having been carried through; that is a result as well."""

    aborted: bool = False
    note: str = Field(default="", max_length=300)

    def apply(self, fact: Fact) -> None:
        drill = Drill.objects.filter(pk=self.drill, finished_at=None).first()
        if drill is not None:
            figures = {**drill.figures, "aborted": True} if self.aborted else drill.figures
            self.change(finished_at=fact.at, note=self.note, figures=figures)

    def describe(self, fact: Fact) -> str:
        return "Übung der Übernahme " + ("abgebrochen" if self.aborted else "beendet")

    @classmethod
    def sample(cls) -> Self:
        return cls(drill=UUID(int=50), note="ohne Befund")
