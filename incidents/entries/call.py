"""The life of a call, from the first ring to its end or its attachment to an incident."""

from datetime import datetime
from typing import Any, Self
from uuid import UUID

from pydantic import Field

from incidents.entries.timers import Watch, clear_timer, clear_timers, start_timer, start_timers
from incidents.models import Call, Timer, TimerRule
from journal import rows
from journal.keys import destroy
from journal.types import EntryType, Fact, entry
from resources.entries import Spot

WAITING = TimerRule.Kind.CALL_WAITING
# A timer of the agreement between two centres, not of the room's timer rules.
SPILL = "spill"
NOON = datetime.fromisoformat("2026-01-01T12:00:00+00:00")


def waits_no_longer(call: UUID) -> None:
    """Nobody needs to be told any more that the call waits."""
    clear_timers([WAITING, SPILL], [str(call)])


class CallEntry(EntryType):
    """Base: every entry of this module belongs to one call."""

    call: UUID

    def aggregate_id(self) -> str:
        return str(self.call)

    def change(self, **columns: Any) -> None:
        """See ``rows.update``."""
        rows.update(Call, self.call, **columns)

    @classmethod
    def sample(cls) -> Self:
        return cls(call=UUID(int=1))


@entry("call.received", aggregate="call", personal=("number", "spot"))
class CallReceived(CallEntry):
    """A call rings. ``home``: whose call it is where another centre holds that one's mandate (empty: ``centre``);
    ``wait_seconds``: after how long waiting it alarms the room; ``spill_seconds``: after how long it rings at the
    centre ``spill_to`` as well."""

    centre: str
    home: str = ""
    line: str = Field(max_length=20)
    rang_at: datetime
    number: str = Field(default="", max_length=40)
    spot: Spot | None = None
    accuracy_m: float | None = None
    county: str | None = None
    wait_seconds: int = 0
    spill_to: str = ""
    spill_seconds: int = 0
    # What the telephone system's clock said where it cannot be right; ``rang_at`` is then ours.
    reported_at: datetime | None = None

    def apply(self, fact: Fact) -> None:
        row = {
            "id": self.call, "centre_id": self.centre, "home": self.home or self.centre,
            "line": self.line, "state": Call.State.RINGING.value,
            "number": self.number, "point": self.spot.to_ewkt() if self.spot else None,
            "accuracy_m": self.accuracy_m, "county_id": self.county, "rang_at": self.rang_at,
        }  # fmt: skip
        rows.insert(Call, [row])
        watches = [Watch(WAITING, str(self.call), self.wait_seconds)]
        if self.spill_to:
            watches.append(Watch(SPILL, str(self.call), self.spill_seconds))
        start_timers(self.call, self.centre, fact.at, watches)

    def describe(self, fact: Fact) -> str:
        text = f"Anruf auf {self.line}" + (f" von {self.number}" if self.number else "")
        if self.reported_at:
            text += f" (Uhr der Anlage falsch: {self.reported_at.isoformat(timespec='seconds')})"
        return text

    @classmethod
    def sample(cls) -> Self:
        return cls(call=UUID(int=1), centre="jena", line="112", rang_at=NOON, number="+4936411234", wait_seconds=10)


@entry("call.located", aggregate="call", personal=("spot",))
class CallLocated(CallEntry):
    """The caller's position arrived or became better. ``accuracy_m``: radius in metres."""

    spot: Spot | None = None
    accuracy_m: float | None = None
    county: str | None = None
    source: str = ""

    def apply(self, fact: Fact) -> None:
        point = self.spot.to_point() if self.spot else None
        self.change(point=point, accuracy_m=self.accuracy_m, county_id=self.county)

    def describe(self, fact: Fact) -> str:
        return f"Position des Anrufers ({self.source or 'Ortung'}), ± {self.accuracy_m or 0:.0f} m"

    @classmethod
    def sample(cls) -> Self:
        return cls(call=UUID(int=1), spot=Spot(lon=11.59, lat=50.93), accuracy_m=25, county="16053", source="AML")


@entry("call.answered", aggregate="call", personal=())
class CallAnswered(CallEntry):
    """A dispatcher took the call (also: took it back from hold)."""

    seat: str
    user_name: str

    def apply(self, fact: Fact) -> None:
        self.change(
            state=Call.State.ANSWERED, seat_id=self.seat, user_name=self.user_name, held_at=None, spilled_to="",
            first={"answered_at": fact.at},
        )  # fmt: skip
        waits_no_longer(self.call)

    def describe(self, fact: Fact) -> str:
        return f"Anruf angenommen von {self.user_name} ({self.seat})"

    @classmethod
    def sample(cls) -> Self:
        return cls(call=UUID(int=1), seat="J1", user_name="A. Muster")


@entry("call.spilled", aggregate="call", personal=())
class CallSpilled(CallEntry):
    """The call has waited so long that, as agreed, it rings at the centre ``to`` as well; empty: the agreement has
    ended meanwhile, nobody is asked."""

    to: str

    def apply(self, fact: Fact) -> None:
        Call.objects.filter(pk=self.call, state=Call.State.RINGING).update(spilled_to=self.to)
        clear_timer(SPILL, str(self.call))

    def describe(self, fact: Fact) -> str:
        return f"Anruf wartet und klingelt auch bei der Leitstelle {self.to}" if self.to else ""

    @classmethod
    def sample(cls) -> Self:
        return cls(call=UUID(int=1), to="gera")


