"""Which centre answers for an incident or a call: handed on, taken over, given back. A term counts the hand-overs; one
made under a lower term than the row has comes late and changes nothing."""

from typing import Literal, Self
from uuid import UUID

from pydantic import Field

from incidents.entries.call import SPILL, CallEntry
from incidents.entries.incident import SAMPLE, IncidentEntry
from incidents.entries.timers import timer_id
from journal import rows
from journal.types import Fact, entry

# In one statement each, because a whole centre is hundreds of them. The timers go along.
_INCIDENT = """
WITH moved AS (
    UPDATE incidents_incident SET centre_id = %s, term = %s, home = coalesce(nullif(%s, ''), home)
     WHERE id = %s AND term <= %s RETURNING id, centre_id)
UPDATE incidents_timer t SET centre_id = m.centre_id FROM moved m WHERE t.aggregate_id = m.id
"""
_CALL = """
WITH moved AS (
    UPDATE incidents_call SET centre_id = %s, term = %s, spilled_to = '' WHERE id = %s AND term <= %s
    RETURNING id, centre_id),
asked AS (DELETE FROM incidents_timer t USING moved m WHERE t.id = %s)
UPDATE incidents_timer t SET centre_id = m.centre_id FROM moved m WHERE t.aggregate_id = m.id AND t.id <> %s
"""


@entry("incident.handed_over", aggregate="incident", personal=("reason",))
class IncidentHandedOver(IncidentEntry):
    """Another centre answers for the incident from now on, for good: ``home`` is its new one (empty: as it was)."""

    centre: str
    home: str = ""
    reason: str = Field(default="", max_length=200)

    def apply(self, fact: Fact) -> None:
        rows.execute(_INCIDENT, [self.centre, fact.term, self.home, self.incident, fact.term])

    def describe(self, fact: Fact) -> str:
        return f"Übergeben an Leitstelle {self.centre}" + (f": {self.reason}" if self.reason else "")

    @classmethod
    def sample(cls) -> Self:
        return cls(incident=SAMPLE, centre="gera", home="gera", reason="Zuständigkeit")


@entry("incident.taken_over", aggregate="incident", personal=())
class IncidentTakenOver(IncidentEntry):
    """Another centre stands in for the one that answered for the incident, or (``returned``) gives it back to its home.
    Nothing in it is sealed, so that nothing forgotten stands in the way of a take-over."""

    centre: str
    returned: bool = False

    def apply(self, fact: Fact) -> None:
        rows.execute(_INCIDENT, [self.centre, fact.term, "", self.incident, fact.term])

    def describe(self, fact: Fact) -> str:
        return f"{'Zurückgegeben an' if self.returned else 'Übernommen von'} Leitstelle {self.centre}"

    @classmethod
    def sample(cls) -> Self:
        return cls(incident=SAMPLE, centre="gera")


@entry("call.handed_over", aggregate="call", personal=())
class CallHandedOver(CallEntry):
    """Another centre answers for the call from now on. ``how``: its seat answered, it was taken over, or it was given
    back to its home."""

    centre: str
    how: Literal["answered", "taken", "returned"] = "answered"

    def apply(self, fact: Fact) -> None:
        spill = timer_id(SPILL, str(self.call))
        rows.execute(_CALL, [self.centre, fact.term, self.call, fact.term, spill, spill])

    def describe(self, fact: Fact) -> str:
        verb = {"answered": "Anruf geht an", "taken": "Anruf übernommen von", "returned": "Anruf zurückgegeben an"}
        return f"{verb[self.how]} Leitstelle {self.centre}"

    @classmethod
    def sample(cls) -> Self:
        return cls(call=UUID(int=1), centre="gera", how="taken")
