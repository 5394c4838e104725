"""Master data in the administration; every save is an entry, see ``journal.admin``."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from leaflet.admin import LeafletGeoAdminMixin

from journal.admin import JournalAdmin, JournalForm, ReadOnlyAdmin, run
from resources import entries, models
from resources.media import MEDIA, USUAL
from resources.reference.windows import parse_windows, windows_text
from resources.rules import search_text

# A fifth of a kilometre: the background of a map that finds a house needs no more of a county's border.
OUTLINE_DEGREES = 0.002
OUTLINES = """
SELECT jsonb_build_object('type', 'FeatureCollection', 'features', coalesce(jsonb_agg(jsonb_build_object(
         'type', 'Feature', 'properties', jsonb_build_object('id', county_id),
         'geometry', ST_AsGeoJSON(ST_SimplifyPreserveTopology(area, %s), 4)::jsonb)), '[]'::jsonb))::text
  FROM resources_boundary
"""
# One county as an SVG path with its box, metres, simplified to 200.
DRAWING = """
SELECT ST_AsSVG(g, 1, 0), ST_XMin(g), -ST_YMax(g), ST_XMax(g) - ST_XMin(g), ST_YMax(g) - ST_YMin(g)
  FROM (SELECT ST_Simplify(ST_Transform(area, 25832), 200) AS g FROM resources_boundary WHERE county_id = %s) t
