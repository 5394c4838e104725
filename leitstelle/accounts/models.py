"""People and programs that may come in. Rows are the fold of the journal's entries, see ``entries``."""

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from journal.types import replicated
from leitstelle.accounts import roles
from leitstelle.accounts.manager import UserManager


@replicated("user")
class User(AbstractBaseUser):
    """A person. What a person may do follows from ``roles`` alone; there are no groups or single permissions.

    ``username`` carries no unique constraint: two centres may give the same one while the link is down, and
    an entry is never refused. The admin refuses a second one; the log-in decides (see ``manager``).
    """

    id = models.UUIDField(_("Kennung"), primary_key=True, editable=False)
    username = models.CharField(_("Anmeldename"), max_length=60)
    name = models.CharField(_("Name"), max_length=120, help_text=_("wie er im Einsatztagebuch steht"))
    email = models.EmailField(_("E-Mail"), blank=True)
    centre = models.CharField(_("Leitstelle"), max_length=64, blank=True, help_text=_("leer: alle Leitstellen"))
    roles = ArrayField(
        models.CharField(max_length=20, choices=roles.PERSON_ROLES), verbose_name=_("Rollen"), default=list
    )
    example = models.BooleanField(_("Beispiel"), default=False)
    active = models.BooleanField(_("in Gebrauch"), default=True)
    totp_secret = models.CharField(_("Zweiter Faktor"), max_length=64, blank=True, editable=False)

    # A log-in is no entry; who sat where is (seat.taken). Without the column Django's signal writes nothing.
    last_login = None

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    objects = UserManager()

    class Meta:
        verbose_name = _("Benutzer")
        verbose_name_plural = _("Benutzer")
        indexes = (models.Index(Lower("username"), name="user_username_lower"),)

    def __str__(self) -> str:
        return self.name or self.username

    def get_full_name(self) -> str:
        return self.name

    def get_short_name(self) -> str:
        return self.name or self.username

    @property
    def is_active(self) -> bool:  # type: ignore[override]  # a constant there, a column here
        return self.active

    @property
    def is_staff(self) -> bool:
        """Whether the administration opens at all."""
        return self.active and bool(roles.STAFF & set(self.roles))

    @property
    def is_superuser(self) -> bool:
        return self.active and roles.ADMINISTRATOR in self.roles

    def has_perm(self, perm: str, obj: object = None) -> bool:
        return self.active and roles.may(frozenset(self.roles), perm)

    def has_perms(self, perm_list: Any, obj: object = None) -> bool:
        return all(self.has_perm(perm, obj) for perm in perm_list)

    def has_module_perms(self, app_label: str) -> bool:
        return self.has_perm(f"{app_label}.view_any")


@replicated("api_key")
class ApiKey(models.Model):
    """A key by which a program authenticates. Shown once; only its hash is stored."""

    id = models.CharField(_("Kennung"), primary_key=True, max_length=64)
    name = models.CharField(_("Name"), max_length=120)
    sha256 = models.CharField(_("Prüfsumme"), max_length=64, editable=False, db_index=True)
    roles = ArrayField(models.CharField(max_length=20, choices=roles.KEY_ROLES), verbose_name=_("Rollen"), default=list)
    centre = models.CharField(_("Leitstelle"), max_length=64, blank=True, help_text=_("leer: alle Leitstellen"))
    example = models.BooleanField(_("Beispiel"), default=False)
    active = models.BooleanField(_("in Gebrauch"), default=True)

    class Meta:
        verbose_name = _("Schlüssel eines Programms")
        verbose_name_plural = _("Schlüssel der Programme")

    def __str__(self) -> str:
        return self.name


class UsedCode(models.Model):
    """A one-time password that has opened this node's door, by its step of 30 s: it opens it once. Local, swept."""

    user_id = models.UUIDField()
    step = models.BigIntegerField()

    class Meta:
        verbose_name = _("Verbrauchter Einmalcode")
        verbose_name_plural = _("Verbrauchte Einmalcodes")
        constraints = (models.UniqueConstraint(fields=["user_id", "step"], name="code_used_once"),)

    def __str__(self) -> str:
        return f"{self.user_id} {self.step}"


class LoginFailure(models.Model):
    """Failed log-ins per name and address, to slow down guessing. Local to this node, swept after a while."""

    subject = models.CharField(max_length=120, help_text="hash of name and address")
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("Fehlanmeldung")
        verbose_name_plural = _("Fehlanmeldungen")
        indexes = (models.Index(fields=["subject", "at"], name="login_failure_recent"),)

    def __str__(self) -> str:
        return f"{self.subject} {self.at}"
