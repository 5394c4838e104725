"""Who and what there is to send: centres, counties, places, hospitals, stations, units, seats.

Rows are the fold of the journal's entries (see ``entries``); nothing else writes them. References between aggregates
carry no database constraint: an entry may arrive before the one it points to. ``example`` marks made-up data and is
shown wherever the row is.
"""

from django.contrib.gis.db import models
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db.models.functions import Upper
from django.utils.translation import gettext_lazy as _

from journal.types import replicated
from resources.status import STATUS_CHOICES


def reference(to: str, name: str, **options: object) -> models.ForeignKey:
    """A reference to another aggregate: joins like a foreign key, constrains nothing."""
    return models.ForeignKey(
        to,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        related_name=name,
        **options,  # type: ignore[arg-type]
    )


class Master(models.Model):
    """Common to all master data."""

    id = models.CharField(_("Kennung"), primary_key=True, max_length=64)
    name = models.CharField(_("Name"), max_length=120)
    example = models.BooleanField(_("Beispiel"), default=False, help_text=_("erfunden, nicht aus amtlicher Quelle"))
    active = models.BooleanField(_("in Gebrauch"), default=True)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.name


@replicated("centre")
class Centre(Master):
    """A control centre. ``home`` is False for partners that are named here but work elsewhere."""

    code = models.CharField(_("Kürzel"), max_length=4, help_text=_("steht in der Einsatznummer: J, G"))
    home = models.BooleanField(_("arbeitet in diesem Verbund"), default=True)
    address = models.CharField(_("Anschrift"), max_length=200, blank=True)
    phone = models.CharField(_("Telefon"), max_length=40, blank=True)
    point = models.PointField(_("Lage"), null=True)

    class Meta(Master.Meta):
        verbose_name = _("Leitstelle")
        verbose_name_plural = _("Leitstellen")


@replicated("county")
class County(Master):
    """A county or county-level city. ``id`` is the AGS (five digits). ``centre`` answers its 112; NULL: a partner
    without a home centre here."""

    kind = models.CharField(_("Art"), max_length=40)
    nuts = models.CharField(_("NUTS-3"), max_length=5)
    vehicle_codes = ArrayField(models.CharField(max_length=3), verbose_name=_("Kfz-Kennzeichen"), default=list)
    population = models.IntegerField(_("Einwohner"))
    area_km2 = models.FloatField(_("Fläche in km²"))
    centre = reference("resources.Centre", "counties", null=True, blank=True, verbose_name=_("Leitstelle"))

    class Meta(Master.Meta):
        verbose_name = _("Landkreis")
        verbose_name_plural = _("Landkreise")


@replicated("boundary", by="county_id")
class Boundary(models.Model):
    """Area of a county, WGS 84. An aggregate of its own: it is large and changes by import only."""

    county = models.OneToOneField(
        County, primary_key=True, on_delete=models.DO_NOTHING, db_constraint=False, related_name="boundary"
    )
    area = models.MultiPolygonField(_("Fläche"))
    source = models.CharField(_("Quelle"), max_length=200)

    class Meta:
        verbose_name = _("Grenze")
        verbose_name_plural = _("Grenzen")

    def __str__(self) -> str:
        return self.county_id


@replicated("municipality")
class Municipality(Master):
    """A municipality; ``id`` is the AGS (eight digits)."""

    county = reference("resources.County", "municipalities", verbose_name=_("Landkreis"))
    point = models.PointField(_("Ortsmittelpunkt"))

    class Meta(Master.Meta):
        verbose_name = _("Gemeinde")
        verbose_name_plural = _("Gemeinden")


@replicated("place")
class Place(Master):
    """Anything a caller may name: settlement, street, object, motorway kilometre."""

    class Kind(models.TextChoices):
        SETTLEMENT = "settlement", _("Ort")
        STREET = "street", _("Straße")
        OBJECT = "object", _("Objekt")
        MOTORWAY_KM = "motorway_km", _("Autobahnkilometer")

    kind = models.CharField(_("Art"), max_length=16, choices=Kind)
    municipality_name = models.CharField(_("Gemeinde"), max_length=120, blank=True)
    county = reference("resources.County", "places", null=True, blank=True, verbose_name=_("Landkreis"))
    point = models.PointField(_("Lage"))
    weight = models.IntegerField(
        _("Gewicht"), default=0, help_text=_("Einwohner oder Bedeutung; ordnet gleich gute Treffer")
    )
    search = models.CharField(_("Suchtext"), max_length=240, help_text=_("klein, ohne Umlaute: Name, Ort, Zweitnamen"))

    class Meta(Master.Meta):
        verbose_name = _("Ort")
        verbose_name_plural = _("Orte")
        indexes = (GinIndex(OpClass("search", name="gin_trgm_ops"), name="place_search"),)


