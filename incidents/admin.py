"""Keywords, response plans, interview trees and timer rules in the administration; calls and incidents to look at."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from incidents import models
from incidents.entries import plans as entries
from incidents.proposal import Wanted, propose
from incidents.reference import plan_window
from incidents.rules.interview import problems
from incidents.rules.needs import CAPABILITY_NAMES
from incidents.rules.notation import needs_text, parse_needs
from journal.admin import JournalAdmin, JournalForm, ReadOnlyAdmin
from resources.geo import county_of
from resources.models import UnitType
from resources.reference.windows import windows_text
from resources.search import places


class TextOfValue(forms.CharField):
    """A field that people write as text and the table keeps as a value."""

    def __init__(self, *, write: Callable[[Any], str], read: Callable[[str], Any], **options: Any) -> None:
        super().__init__(**options)
        self.write, self.read = write, read

    def prepare_value(self, value: Any) -> str:
        return value if isinstance(value, str) else self.write(value) if value else ""

    def to_python(self, value: Any) -> Any:
        try:
            return self.read(value or "")
        except ValueError as error:
            raise forms.ValidationError(str(error)) from None

    def has_changed(self, initial: Any, data: Any) -> bool:
        return self.prepare_value(initial) != str(data or "")


@admin.register(models.Keyword)
class KeywordAdmin(JournalAdmin):
    entry = entries.KeywordSaved
    list_display = ("id", "name", "group", "priority", "lights", "words", "example", "active")
    list_filter = ("group", "priority", "lights", "active", "example")
    search_fields = ("id", "name", "synonyms")
    ordering = ("group", "id")
    fields = ("id", "name", "group", "priority", "lights", "synonyms", "hint", "example", "active")

    @admin.display(description=gettext_lazy("Suchwörter"))
    def words(self, obj: models.Keyword) -> str:
        return ", ".join(obj.synonyms)


class ResponsePlanForm(JournalForm):
    """A line of the response plan, its needs and its window as text."""

    requirements = TextOfValue(
        label=gettext_lazy("Bedarf"),
        write=needs_text,
        read=parse_needs,
        widget=forms.Textarea(attrs={"rows": 4, "cols": 90}),
        help_text=gettext_lazy(
            "je Bedarf Anzahl und Typ oder Fähigkeit, Ersatz mit /, spätestens mit <= Minuten, ? = nachrangig; "
            "getrennt durch Semikolon: „2 engine/small_engine <=20; ?1 command; 1 RTW“"
        ),
    )
    window = TextOfValue(
        label=gettext_lazy("Zeitfenster"),
        required=False,
        write=lambda window: windows_text([{"days": list(range(7)), **window}]),
        read=plan_window,
        widget=forms.TextInput(attrs={"size": 40}),
        help_text=gettext_lazy("leer: immer; sonst z. B. „Mo-Fr 06:00-17:00“"),
    )

    def clean_requirements(self) -> list[dict[str, Any]]:
        needs: list[dict[str, Any]] = self.cleaned_data["requirements"]
        known: set[str] = set(CAPABILITY_NAMES)
        for ident, capabilities in UnitType.objects.values_list("id", "capabilities"):
            known |= {ident, *capabilities}
        asked = {kind for need in needs for kind in (need["need"], *need["alternatives"])}
        if unknown := sorted(asked - known):
            raise forms.ValidationError(_("Weder Typ noch Fähigkeit: %s") % ", ".join(unknown))
        return needs

    def clean_adds(self) -> list[str]:
        adds: list[str] = self.cleaned_data["adds"] or []
        if unknown := sorted(set(adds) - set(models.Keyword.objects.filter(pk__in=adds).values_list("pk", flat=True))):
            raise forms.ValidationError(_("Diese Stichwörter gibt es nicht: %s") % ", ".join(unknown))
        return adds


class PreviewForm(forms.Form):
    """A question to the response plans."""

    keyword = forms.ModelChoiceField(
        models.Keyword.objects.filter(active=True).order_by("group", "id"), label=gettext_lazy("Stichwort")
    )
    place = forms.CharField(
        label=gettext_lazy("Ort"), help_text=gettext_lazy("wie in der Abfrage: Ort, Straße, Objekt, Koordinate")
    )
    at = forms.DateTimeField(
        label=gettext_lazy("Zeit"),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        help_text=gettext_lazy("leer: jetzt"),
    )

    def answer(self) -> dict[str, Any]:
        """What would be proposed, with the place and county it was asked for."""
        found = places(self.cleaned_data["place"], limit=1)
        if not found:
            return {"problem": _("Diesen Ort findet die Suche nicht.")}
        place = found[0]
        county = place["county"]
        if not county and (match := county_of(place["lon"], place["lat"])):
            county = match.county
        if not county:
            return {"problem": _("Dieser Ort liegt in keinem Landkreis des Verbunds.")}
        wanted = Wanted(
            keyword=self.cleaned_data["keyword"].pk, lon=place["lon"], lat=place["lat"], county=county,
            place_id=place["id"] or "", at=self.cleaned_data["at"],
        )  # fmt: skip
        at = self.cleaned_data["at"] or timezone.now()
        return {"place": place, "county": county, "at": at, "proposal": propose(wanted)}


@admin.register(models.ResponsePlan)
class ResponsePlanAdmin(JournalAdmin):
    entry = entries.ResponsePlanSaved
    form = ResponsePlanForm
    change_list_template = "admin/incidents/plans.html"
    list_display = ("name", "code", "needs", "pulls", "county", "place", "hours", "example", "active")
    list_filter = ("keyword__group", "county", "active", "example")
    list_select_related = ("keyword", "county", "place")
    search_fields = ("id", "name", "keyword__id", "keyword__name")
    autocomplete_fields = ("keyword", "place")
    ordering = ("keyword__group", "keyword_id", "id")
    fields = ("id", "name", "keyword", "county", "place", "window", "requirements", "adds", "example", "active")

    @admin.display(description=gettext_lazy("Stichwort"), ordering="keyword_id")
    def code(self, obj: models.ResponsePlan) -> str:
        return obj.keyword_id

    @admin.display(description=gettext_lazy("Bedarf"))
    def needs(self, obj: models.ResponsePlan) -> str:
        return needs_text(obj.requirements)

    @admin.display(description=gettext_lazy("Zeitfenster"))
    def hours(self, obj: models.ResponsePlan) -> str:
        return windows_text([{"days": list(range(7)), **obj.window}]) if obj.window else ""

    @admin.display(description=gettext_lazy("zieht nach"))
    def pulls(self, obj: models.ResponsePlan) -> str:
        return ", ".join(obj.adds)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.preview)
        return [path("preview/", view, name="incidents_responseplan_preview"), *super().get_urls()]

    def preview(self, request: HttpRequest) -> HttpResponse:
        """Keyword, place and time in, proposal out: what an administrator wants to know before the night does."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        form = PreviewForm(request.GET or None)
        context = {
            **self.admin_site.each_context(request),
            "title": _("Was gibt …?"),
            "form": form,
            "answer": form.answer() if form.is_bound and form.is_valid() else None,
            "opts": self.opts,
        }
        return TemplateResponse(request, "admin/incidents/preview.html", context)


