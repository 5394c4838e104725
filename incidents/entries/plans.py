"""Master data of ``incidents``: keywords, response plans, interview trees, timer rules."""

from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field

from incidents import models
from journal.types import entry
from resources.entries import MasterEntry


@entry("keyword.saved", aggregate="keyword", personal=())
class KeywordSaved(MasterEntry):
    """A keyword was entered or changed."""

    model = models.Keyword
    group: str
    priority: int = Field(ge=1, le=5)
    lights: bool = True
    synonyms: list[str] = []
    hint: str = ""

    @classmethod
    def sample(cls) -> Self:
        return cls(id="RD2", name="Notarzteinsatz", group="RD", priority=1, synonyms=["herzinfarkt"])


class Requirement(BaseModel):
    """One line of need in a response plan. ``need``: a unit type (RTW) or a capability (drehleiter)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    need: str
    count: int = Field(ge=1, le=99)
    alternatives: list[str] = []
    must: bool = True
    max_minutes: int | None = None


@entry("response_plan.saved", aggregate="response_plan", personal=())
class ResponsePlanSaved(MasterEntry):
    """A line of the response plan (AAO) was entered or changed."""

    model = models.ResponsePlan
    keyword: str
    county: str | None = None
    place: str | None = None
    window: dict[str, Any] | None = None
    requirements: list[Requirement]
    adds: list[str] = []

    def columns(self) -> dict[str, Any]:
        return super().columns() | {"requirements": [r.model_dump() for r in self.requirements]}

    @classmethod
    def sample(cls) -> Self:
        return cls(id="RD2", name="RD2 überall", keyword="RD2", requirements=[Requirement(need="RTW", count=1)])


@entry("interview_tree.saved", aggregate="interview_tree", personal=())
class InterviewTreeSaved(MasterEntry):
    """A decision tree for the interview was entered or changed."""

    model = models.InterviewTree
    nodes: list[dict[str, Any]]

    @classmethod
    def sample(cls) -> Self:
        return cls(id="start", name="Abfrage", nodes=[{"id": "was", "question": "Was ist passiert?", "answers": []}])


@entry("timer_rule.saved", aggregate="timer_rule", personal=())
class TimerRuleSaved(MasterEntry):
    """A threshold for a timer was entered or changed."""

    model = models.TimerRule
    kind: str
    group: str = ""
    county: str | None = None
    seconds: int = Field(ge=1)

    @classmethod
    def sample(cls) -> Self:
        return cls(id="no_status_3", name="nicht ausgerückt", kind="no_status_3", seconds=120)