"""


class MasterAdmin(LeafletGeoAdminMixin, JournalAdmin):
    """Common to all master data: points on a map without tiles, county borders as background."""

    settings_overrides = {
        "TILES": [],
        "RESET_VIEW": False,
        "ATTRIBUTION_PREFIX": "© GeoBasis-DE / BKG (Daten verändert)",
    }
    list_filter: ClassVar[Any] = ("active", "example")
    search_fields: ClassVar[Any] = ("id", "name")
    ordering: ClassVar[Any] = ("name",)

    class Media:
        js = ("resources/admin-map.js",)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest | None = None, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field is not None and db_field.null:
            # The map widget comes past the rule of the base class: an absent value is a value.
            field.required = False
        return field


@admin.register(models.Centre)
class CentreAdmin(MasterAdmin):
    entry = entries.CentreSaved
    list_display = ("name", "code", "home", "address", "active")
    fields = ("id", "name", "code", "home", "address", "phone", "point", "example", "active")


@admin.register(models.County)
class CountyAdmin(MasterAdmin):
    entry = entries.CountySaved
    list_display = ("name", "id", "centre", "kind", "codes", "population", "area_km2", "active")
    list_filter = ("centre", "active")
    search_fields = ("id", "name", "nuts")
    fields = (
        "id", "name", "kind", "nuts", "vehicle_codes", "population", "area_km2", "centre", "outline", "example",
        "active",
    )  # fmt: skip
    readonly_fields = ("outline",)

    @admin.display(description=gettext_lazy("Kfz"))
    def codes(self, obj: models.County) -> str:
        return ", ".join(obj.vehicle_codes)

    @admin.display(description=gettext_lazy("Grenze"))
    def outline(self, obj: models.County) -> SafeString | str:
        """The area as a drawing; it changes by import only."""
        boundary = models.Boundary.objects.filter(county_id=obj.pk).first()
        if boundary is None:
            return _("keine; siehe manage.py import_boundaries")
        with connection.cursor() as cursor:
            cursor.execute(
                DRAWING,
                [obj.pk],
            )
            drawing, *box = cursor.fetchone()
        return format_html(
            '<svg width="320" height="240" viewBox="{}" role="img"><path d="{}" fill="#79aec8" fill-opacity=".45"'
            ' stroke="#417690" stroke-width="150"/></svg><p>{}</p>',
            " ".join(f"{value:.0f}" for value in box), drawing, boundary.source,
        )  # fmt: skip

    def get_urls(self) -> list[URLPattern]:
        own = [path("outlines/", self.admin_site.admin_view(self.outlines), name="resources_county_outlines")]
        return own + super().get_urls()

    def outlines(self, request: HttpRequest) -> HttpResponse:
        """All county borders, coarse, as GeoJSON: the background of the maps here."""
        with connection.cursor() as cursor:
            cursor.execute(
                OUTLINES,
                [OUTLINE_DEGREES],
            )
            value = cursor.fetchone()[0]
        return HttpResponse(value, content_type="application/geo+json")


@admin.register(models.Municipality)
class MunicipalityAdmin(MasterAdmin):
    entry = entries.MunicipalitySaved
    list_display = ("name", "id", "county", "active")
    list_filter = ("county", "active")
    list_select_related = ("county",)
    fields = ("id", "name", "county", "point", "example", "active")


class PlaceForm(JournalForm):
    """A place; what it is searched by follows from its names, further names are added by hand."""

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("name"):
            own = (cleaned["name"], cleaned.get("municipality_name") or "", cleaned.get("search") or "")
            cleaned["search"] = search_text(*own)
            self.instance.search = cleaned["search"]
        return cleaned


@admin.register(models.Place)
class PlaceAdmin(MasterAdmin):
    entry = entries.PlaceSaved
    form = PlaceForm
    list_display = ("name", "kind", "municipality_name", "county", "weight", "example", "active")
    list_filter = ("kind", "county", "example", "active")
    list_select_related = ("county",)
    search_fields = ("name", "municipality_name")
    fields = ("id", "name", "kind", "municipality_name", "county", "point", "weight", "search", "example", "active")

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest | None = None, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name == "search":
            field.required = False
            field.help_text = _(
                "Zweitnamen, unter denen Anrufer den Ort nennen; Name und Gemeinde kommen von selbst dazu."
            )
        return field


@admin.register(models.Hospital)
class HospitalAdmin(MasterAdmin):
    entry = entries.HospitalSaved
    list_display = ("name", "county", "beds", "department_names", "example", "active")
    list_filter = ("county", "active")
    list_select_related = ("county",)
    fields = ("id", "name", "departments", "beds", "county", "point", "phone", "example", "active")

    @admin.display(description=gettext_lazy("Fachabteilungen"))
    def department_names(self, obj: models.Hospital) -> str:
        return ", ".join(obj.departments)


@admin.register(models.Station)
class StationAdmin(MasterAdmin):
    entry = entries.StationSaved
    list_display = ("name", "kind", "organisation", "county", "owner", "volunteer", "example", "active")
    list_filter = ("kind", "county", "volunteer", "organisation", "active")
    list_select_related = ("county",)
    fields = (
        "id", "name", "kind", "organisation", "owner", "county", "address", "point", "volunteer", "example", "active",
    )  # fmt: skip


@admin.register(models.UnitType)
class UnitTypeAdmin(MasterAdmin):
    entry = entries.UnitTypeSaved
    list_display = ("id", "name", "branch", "capability_names", "speed_kmh", "airborne", "order")
    list_filter = ("branch", "airborne")
    ordering = ("order", "id")
    fields = ("id", "name", "branch", "capabilities", "speed_kmh", "airborne", "order", "example", "active")

    @admin.display(description=gettext_lazy("Fähigkeiten"))
    def capability_names(self, obj: models.UnitType) -> str:
        return ", ".join(obj.capabilities)


class WindowsField(forms.CharField):
    """Availability windows as people write them: "Mo-Fr 17:00-06:00, Sa-So 00:00-00:00"."""

    def prepare_value(self, value: Any) -> str:
        return windows_text(value) if isinstance(value, list) else str(value or "")

    def to_python(self, value: Any) -> Any:
        try:
            return parse_windows(value or "")
        except ValueError as error:
            raise forms.ValidationError(str(error)) from None

    def has_changed(self, initial: Any, data: Any) -> bool:
        return self.prepare_value(initial) != str(data or "")


class UnitForm(JournalForm):
    """A unit; short call, OPTA and ISSI belong to one unit only, and what it can do or be reached by is known."""

    media = forms.MultipleChoiceField(  # type: ignore[assignment]  # Django takes fields out of the class body
        label=gettext_lazy("Alarmwege"), choices=MEDIA, initial=USUAL, widget=forms.CheckboxSelectMultiple
    )

    availability = WindowsField(
        label=gettext_lazy("Verfügbarkeit"),
        required=False,
        help_text=gettext_lazy("leer: immer; sonst z. B. „Mo-Fr 17:00-06:00, Sa-So 00:00-00:00“"),
        widget=forms.TextInput(attrs={"size": 60}),
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        for name in ("short", "opta", "issi"):
            value = cleaned.get(name)
            others = models.Unit.objects.filter(active=True, **{f"{name}__iexact": value}).exclude(pk=self.instance.pk)
            if value and (other := others.first()):
                self.add_error(name, _("Schon vergeben an %s.") % other.name)
        known = {name for names in models.UnitType.objects.values_list("capabilities", flat=True) for name in names}
        if strange := set(cleaned.get("capabilities") or []) - known:
            # A misspelt one would be alarmed by no response plan, in silence.
            self.add_error("capabilities", _("Kein Typ hat diese Fähigkeit: %s") % ", ".join(sorted(strange)))
        return cleaned


@admin.register(models.Unit)
class UnitAdmin(MasterAdmin):
    entry = entries.UnitSaved
    form = UnitForm
    list_display = (
        "name",
        "short",
        "type_id",
        "station",
        "status",
        "issi",
        "crew",
        "turnout_seconds",
        "example",
        "active",
    )
    list_filter = ("active", "example", "type__branch", "station__county")
    list_select_related = ("station", "state")
    search_fields = ("id", "name", "short", "opta", "issi", "station__name")
    autocomplete_fields = ("station",)
    fields = (
        "id", "name", "short", "type", "station", "opta", "issi", "capabilities", "crew", "turnout_seconds",
        "availability", "media", "example", "active",
    )  # fmt: skip

    @admin.display(description=gettext_lazy("Status"))
    def status(self, obj: models.Unit) -> str:
        state = getattr(obj, "state", None)
        return state.get_status_display() if state else "–"


@admin.register(models.Seat)
class SeatAdmin(MasterAdmin):
    entry = entries.SeatSaved
    list_display = ("id", "name", "centre", "phone", "example", "active")
    list_filter = ("centre", "active")
    fields = ("id", "name", "centre", "phone", "example", "active")


@admin.register(models.SeatSession)
class SeatSessionAdmin(ReadOnlyAdmin):
    list_display = ("seat", "user_name", "began_at", "ended_at")
    list_filter = ("seat__centre",)
    list_select_related = ("seat",)
    search_fields = ("user_name", "seat__id")
    ordering = ("-began_at",)


class SettleForm(forms.ModelForm):  # type: ignore[type-arg]
    """What became of an unknown sender."""

    class Meta:
        model = models.UnknownSender
        fields = ("settled_as",)


@admin.register(models.UnknownSender)
class UnknownSenderAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    form = SettleForm
    list_display = ("id", "last_heard", "count", "last_message", "first_heard", "settled_as")
    list_filter = (("settled_as", admin.EmptyFieldListFilter), "kind")
    search_fields = ("identifier", "last_message")
    ordering = ("-last_heard",)
    readonly_fields = ("kind", "identifier", "first_heard", "last_heard", "count", "last_message")
    actions = None

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    changeform_view = JournalAdmin.changeform_view
    log_change = JournalAdmin.log_change

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        run(request, "unknown_sender.settle", {"sender": obj.pk, "settled_as": obj.settled_as}, checked=True)
