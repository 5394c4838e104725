"""Who stands in for whom. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

CENTRE: Final = "centre"
COUNTY: Final = "county"
INCIDENT: Final = "incident"
CALL: Final = "call"
# What somebody can hold for a while, so that what is new goes there too; the others are single pieces.
LASTING: Final = frozenset({CENTRE, COUNTY})


@dataclass(frozen=True, slots=True)
class Scope:
    """What a take-over is about: a centre, a county (AGS), one incident, one call."""

    kind: str
    ident: str

    @classmethod
    def parse(cls, text: str) -> "Scope | None":
        """``centre:jena``, ``county:16076``, ``incident:<uuid>``, ``call:<uuid>``; None for anything else."""
        kind, colon, ident = text.partition(":")
        known = kind in {CENTRE, COUNTY, INCIDENT, CALL}
        return cls(kind, ident) if known and colon and ident else None

    @property
    def lasting(self) -> bool:
        return self.kind in LASTING

    def __str__(self) -> str:
        return f"{self.kind}:{self.ident}"


def holder_of(centre: str, county: str | None, held: Mapping[str, str]) -> str:
    """Who answers for what is new in ``centre`` (and ``county``): the mandates are followed from one to the next, the
    county's before the centre's.

    held: holder by scope. Two that have taken over each other while cut apart (a circle) each keep their own.
    """
    here = held.get(f"{COUNTY}:{county}", centre) if county else centre
    seen = {centre, here}
    while (following := held.get(f"{CENTRE}:{here}", here)) != here:
        if following in seen:
            return centre
        seen.add(following)
        here = following
    return here