class InterviewTreeForm(JournalForm):
    """A decision tree; it is checked as a whole before it can be asked."""

    def clean_nodes(self) -> Any:
        nodes = self.cleaned_data["nodes"]
        known = frozenset(models.Keyword.objects.values_list("id", flat=True))
        if wrong := problems(nodes, known):
            raise forms.ValidationError([forms.ValidationError(text) for text in wrong])
        return nodes


@admin.register(models.InterviewTree)
class InterviewTreeAdmin(JournalAdmin):
    entry = entries.InterviewTreeSaved
    form = InterviewTreeForm
    list_display = ("name", "id", "size", "example", "active")
    list_filter = ("active", "example")
    search_fields = ("id", "name")
    fields = ("id", "name", "nodes", "drawing", "example", "active")
    readonly_fields = ("drawing",)

    @admin.display(description=gettext_lazy("Fragen"))
    def size(self, obj: models.InterviewTree) -> int:
        return len(obj.nodes)

    @admin.display(description=gettext_lazy("Ablauf"))
    def drawing(self, obj: models.InterviewTree) -> SafeString | str:
        """Every question with its answers, where they lead and what they yield."""
        if not isinstance(obj.nodes, list):
            return ""
        rows = ((node["id"], node["question"], _answers(node)) for node in obj.nodes)
        return format_html("<dl>{}</dl>", format_html_join("", "<dt>{} – {}</dt><dd><ol>{}</ol></dd>", rows))