@replicated("hospital")
class Hospital(Master):
    """A hospital with the departments that decide where a patient may go."""

    departments = ArrayField(models.CharField(max_length=60), verbose_name=_("Fachabteilungen"), default=list)
    beds = models.IntegerField(_("Betten"), null=True, blank=True)
    county = reference("resources.County", "hospitals", null=True, blank=True, verbose_name=_("Landkreis"))
    point = models.PointField(_("Lage"))
    phone = models.CharField(_("Telefon der Notaufnahme"), max_length=40, blank=True)

    class Meta(Master.Meta):
        verbose_name = _("Krankenhaus")
        verbose_name_plural = _("Krankenhäuser")


@replicated("station")
class Station(Master):
    """A rescue station, fire station or air base."""

    class Kind(models.TextChoices):
        RESCUE = "rescue", _("Rettungswache")
        FIRE = "fire", _("Feuerwache")
        AIR = "air", _("Luftrettung")
        OTHER = "other", _("Sonstige")

    kind = models.CharField(_("Art"), max_length=8, choices=Kind)
    organisation = models.CharField(_("Organisation"), max_length=60)
    owner = models.CharField(_("Träger"), max_length=120, blank=True)
    county = reference("resources.County", "stations", verbose_name=_("Landkreis"))
    address = models.CharField(_("Anschrift"), max_length=200, blank=True)
    point = models.PointField(_("Lage"))
    volunteer = models.BooleanField(_("ehrenamtlich"), default=False)

    class Meta(Master.Meta):
        verbose_name = _("Wache")
        verbose_name_plural = _("Wachen")


@replicated("unit_type")
class UnitType(Master):
    """A kind of unit: ``id`` is its short name (RTW, HLF20 …)."""

    branch = models.CharField(
        _("Zweig"),
        max_length=8,
        choices=[("rescue", "Rettungsdienst"), ("fire", "Feuerwehr"), ("other", "Sonstige")],
    )
    capabilities = ArrayField(models.CharField(max_length=30), verbose_name=_("Fähigkeiten"), default=list)
    speed_kmh = models.FloatField(
        _("Geschwindigkeit in km/h"), help_text=_("Mittel auf der Straße, bei Luftrettung in der Luft")
    )
    airborne = models.BooleanField(_("fliegt"), default=False)
    order = models.IntegerField(_("Rang"), default=100)

    class Meta(Master.Meta):
        verbose_name = _("Einsatzmitteltyp")
        verbose_name_plural = _("Einsatzmitteltypen")


@replicated("unit", rank=2)
class Unit(Master):
    """A unit that can be alarmed. ``name`` is the spoken call sign."""

    type = reference("resources.UnitType", "units", verbose_name=_("Typ"))
    station = reference("resources.Station", "units", verbose_name=_("Wache"))
    short = models.CharField(
        _("Kurzruf"), max_length=24, db_index=True, help_text=_("wie auf der Kommandozeile getippt: 83-1")
    )
    opta = models.CharField(_("OPTA"), max_length=24, blank=True)
    issi = models.CharField(_("ISSI"), max_length=10, blank=True, db_index=True)
    capabilities = ArrayField(
        models.CharField(max_length=30), verbose_name=_("weitere Fähigkeiten"), default=list, blank=True
    )
    crew = models.CharField(_("Besatzung"), max_length=12, help_text=_("Führung/Mannschaft, z. B. 1/8"))
    turnout_seconds = models.IntegerField(_("Ausrückezeit in s"), help_text=_("von der Alarmierung bis zum Ausrücken"))
    availability = models.JSONField(
        _("Verfügbarkeit"),
        default=list,
        blank=True,
        help_text=_('Zeitfenster, leer = immer: [{"days": [0-6, 0 = Montag], "from": "18:00", "to": "06:00"}]'),
    )
    media = ArrayField(models.CharField(max_length=20), verbose_name=_("Alarmwege"), default=list)

    class Meta(Master.Meta):
        verbose_name = _("Einsatzmittel")
        verbose_name_plural = _("Einsatzmittel")
        indexes = (models.Index(Upper("short"), name="unit_short_upper"),)