@entry("call.held", aggregate="call", personal=())
class CallHeld(CallEntry):
    """The call was put on hold."""

    def apply(self, fact: Fact) -> None:
        self.change(state=Call.State.HELD, held_at=fact.at)

    def describe(self, fact: Fact) -> str:
        return "Anruf gehalten"


@entry("call.handed", aggregate="call", personal=())
class CallHanded(CallEntry):
    """The call was handed to a colleague: it rings at that seat. ``wait_seconds`` as in call.received."""

    seat: str
    wait_seconds: int = 0

    def apply(self, fact: Fact) -> None:
        centre = Call.objects.filter(pk=self.call).values_list("centre_id", flat=True).first()
        if centre is None:
            return
        self.change(state=Call.State.RINGING, seat_id=self.seat, user_name="", held_at=None)
        start_timer(WAITING, self.call, str(self.call), centre, fact.at, self.wait_seconds)

    def describe(self, fact: Fact) -> str:
        return f"Anruf an Platz {self.seat} übergeben"

    @classmethod
    def sample(cls) -> Self:
        return cls(call=UUID(int=1), seat="J2", wait_seconds=10)


@entry("call.noted", aggregate="call", personal=("note", "caller_name"))
class CallNoted(CallEntry):
    """What the dispatcher typed during the call, as it stands now."""

    note: str = ""
    caller_name: str = ""

    def apply(self, fact: Fact) -> None:
        self.change(note=self.note, caller_name=self.caller_name)

    def describe(self, fact: Fact) -> str:
        return ""  # every pause in typing is one; the log of the incident holds the result

    @classmethod
    def sample(cls) -> Self:
        return cls(call=UUID(int=1), note="Frau, 60, Brustschmerz", caller_name="Beispiel")


@entry("call.attached", aggregate="call", personal=())
class CallAttached(CallEntry):
    """The call belongs to this incident."""

    incident: UUID

    def apply(self, fact: Fact) -> None:
        self.change(incident_id=self.incident)

    def describe(self, fact: Fact) -> str:
        return ""  # the incident's own entry says it

    @classmethod
    def sample(cls) -> Self:
        return cls(call=UUID(int=1), incident=UUID(int=10))


@entry("call.ended", aggregate="call", personal=())
class CallEnded(CallEntry):
    """The conversation is over. ``outcome`` where no incident came of it: advice, misuse, duplicate, wrong_number …"""

    outcome: str = Field(default="", max_length=30)

    def apply(self, fact: Fact) -> None:
        self.change(state=Call.State.ENDED, ended_at=fact.at, outcome=self.outcome)
        waits_no_longer(self.call)

    def describe(self, fact: Fact) -> str:
        return "Anruf beendet"


@entry("call.lost", aggregate="call", personal=())
class CallLost(CallEntry):
    """The caller hung up before anybody answered; somebody has to call back."""

    def apply(self, fact: Fact) -> None:
        self.change(state=Call.State.LOST, ended_at=fact.at, spilled_to="")
        waits_no_longer(self.call)

    def describe(self, fact: Fact) -> str:
        return "Anrufer hat vor der Annahme aufgelegt"


@entry("call.called_back", aggregate="call", personal=())
class CallCalledBack(CallEntry):
    """A lost caller was called back."""

    reached: bool
    user_name: str

    def apply(self, fact: Fact) -> None:
        self.change(called_back_at=fact.at, outcome="reached" if self.reached else "not_reached")

    def describe(self, fact: Fact) -> str:
        return f"Rückruf durch {self.user_name}: " + ("erreicht" if self.reached else "nicht erreicht")

    @classmethod
    def sample(cls) -> Self:
        return cls(call=UUID(int=1), reached=True, user_name="A. Muster")


@entry("call.timer_fired", aggregate="call", personal=())
class CallTimerFired(CallEntry):
    """The call has waited too long."""

    timer: UUID

    def apply(self, fact: Fact) -> None:
        Timer.objects.filter(pk=self.timer).update(fired_at=fact.at)

    def describe(self, fact: Fact) -> str:
        return "Anruf wartet zu lange"

    @classmethod
    def sample(cls) -> Self:
        return cls(call=UUID(int=1), timer=UUID(int=5))


@entry("call.timer_seen", aggregate="call", personal=())
class CallTimerSeen(CallEntry):
    """A dispatcher took note that the call has waited too long."""

    timer: UUID

    def apply(self, fact: Fact) -> None:
        Timer.objects.filter(pk=self.timer).update(seen_at=fact.at, seen_by=fact.actor.name)

    def describe(self, fact: Fact) -> str:
        return "Wartender Anruf zur Kenntnis genommen"

    @classmethod
    def sample(cls) -> Self:
        return cls(call=UUID(int=1), timer=UUID(int=5))


@entry("call.forgotten", aggregate="call", personal=())
class CallForgotten(CallEntry):
    """The personal fields of the call were forgotten: the key is destroyed, the tables are cleared."""

    reason: str = Field(max_length=120)

    def apply(self, fact: Fact) -> None:
        self.change(number="", caller_name="", note="", point=None)
        destroy(f"call:{self.call}")

    def describe(self, fact: Fact) -> str:
        return f"Personenbezogene Angaben gelöscht ({self.reason})"

    @classmethod
    def sample(cls) -> Self:
        return cls(call=UUID(int=1), reason="Frist abgelaufen")
