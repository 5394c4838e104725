"""Users and keys in the administration."""

import secrets
from typing import Any
from uuid import uuid4

from django import forms
from django.contrib import admin, messages
from django.contrib.auth import password_validation
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from journal.admin import JournalAdmin, JournalForm
from leitstelle.accounts import roles
from leitstelle.accounts.entries import ApiKeySaved, UserSaved
from leitstelle.accounts.models import ApiKey, User
from leitstelle.accounts.services import key_hash
from resources.models import Centre

admin.site.site_header = gettext_lazy("Leitstelle – Verwaltung")
admin.site.site_title = gettext_lazy("Verwaltung")
admin.site.index_title = gettext_lazy("Stammdaten, Benutzer, Journal")
# What a person may do follows from roles; Django's groups would pretend otherwise.
admin.site.unregister(Group)


class _CentreForm(JournalForm):
    """A form with a centre to choose, kept as text in the row."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "centre" in self.fields:
            rooms = Centre.objects.filter(active=True).order_by("-id").values_list("id", "name")
            self.fields["centre"] = forms.ChoiceField(
                label=_("Leitstelle"), required=False, choices=[("", _("alle Leitstellen")), *rooms]
            )


class UserForm(_CentreForm):
    """A user; the password is set anew or left as it is, and shown never."""

    roles = forms.MultipleChoiceField(
        label=gettext_lazy("Rollen"), choices=roles.PERSON_ROLES, widget=forms.CheckboxSelectMultiple, required=False
    )
    new_password = forms.CharField(
        label=gettext_lazy("Kennwort setzen"),
        required=False,
        max_length=128,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=gettext_lazy("Leer lassen, um das bisherige zu behalten."),
    )

    remove_second_factor = forms.BooleanField(
        label=gettext_lazy("Zweiten Faktor entfernen"),
        required=False,
        help_text=gettext_lazy("Wenn das Gerät verloren ist; die Person richtet danach einen neuen ein."),
    )

    def clean_username(self) -> str:
        username = str(self.cleaned_data["username"]).strip()
        others = User.objects.filter(username__iexact=username).exclude(pk=self.instance.pk)
        if others.exists():
            raise forms.ValidationError(_("Diesen Anmeldenamen gibt es schon."))
        return username

    def clean_new_password(self) -> str:
        password = str(self.cleaned_data["new_password"])
        if password:
            password_validation.validate_password(password, self.instance)
        elif self.instance._state.adding:
            raise forms.ValidationError(_("Ein neuer Benutzer braucht ein Kennwort."))
        return password

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        stays = cleaned.get("active") and roles.ADMINISTRATOR in cleaned.get("roles", [])
        was = not self.instance._state.adding and self.instance.is_superuser
        others = User.objects.filter(active=True, roles__contains=[roles.ADMINISTRATOR]).exclude(pk=self.instance.pk)
        if was and not stays and not others.exists():
            raise forms.ValidationError(_("Das ist die letzte Administration; sonst könnte niemand mehr verwalten."))
        return cleaned

    def _post_clean(self) -> None:
        if self.instance.pk is None:
            self.instance.pk = uuid4()
        if self.cleaned_data.get("new_password"):
            self.instance.password = make_password(self.cleaned_data["new_password"])
        if self.cleaned_data.get("remove_second_factor"):
            self.instance.totp_secret = ""
        super()._post_clean()


@admin.register(User)
class UserAdmin(JournalAdmin):
    entry = UserSaved
    form = UserForm
    list_display = ("username", "name", "centre", "role_names", "has_second_factor", "example", "active")
    list_filter = ("active", "centre", "example")
    search_fields = ("username", "name")
    ordering = ("username",)
    fields = (
        "username", "name", "new_password", "remove_second_factor", "email", "centre", "roles", "example", "active",
    )  # fmt: skip

    @admin.display(description=gettext_lazy("Rollen"))
    def role_names(self, obj: User) -> str:
        return ", ".join(str(roles.LABELS.get(role, role)) for role in obj.roles)

    @admin.display(description=gettext_lazy("Zweiter Faktor"), boolean=True)
    def has_second_factor(self, obj: User) -> bool:
        return bool(obj.totp_secret)


class ApiKeyForm(_CentreForm):
    """A program's key; it is made here and shown once."""

    roles = forms.MultipleChoiceField(
        label=gettext_lazy("Rollen"), choices=roles.KEY_ROLES, widget=forms.CheckboxSelectMultiple
    )

    def _post_clean(self) -> None:
        if self.instance._state.adding and not self.instance.sha256:
            self.instance.fresh_key = secrets.token_urlsafe(32)
            self.instance.sha256 = key_hash(self.instance.fresh_key)
        super()._post_clean()


@admin.register(ApiKey)
class ApiKeyAdmin(JournalAdmin):
    entry = ApiKeySaved
    form = ApiKeyForm
    list_display = ("id", "name", "role_names", "centre", "example", "active")
    list_filter = ("active",)
    search_fields = ("id", "name")
    fields = ("id", "name", "roles", "centre", "example", "active")

    @admin.display(description=gettext_lazy("Rollen"))
    def role_names(self, obj: ApiKey) -> str:
        return ", ".join(str(roles.LABELS.get(role, role)) for role in obj.roles)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if not change:
            text = _("Der Schlüssel wird nur jetzt gezeigt, bitte sicher ablegen: %s") % obj.fresh_key
            self.message_user(request, text, messages.WARNING)
