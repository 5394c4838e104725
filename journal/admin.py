"""The administration writes like everybody else: what is saved there becomes an entry of the journal."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import uuid4

import orjson
from django import forms
from django.contrib import admin, messages
from django.contrib.gis.geos import GEOSGeometry, Point
from django.contrib.postgres.fields import ArrayField
from django.db.models import Field, Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils.decorators import method_decorator
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.csrf import csrf_protect
from pydantic import ValidationError

from journal.actor import SYSTEM_ROLE, Actor
from journal.commands import Command, Refused, command, execute
from journal.envelope import UnknownType, decode
from journal.models import Aggregate, Entry
from journal.record import Transaction
from journal.types import EntryType, entry_type

HISTORY_LENGTH = 200
SEEN = "journal_seen"


class SaveInAdmin(Command):
    """See ``save_in_admin``."""

    type: str
    data: dict[str, Any]


# No role: only this module calls it, after Django's permission check for the model at hand. Were it open to a role,
# whoever has the role could write any entry whatsoever.
@command("admin.save", roles=frozenset())
def save_in_admin(tx: Transaction, cmd: SaveInAdmin) -> None:
    """Record one entry that an administrator's form made."""
    cls = entry_type(cmd.type)
    if cls is None:
        raise Refused("unknown_type", _("Diese Art von Eintrag gibt es nicht."))
    try:
        entry = cls.model_validate_json(orjson.dumps(cmd.data))
    except ValidationError as error:
        raise Refused("invalid", "; ".join(message for _field, message in problems(error))) from None
    tx.record(entry)


def run(request: HttpRequest, name: str, data: dict[str, Any], *, checked: bool = False) -> dict[str, Any]:
    """Execute a command for the person at the form. Raises Refused.

    checked: Django's own permission check stands for the command's roles.
    """
    user: Any = request.user
    roles = frozenset(user.roles) | ({SYSTEM_ROLE} if checked else set())
    actor = Actor("user", str(user.pk), user.get_full_name(), user.centre, roles=roles)
    answer = execute(name, data, command_id=uuid4(), actor=actor)
    if "refused" in answer:
        raise Refused(answer["refused"], answer["reason"], **answer["detail"])
    return answer


def problems(error: ValidationError) -> list[tuple[str, str]]:
    """What a schema refuses, as (field, German sentence)."""
    sentences = {
        "missing": _("Diese Angabe fehlt."),
        "string_too_short": _("Diese Angabe fehlt."),
        "string_too_long": _("Der Text ist zu lang."),
        "string_pattern_mismatch": _("Nur Buchstaben, Ziffern und . : / - _ sind erlaubt, keine Leerzeichen."),
        "greater_than": _("Der Wert ist zu klein."),
        "greater_than_equal": _("Der Wert ist zu klein."),
    }
    return [
        (str(item["loc"][0]) if item["loc"] else "", sentences.get(item["type"], _("Diese Angabe ist ungültig.")))
        for item in error.errors(include_url=False, include_input=False, include_context=False)
    ]


class JournalForm(forms.ModelForm):  # type: ignore[type-arg]  # one form for many models
    """Validates by the entry's schema, and notices when somebody else saved in the meantime."""

    model_admin: ClassVar["JournalAdmin"]
    journal_seen = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields[SEEN].initial = self._head()

    def _head(self) -> str:
        if self.instance.pk is None or self.instance._state.adding:
            return ""
        head = Aggregate.objects.filter(kind=self.model_admin.entry.aggregate, ident=str(self.instance.pk)).first()
        return bytes(head.head_hash).hex() if head else ""

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]  # Django's own hook, where the instance has its new values
        if self.errors:
            return
        if self.cleaned_data.get(SEEN, "") != self._head():
            self.add_error(None, _("Inzwischen hat jemand anderes gespeichert. Bitte neu laden und erneut ändern."))
            return
        try:
            self.model_admin.entry_of(self.instance)
        except ValidationError as error:
            for field, message in problems(error):
                self.add_error(field if field in self.fields else None, message)


class JournalAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # the model comes with the subclass
    """Base of the admin of every model that is the fold of "X was saved" entries.

    Saving records ``entry``; nothing is deleted, only taken out of use; the history is the journal's.
    """

    entry: ClassVar[type[EntryType]]
    form = JournalForm
    actions = ("take_out_of_use", "put_into_use")
    list_per_page = 100
    object_history_template = "admin/journal_history.html"

    # --- from row to entry ---------------------------------------------------------------------------------------
    def entry_of(self, obj: Any) -> EntryType:
        """The entry that says what ``obj`` is from now on. Raises pydantic's ValidationError."""
        return self.entry.model_validate(self.values_of(obj))

    def values_of(self, obj: Any) -> dict[str, Any]:
        """The fields of the entry out of the row: references by id, points as lon and lat."""
        values = {}
        for name in self.entry.model_fields:
            field = obj._meta.get_field(name)
            value = getattr(obj, field.attname)
            if isinstance(value, Point):
                value = {"lon": round(value.x, 6), "lat": round(value.y, 6)}
            elif isinstance(value, GEOSGeometry):
                value = value.wkt
            values[name] = value
        return values

    def record(self, request: HttpRequest, obj: Any) -> None:
        """Store the row's entry. Raises Refused."""
        entry = self.entry_of(obj)
        data = {"type": entry.type_name, "data": entry.model_dump(mode="json")}
        run(request, "admin.save", data, checked=True)

    # --- Django's hooks ------------------------------------------------------------------------------------------
    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        base = super().get_form(request, obj, change, **kwargs)
        return type(base.__name__, (base,), {"model_admin": self})

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        fields = [*self.get_fields(request, obj)]
        return [(None, {"fields": fields if SEEN in fields else [*fields, SEEN]})]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return [name for name in super().get_fields(request, obj) if name != SEEN]

    def formfield_for_dbfield(self, db_field: "Field[Any, Any]", request: HttpRequest | None, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)  # type: ignore[arg-type]
        if isinstance(db_field, ArrayField) and field is not None:
            # An empty list is a value; the model's `blank` would forbid it.
            field.required = False
        return field

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """The id is chosen once; the journal knows the row by it."""
        fixed = list(super().get_readonly_fields(request, obj))
        return [*fixed, "id"] if obj is not None and "id" not in fixed and self._has_plain_id() else fixed

    def _has_plain_id(self) -> bool:
        return bool(self.model._meta.pk.editable)

    @method_decorator(csrf_protect)
    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Django's view without its transaction around it: the command brings its own, durable one."""
        try:
            return self._changeform_view(request, object_id, form_url, extra_context)  # type: ignore[attr-defined,no-any-return]
        except Refused as refusal:
            self.message_user(request, refusal.reason, messages.ERROR)
            return HttpResponseRedirect(request.get_full_path())

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        self.record(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """The journal is the log; Django's own would be a second truth."""

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """As ``log_addition``."""

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        obj = self.get_object(request, object_id)
        if obj is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)  # type: ignore[attr-defined,no-any-return]
        entries = Entry.objects.filter(aggregate_kind=self.entry.aggregate, aggregate_id=str(obj.pk))
        context = {
            **self.admin_site.each_context(request),
            "title": _("Verlauf: %s") % obj,
            "lines": [_line(entry) for entry in entries.order_by("-hlc", "-origin", "-seq")[:HISTORY_LENGTH]],
            "object": obj,
            "opts": self.opts,
        }
        return TemplateResponse(request, self.object_history_template, context)

    # --- actions -------------------------------------------------------------------------------------------------
    @admin.action(description=gettext_lazy("Außer Gebrauch nehmen"), permissions=["change"])
    def take_out_of_use(self, request: HttpRequest, queryset: QuerySet[Model]) -> None:
        self._set_active(request, queryset, active=False)

    @admin.action(description=gettext_lazy("Wieder in Gebrauch nehmen"), permissions=["change"])
    def put_into_use(self, request: HttpRequest, queryset: QuerySet[Model]) -> None:
        self._set_active(request, queryset, active=True)

    def _set_active(self, request: HttpRequest, queryset: QuerySet[Any], *, active: bool) -> None:
        changed = 0
        for obj in queryset.exclude(active=active):
            obj.active = active
            try:
                self.record(request, obj)
            except (Refused, ValidationError) as error:
                reason = error.reason if isinstance(error, Refused) else _("Die Angaben sind unvollständig.")
                self.message_user(request, f"{obj}: {reason}", messages.ERROR)
            else:
                changed += 1
        self.message_user(request, _("%d Einträge geändert.") % changed)


class ReadOnlyAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # the model comes with the subclass
    """For what may be looked at and is changed elsewhere."""

    list_per_page = 100

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Entry)
class EntryAdmin(ReadOnlyAdmin):
    """The journal as it is stored. Sealed fields stay sealed here: whoever needs them opens the incident."""

    list_display = ("position", "stored", "sentence", "author", "kind", "aggregate", "identity")
    list_filter = ("type", "origin", "aggregate_kind")
    search_fields = ("aggregate_id", "command_id")
    fields = ("position", "identity", "stored", "kind", "aggregate", "author", "sentence", "content", "chain")
    readonly_fields = fields
    ordering = ("-pos",)
    show_full_result_count = False

    @admin.display(description=gettext_lazy("Position"), ordering="pos")
    def position(self, obj: Entry) -> int:
        return obj.pos

    @admin.display(description=gettext_lazy("Gespeichert"), ordering="stored_at")
    def stored(self, obj: Entry) -> datetime:
        return obj.stored_at

    @admin.display(description=gettext_lazy("Art"), ordering="type")
    def kind(self, obj: Entry) -> str:
        return obj.type

    @admin.display(description=gettext_lazy("Inhalt"))
    def sentence(self, obj: Entry) -> str:
        return str(_line(obj)["text"])

    @admin.display(description=gettext_lazy("Verfasser"))
    def author(self, obj: Entry) -> str:
        return str(_line(obj)["who"])

    @admin.display(description=gettext_lazy("Gegenstand"))
    def aggregate(self, obj: Entry) -> str:
        return f"{obj.aggregate_kind}:{obj.aggregate_id}"

    @admin.display(description=gettext_lazy("Kennung"))
    def identity(self, obj: Entry) -> str:
        return f"{obj.origin}/{obj.incarnation}/{obj.seq}"

    @admin.display(description=gettext_lazy("Daten"))
    def content(self, obj: Entry) -> str:
        body = orjson.loads(obj.body)
        text = orjson.dumps(body["data"], option=orjson.OPT_INDENT_2).decode()
        sealed = _("(dazu versiegelte persönliche Angaben)") if "sealed" in body else ""
        return format_html("<pre>{}</pre>{}", text, sealed)

    @admin.display(description=gettext_lazy("Kette"))
    def chain(self, obj: Entry) -> str:
        return f"{bytes(obj.prev_hash).hex()} → {bytes(obj.hash).hex()}"


def _line(entry: Entry) -> dict[str, Any]:
    """One line of a history, without opening what is sealed."""
    actor = orjson.loads(entry.body)["actor"]
    try:
        text = _describe(entry)
    except (UnknownType, ValueError):
        text = entry.type
    return {"at": entry.stored_at, "pos": entry.pos, "who": actor["name"], "seat": actor["seat"], "text": text}


def _describe(entry: Entry) -> str:
    fact = decode(entry.body, ())
    return fact.told() or entry.type
