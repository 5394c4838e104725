"""Entry types of the accounts: who may come in, as it was saved."""

from typing import Any, Self
from uuid import UUID

from pydantic import Field

from journal.types import EntryType, Fact, entry
from leitstelle.accounts import models


@entry("user.saved", aggregate="user", personal=("password", "email", "totp_secret"))
class UserSaved(EntryType):
    """A log-in was made or changed. ``password`` is the salted hash; forgetting it locks the log-in. ``totp_secret``
    (base32) is the second factor's, empty without one; it goes where the password goes, so that both nodes ask for it.
    """

    id: UUID
    username: str = Field(min_length=1, max_length=60, pattern=r"^[\w.@+-]+$")
    name: str = Field(min_length=1, max_length=120)
    centre: str = ""
    roles: list[str] = Field(default_factory=list)
    example: bool = False
    active: bool = True
    password: str = Field(default="", max_length=128)
    email: str = Field(default="", max_length=254)
    totp_secret: str = Field(default="", max_length=64, pattern=r"^[A-Z2-7]*$")

    def aggregate_id(self) -> str:
        return str(self.id)

    def absolute(self) -> bool:
        return True

    def apply(self, fact: Fact) -> None:
        _save(models.User, self)

    def describe(self, fact: Fact) -> str:
        return f"Benutzer „{self.username}“ gespeichert"

    @classmethod
    def sample(cls) -> Self:
        return cls(
            id=UUID(int=2), username="muster", name="A. Muster", centre="jena", roles=["dispatcher"],
            password="!", email="muster@example.org", totp_secret="GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ",
        )  # fmt: skip


@entry("api_key.saved", aggregate="api_key", personal=())
class ApiKeySaved(EntryType):
    """A program's key was made or changed; only the SHA-256 of the key is kept."""

    id: str = Field(min_length=1, max_length=64, pattern=r"^[\w.:/-]+$")
    name: str = Field(min_length=1, max_length=120)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    roles: list[str] = Field(default_factory=list)
    centre: str = ""
    example: bool = False
    active: bool = True

    def aggregate_id(self) -> str:
        return self.id

    def absolute(self) -> bool:
        return True

    def apply(self, fact: Fact) -> None:
        _save(models.ApiKey, self)

    def describe(self, fact: Fact) -> str:
        return f"Schlüssel „{self.name}“ gespeichert"

    @classmethod
    def sample(cls) -> Self:
        return cls(id="radio", name="Funkanbindung", sha256="0" * 64, roles=["radio"])


def _save(model: type[Any], data: EntryType) -> None:
    columns = {name: getattr(data, name) for name in type(data).model_fields}
    model.objects.bulk_create(
        [model(**columns)],
        update_conflicts=True,
        unique_fields=["id"],
        update_fields=[name for name in columns if name != "id"],
    )
