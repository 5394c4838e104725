"""Who belongs to the network."""

from typing import Self

from pydantic import Field

from federation.models import Node
from journal.types import EntryType, Fact, entry

KEY_PATTERN = r"^([A-Za-z0-9_-]{43})?$"
SOCKET_PATTERN = r"^(wss?://[^\s,#]+)?$"
PAGE_PATTERN = r"^(https?://[^\s,#]+)?$"


@entry("node.saved", aggregate="node", personal=())
class NodeSaved(EntryType):
    """A node of the network was entered or changed; ``active`` False: it was dismissed, and nobody trusts it."""

    id: str = Field(min_length=1, max_length=20, pattern=r"^[\w.-]+$")
    name: str = Field(min_length=1, max_length=120)
    centres: list[str] = []
    link_url: str = Field("", max_length=200, pattern=SOCKET_PATTERN)
    web_url: str = Field("", max_length=200, pattern=PAGE_PATTERN)
    sockets_url: str = Field("", max_length=200, pattern=SOCKET_PATTERN)
    public_key: str = Field("", max_length=64, pattern=KEY_PATTERN)
    active: bool = True

    def aggregate_id(self) -> str:
        return self.id

    def absolute(self) -> bool:
        return True

    def apply(self, fact: Fact) -> None:
        columns = self.model_dump()
        Node.objects.bulk_create(
            [Node(**columns)],
            update_conflicts=True,
            unique_fields=["id"],
            update_fields=[name for name in columns if name != "id"],
        )

    def describe(self, fact: Fact) -> str:
        said = "gespeichert" if self.active else "aus dem Verbund entlassen"
        return f"Knoten „{self.name}“ {said}"

    @classmethod
    def sample(cls) -> Self:
        return cls(
            id="gera", name="Gera", centres=["gera"], link_url="ws://127.0.0.1:8102", web_url="http://127.0.0.1:8100",
            sockets_url="ws://127.0.0.1:8101/console/socket", public_key="A" * 43,
        )  # fmt: skip