@replicated("unit_state", by="unit_id")
class UnitState(models.Model):
    """Effective status of a unit. The raw messages are the journal's entries of the same aggregate."""

    unit = models.OneToOneField(
        Unit, primary_key=True, on_delete=models.DO_NOTHING, db_constraint=False, related_name="state"
    )
    status = models.SmallIntegerField(_("Status"), choices=STATUS_CHOICES)
    since = models.DateTimeField(_("seit"))
    overlay = models.SmallIntegerField(_("Sprechwunsch"), null=True, help_text=_("0 oder 5, bis beantwortet"))
    overlay_since = models.DateTimeField(_("Sprechwunsch seit"), null=True)
    note = models.CharField(_("Grund"), max_length=200, blank=True)
    source = models.CharField(_("Quelle"), max_length=20)

    class Meta:
        verbose_name = _("Status")
        verbose_name_plural = _("Status")

    def __str__(self) -> str:
        return f"{self.unit_id}: {self.status}"


@replicated("cover", by="unit_id")
class Cover(models.Model):
    """A unit that covers an area from another station (move-up). It stays free for incidents."""

    unit = models.OneToOneField(
        Unit, primary_key=True, on_delete=models.DO_NOTHING, db_constraint=False, related_name="cover"
    )
    station = reference("resources.Station", "covers")
    since = models.DateTimeField()

    class Meta:
        verbose_name = _("Gebietsabsicherung")
        verbose_name_plural = _("Gebietsabsicherungen")

    def __str__(self) -> str:
        return f"{self.unit_id} → {self.station_id}"


class Position(models.Model):
    """Last known position of a unit: a signal, newest wins, never in the journal, not replicated through it."""

    unit = models.OneToOneField(
        Unit, primary_key=True, on_delete=models.DO_NOTHING, db_constraint=False, related_name="position"
    )
    point = models.PointField()
    observed_at = models.DateTimeField(help_text="clock of the device")
    received_at = models.DateTimeField(db_index=True, help_text="clock of this node")
    accuracy_m = models.FloatField(null=True)
    speed_kmh = models.FloatField(null=True)
    heading = models.FloatField(null=True)
    source = models.CharField(max_length=20)

    class Meta:
        verbose_name = _("Position")
        verbose_name_plural = _("Positionen")

    def __str__(self) -> str:
        return self.unit_id


@replicated("unknown_sender")
class UnknownSender(models.Model):
    """A radio or device that nobody knows: kept for a person, never a new unit by itself."""

    id = models.CharField(primary_key=True, max_length=80, help_text="kind:identifier")
    kind = models.CharField(_("Art"), max_length=20)
    identifier = models.CharField(_("Kennung"), max_length=60)
    first_heard = models.DateTimeField(_("zuerst gehört"))
    last_heard = models.DateTimeField(_("zuletzt gehört"))
    count = models.IntegerField(_("Meldungen"), default=0)
    last_message = models.CharField(_("letzte Meldung"), max_length=200)
    settled_as = models.CharField(_("erledigt als"), max_length=120, blank=True)

    class Meta:
        verbose_name = _("Unbekannter Absender")
        verbose_name_plural = _("Unbekannte Absender")

    def __str__(self) -> str:
        return self.id


@replicated("seat")
class Seat(Master):
    """A dispatcher's place in a room."""

    centre = reference("resources.Centre", "seats", verbose_name=_("Leitstelle"))
    phone = models.CharField(_("Nebenstelle"), max_length=20, blank=True)

    class Meta(Master.Meta):
        verbose_name = _("Platz")
        verbose_name_plural = _("Plätze")


@replicated("seat_session")
class SeatSession(models.Model):
    """Who sat where, from when to when. The signed seat token names its session; ending it revokes the token."""

    id = models.UUIDField(primary_key=True)
    seat = reference("resources.Seat", "sessions")
    user_id = models.UUIDField()
    user_name = models.CharField(max_length=120)
    roles = ArrayField(models.CharField(max_length=20), default=list)
    began_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("Platzbelegung")
        verbose_name_plural = _("Platzbelegungen")
        indexes = (models.Index(fields=["seat"], condition=models.Q(ended_at=None), name="seat_occupied"),)

    def __str__(self) -> str:
        return f"{self.seat_id}: {self.user_name}"
