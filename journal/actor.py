"""Who acts. One value for people, devices and the system itself, copied as text into every entry."""

from dataclasses import dataclass, field
from typing import Any

# What a system actor may do is everything a timer or effect needs; no door hands this role to the outside.
SYSTEM_ROLE = "system"


@dataclass(frozen=True, slots=True)
class Actor:
    """The author of a command.

    kind: ``user``, ``device`` or ``system``; id: stable identity within the kind; name: as shown in the log;
    centre: id of the centre for which the actor works (empty for none); seat: id of the seat (empty for none);
    roles: what the actor may do, checked before a service runs, never stored.
    """

    kind: str
    id: str
    name: str
    centre: str = ""
    seat: str = ""
    roles: frozenset[str] = field(default=frozenset(), compare=False)

    @property
    def key(self) -> str:
        return f"{self.kind}:{self.id}"

    def to_json(self) -> dict[str, str]:
        return {"kind": self.kind, "id": self.id, "name": self.name, "centre": self.centre, "seat": self.seat}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "Actor":
        return cls(value["kind"], value["id"], value["name"], value.get("centre", ""), value.get("seat", ""))


def system(name: str, centre: str = "") -> Actor:
    """The software itself: timers, effects, imports."""
    return Actor("system", name, name, centre, roles=frozenset({SYSTEM_ROLE}))