def _answers(node: dict[str, Any]) -> SafeString:
    def yields(answer: dict[str, Any]) -> str:
        parts = [answer.get("keyword", ""), _("Voralarm") if answer.get("prealarm") else "", answer.get("next", "")]
        return " → ".join(part for part in parts if part)

    return format_html_join("", "<li>{} <strong>{}</strong></li>", ((a["text"], yields(a)) for a in node["answers"]))


@admin.register(models.TimerRule)
class TimerRuleAdmin(JournalAdmin):
    entry = entries.TimerRuleSaved
    list_display = ("name", "kind", "group", "county", "seconds", "example", "active")
    list_filter = ("kind", "group", "county", "active")
    list_select_related = ("county",)
    search_fields = ("id", "name")
    ordering = ("kind", "group", "county")
    fields = ("id", "name", "kind", "group", "county", "seconds", "example", "active")

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest | None, **kwargs: Any) -> Any:
        if db_field.name == "group":
            choices = [("", _("alle")), *models.Keyword.Group.choices]
            return forms.ChoiceField(label=db_field.verbose_name, choices=choices, required=False)
        return super().formfield_for_dbfield(db_field, request, **kwargs)


@admin.register(models.Incident)
class IncidentAdmin(ReadOnlyAdmin):
    """Incidents to look up. What was said and who called stays with the console, where looking is part of the job."""

    list_display = (
        "number",
        "state",
        "keyword",
        "priority",
        "municipality",
        "county",
        "opened_at",
        "closed_at",
        "outcome",
    )
    list_filter = ("state", "centre", "county", "keyword__group", "exercise")
    list_select_related = ("keyword", "county")
    search_fields = ("number",)
    ordering = ("-opened_at",)
    show_full_result_count = False
    fields = (
        "number", "centre", "state", "exercise", "keyword", "priority", "municipality", "county", "opened_at",
        "opened_by", "call_received_at", "call_answered_at", "keyword_set_at", "dispatch_decided_at", "closed_at",
        "outcome", "units",
    )  # fmt: skip
    readonly_fields = ("units",)

    @admin.display(description=gettext_lazy("Einsatzmittel"))
    def units(self, obj: models.Incident) -> SafeString:
        rows = obj.assignments.select_related("unit").order_by("alarmed_at", "unit_id")
        return format_html_join("", "{} ({})<br>", ((row.unit.name, row.get_state_display()) for row in rows))


@admin.register(models.Call)
class CallAdmin(ReadOnlyAdmin):
    """Calls as figures: when, which line, how long; not who."""

    list_display = ("rang_at", "centre", "line", "state", "county", "answered_at", "ended_at", "outcome")
    list_filter = ("centre", "line", "state", "county")
    list_select_related = ("centre", "county")
    ordering = ("-rang_at",)
    show_full_result_count = False
    fields = (
        "rang_at", "centre", "line", "state", "county", "user_name", "answered_at", "held_at", "ended_at",
        "called_back_at", "outcome",
    )  # fmt: skip
