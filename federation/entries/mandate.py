"""The way of a mandate: asked for, agreed to or refused, taken, on its way back, returned."""

from typing import Self

from pydantic import BaseModel, ConfigDict, Field

from federation.models import Mandate
from journal import rows
from journal.types import EntryType, Fact, entry

HELD, REQUESTED, RETURNING = Mandate.State.HELD, Mandate.State.REQUESTED, Mandate.State.RETURNING
HOME = Mandate.State.HOME


class Signature(BaseModel):
    """Who put their name to a take-over."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = ""
    name: str
    centre: str = ""


class MandateEntry(EntryType):
    """Base: every entry of this module belongs to one scope, see ``federation.rules.mandates.Scope``."""

    scope: str = Field(max_length=80)

    def aggregate_id(self) -> str:
        return self.scope

    def go_home(self, *, where: str, params: list[object]) -> None:
        rows.execute(
            f"UPDATE federation_mandate SET state = 'home', holder_id = centre_id WHERE scope = %s AND {where}",
            [self.scope, *params],
        )

    @classmethod
    def sample(cls) -> Self:
        return cls(scope="centre:jena")


@entry("mandate.requested", aggregate="mandate", personal=())
class MandateRequested(MandateEntry):
    """Somebody asks that ``holder`` take over the scope of ``centre``; ``asked``: whose word is needed."""

    centre: str
    holder: str
    asked: str
    reason: str = Field(default="", max_length=200)

    def apply(self, fact: Fact) -> None:
        row = {
            "scope": self.scope, "centre_id": self.centre, "holder_id": self.holder, "state": REQUESTED.value,
            "partner": self.asked, "reason": self.reason, "requested_at": fact.at, "requested_by": fact.actor.name,
        }  # fmt: skip
        rows.insert(
            Mandate,
            [row],
            then="DO UPDATE SET state = excluded.state, holder_id = excluded.holder_id, partner = excluded.partner,"
            " reason = excluded.reason, requested_at = excluded.requested_at, requested_by = excluded.requested_by"
            " WHERE federation_mandate.state IN ('home', 'requested')",
        )

    def describe(self, fact: Fact) -> str:
        return f"Übernahme von {self.scope} durch {self.holder} erbeten" + (f": {self.reason}" if self.reason else "")

    @classmethod
    def sample(cls) -> Self:
        return cls(scope="centre:jena", centre="jena", holder="gera", asked="gera", reason="Personalausfall")


@entry("mandate.accepted", aggregate="mandate", personal=())
class MandateAccepted(MandateEntry):
    """The one who was asked has agreed; what is taken follows by entries of its own."""

    def apply(self, fact: Fact) -> None:
        self.go_home(where="state = 'requested'", params=[])

    def describe(self, fact: Fact) -> str:
        return f"Übernahme von {self.scope} angenommen"


@entry("mandate.declined", aggregate="mandate", personal=())
class MandateDeclined(MandateEntry):
    """The request was turned down, or taken back by those who made it."""

    reason: str = Field(default="", max_length=200)

    def apply(self, fact: Fact) -> None:
        self.go_home(where="state = 'requested'", params=[])

    def describe(self, fact: Fact) -> str:
        return f"Übernahme von {self.scope} abgelehnt" + (f": {self.reason}" if self.reason else "")


@entry("mandate.taken", aggregate="mandate", personal=())
class MandateTaken(MandateEntry):
    """``holder`` answers for the scope from now on. ``alone``: without the word of its home, which had been silent for
    ``silent_seconds``; ``incidents``, ``calls``: how many it took along."""

    centre: str
    holder: str
    reason: str = Field(default="", max_length=200)
    alone: bool = False
    silent_seconds: float | None = None
    signatures: list[Signature] = []
    incidents: int = 0
    calls: int = 0

    def apply(self, fact: Fact) -> None:
        row = {
            "scope": self.scope, "centre_id": self.centre, "holder_id": self.holder, "state": HELD.value,
            "term": fact.term, "reason": self.reason, "taken_at": fact.at, "alone": self.alone,
            "silent_seconds": self.silent_seconds, "signatures": [s.model_dump() for s in self.signatures],
        }  # fmt: skip
        rows.insert(
            Mandate,
            [row],
            then="DO UPDATE SET state = excluded.state, holder_id = excluded.holder_id, term = excluded.term,"
            " reason = excluded.reason, taken_at = excluded.taken_at, alone = excluded.alone,"
            " silent_seconds = excluded.silent_seconds, signatures = excluded.signatures, returned_at = NULL"
            " WHERE federation_mandate.term <= excluded.term",
        )

    def describe(self, fact: Fact) -> str:
        names = ", ".join(s.name for s in self.signatures)
        how = f" ohne Zustimmung nach {self.silent_seconds or 0:.0f} s Stille" if self.alone else ""
        return (
            f"{self.holder} übernimmt {self.scope}{how}: {self.incidents} Einsätze, {self.calls} Anrufe"
            + (f", gezeichnet {names}" if names else "")
            + (f" ({self.reason})" if self.reason else "")
        )

    @classmethod
    def sample(cls) -> Self:
        return cls(
            scope="centre:jena", centre="jena", holder="gera", alone=True, silent_seconds=12.5,
            signatures=[Signature(id="1", name="A. Muster", centre="gera")], incidents=3, calls=1,
        )  # fmt: skip


@entry("mandate.return_started", aggregate="mandate", personal=())
class MandateReturnStarted(MandateEntry):
    """The way back has begun: what is new goes home at once, what runs follows piece by piece."""

    def apply(self, fact: Fact) -> None:
        rows.execute(
            "UPDATE federation_mandate SET state = %s WHERE scope = %s AND state = %s AND term <= %s",
            [RETURNING.value, self.scope, HELD.value, fact.term],
        )

    def describe(self, fact: Fact) -> str:
        return f"Rückgabe von {self.scope} begonnen"


@entry("mandate.returned", aggregate="mandate", personal=())
class MandateReturned(MandateEntry):
    """Everything is back at home."""

    def apply(self, fact: Fact) -> None:
        rows.execute(
            "UPDATE federation_mandate SET state = %s, holder_id = centre_id, returned_at = %s, term = %s"
            " WHERE scope = %s AND term <= %s",
            [HOME.value, fact.at, fact.term, self.scope, fact.term],
        )

    def describe(self, fact: Fact) -> str:
        return f"Rückgabe von {self.scope} abgeschlossen"
