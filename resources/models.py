"""Who and what there is to send: centres, counties, places, hospitals, stations, units, seats.

Rows are the fold of the journal's entries (see ``entries``); nothing else writes them. References between aggregates
carry no database constraint: an entry may arrive before the one it points to. ``example`` marks made-up data and is
shown wherever the row is.
"""

from django.contrib.gis.db import models
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db.models.functions import Upper

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

    id = models.CharField("Kennung", primary_key=True, max_length=64)
    name = models.CharField("Name", max_length=120)
    example = models.BooleanField("Beispiel", default=False, help_text="erfunden, nicht aus amtlicher Quelle")
    active = models.BooleanField("in Gebrauch", default=True)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.name


@replicated("centre")
class Centre(Master):
    """A control centre. ``home`` is False for partners that are named here but work elsewhere."""

    code = models.CharField("Kürzel", max_length=4, help_text="steht in der Einsatznummer: J, G")
    home = models.BooleanField("arbeitet in diesem Verbund", default=True)
    address = models.CharField("Anschrift", max_length=200, blank=True)
    phone = models.CharField("Telefon", max_length=40, blank=True)
    point = models.PointField("Lage", null=True)

    class Meta(Master.Meta):
        verbose_name = "Leitstelle"
        verbose_name_plural = "Leitstellen"


@replicated("county")
class County(Master):
    """A county or county-level city. ``id`` is the AGS (five digits). ``centre`` answers its 112; NULL: a partner
    without a home centre here."""

    kind = models.CharField("Art", max_length=40)
    nuts = models.CharField("NUTS-3", max_length=5)
    vehicle_codes = ArrayField(models.CharField(max_length=3), verbose_name="Kfz-Kennzeichen", default=list)
    population = models.IntegerField("Einwohner")
    area_km2 = models.FloatField("Fläche in km²")
    centre = reference("resources.Centre", "counties", null=True, blank=True, verbose_name="Leitstelle")

    class Meta(Master.Meta):
        verbose_name = "Landkreis"
        verbose_name_plural = "Landkreise"


@replicated("boundary", by="county_id")
class Boundary(models.Model):
    """Area of a county, WGS 84. An aggregate of its own: it is large and changes by import only."""

    county = models.OneToOneField(
        County, primary_key=True, on_delete=models.DO_NOTHING, db_constraint=False, related_name="boundary"
    )
    area = models.MultiPolygonField("Fläche")
    source = models.CharField("Quelle", max_length=200)

    class Meta:
        verbose_name = "Grenze"
        verbose_name_plural = "Grenzen"

    def __str__(self) -> str:
        return self.county_id


@replicated("municipality")
class Municipality(Master):
    """A municipality; ``id`` is the AGS (eight digits)."""

    county = reference("resources.County", "municipalities", verbose_name="Landkreis")
    point = models.PointField("Ortsmittelpunkt")

    class Meta(Master.Meta):
        verbose_name = "Gemeinde"
        verbose_name_plural = "Gemeinden"


@replicated("place")
class Place(Master):
    """Anything a caller may name: settlement, street, object, motorway kilometre."""

    class Kind(models.TextChoices):
        SETTLEMENT = "settlement", "Ort"
        STREET = "street", "Straße"
        OBJECT = "object", "Objekt"
        MOTORWAY_KM = "motorway_km", "Autobahnkilometer"

    kind = models.CharField("Art", max_length=16, choices=Kind)
    municipality_name = models.CharField("Gemeinde", max_length=120, blank=True)
    county = reference("resources.County", "places", null=True, blank=True, verbose_name="Landkreis")
    point = models.PointField("Lage")
    weight = models.IntegerField("Gewicht", default=0, help_text="Einwohner oder Bedeutung; ordnet gleich gute Treffer")
    search = models.CharField("Suchtext", max_length=240, help_text="klein, ohne Umlaute: Name, Ort, Zweitnamen")

    class Meta(Master.Meta):
        verbose_name = "Ort"
        verbose_name_plural = "Orte"
        indexes = (GinIndex(OpClass("search", name="gin_trgm_ops"), name="place_search"),)


@replicated("hospital")
class Hospital(Master):
    """A hospital with the departments that decide where a patient may go."""

    departments = ArrayField(models.CharField(max_length=60), verbose_name="Fachabteilungen", default=list)
    beds = models.IntegerField("Betten", null=True, blank=True)
    county = reference("resources.County", "hospitals", null=True, blank=True, verbose_name="Landkreis")
    point = models.PointField("Lage")
    phone = models.CharField("Telefon der Notaufnahme", max_length=40, blank=True)

    class Meta(Master.Meta):
        verbose_name = "Krankenhaus"
        verbose_name_plural = "Krankenhäuser"


@replicated("station")
class Station(Master):
    """A rescue station, fire station or air base."""

    class Kind(models.TextChoices):
        RESCUE = "rescue", "Rettungswache"
        FIRE = "fire", "Feuerwache"
        AIR = "air", "Luftrettung"
        OTHER = "other", "Sonstige"

    kind = models.CharField("Art", max_length=8, choices=Kind)
    organisation = models.CharField("Organisation", max_length=60)
    owner = models.CharField("Träger", max_length=120, blank=True)
    county = reference("resources.County", "stations", verbose_name="Landkreis")
    address = models.CharField("Anschrift", max_length=200, blank=True)
    point = models.PointField("Lage")
    volunteer = models.BooleanField("ehrenamtlich", default=False)

    class Meta(Master.Meta):
        verbose_name = "Wache"
        verbose_name_plural = "Wachen"


@replicated("unit_type")
class UnitType(Master):
    """A kind of unit: ``id`` is its short name (RTW, HLF20 …)."""

    branch = models.CharField(
        "Zweig",
        max_length=8,
        choices=[("rescue", "Rettungsdienst"), ("fire", "Feuerwehr"), ("other", "Sonstige")],
    )
    capabilities = ArrayField(models.CharField(max_length=30), verbose_name="Fähigkeiten", default=list)
    speed_kmh = models.FloatField(
        "Geschwindigkeit in km/h", help_text="Mittel auf der Straße, bei Luftrettung in der Luft"
    )
    airborne = models.BooleanField("fliegt", default=False)
    order = models.IntegerField("Rang", default=100)

    class Meta(Master.Meta):
        verbose_name = "Einsatzmitteltyp"
        verbose_name_plural = "Einsatzmitteltypen"


@replicated("unit")
class Unit(Master):
    """A unit that can be alarmed. ``name`` is the spoken call sign."""

    type = reference("resources.UnitType", "units", verbose_name="Typ")
    station = reference("resources.Station", "units", verbose_name="Wache")
    short = models.CharField(
        "Kurzruf", max_length=24, db_index=True, help_text="wie auf der Kommandozeile getippt: 83-1"
    )
    opta = models.CharField("OPTA", max_length=24, blank=True)
    issi = models.CharField("ISSI", max_length=10, blank=True, db_index=True)
    capabilities = ArrayField(
        models.CharField(max_length=30), verbose_name="weitere Fähigkeiten", default=list, blank=True
    )
    crew = models.CharField("Besatzung", max_length=12, help_text="Führung/Mannschaft, z. B. 1/8")
    turnout_seconds = models.IntegerField("Ausrückezeit in s", help_text="von der Alarmierung bis zum Ausrücken")
    availability = models.JSONField(
        "Verfügbarkeit",
        default=list,
        blank=True,
        help_text='Zeitfenster, leer = immer: [{"days": [0-6, 0 = Montag], "from": "18:00", "to": "06:00"}]',
    )
    media = ArrayField(models.CharField(max_length=20), verbose_name="Alarmwege", default=list)

    class Meta(Master.Meta):
        verbose_name = "Einsatzmittel"
        verbose_name_plural = "Einsatzmittel"
        indexes = (models.Index(Upper("short"), name="unit_short_upper"),)


@replicated("unit_state", by="unit_id")
class UnitState(models.Model):
    """Effective status of a unit. The raw messages are the journal's entries of the same aggregate."""

    unit = models.OneToOneField(
        Unit, primary_key=True, on_delete=models.DO_NOTHING, db_constraint=False, related_name="state"
    )
    status = models.SmallIntegerField("Status", choices=STATUS_CHOICES)
    since = models.DateTimeField("seit")
    overlay = models.SmallIntegerField("Sprechwunsch", null=True, help_text="0 oder 5, bis beantwortet")
    overlay_since = models.DateTimeField("Sprechwunsch seit", null=True)
    note = models.CharField("Grund", max_length=200, blank=True)
    source = models.CharField("Quelle", max_length=20)

    class Meta:
        verbose_name = "Status"
        verbose_name_plural = "Status"

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
        verbose_name = "Gebietsabsicherung"
        verbose_name_plural = "Gebietsabsicherungen"

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
        verbose_name = "Position"
        verbose_name_plural = "Positionen"

    def __str__(self) -> str:
        return self.unit_id


@replicated("unknown_sender")
class UnknownSender(models.Model):
    """A radio or device that nobody knows: kept for a person, never a new unit by itself."""

    id = models.CharField(primary_key=True, max_length=80, help_text="kind:identifier")
    kind = models.CharField("Art", max_length=20)
    identifier = models.CharField("Kennung", max_length=60)
    first_heard = models.DateTimeField("zuerst gehört")
    last_heard = models.DateTimeField("zuletzt gehört")
    count = models.IntegerField("Meldungen", default=0)
    last_message = models.CharField("letzte Meldung", max_length=200)
    settled_as = models.CharField("erledigt als", max_length=120, blank=True)

    class Meta:
        verbose_name = "Unbekannter Absender"
        verbose_name_plural = "Unbekannte Absender"

    def __str__(self) -> str:
        return self.id


@replicated("seat")
class Seat(Master):
    """A dispatcher's place in a room."""

    centre = reference("resources.Centre", "seats", verbose_name="Leitstelle")
    phone = models.CharField("Nebenstelle", max_length=20, blank=True)

    class Meta(Master.Meta):
        verbose_name = "Platz"
        verbose_name_plural = "Plätze"


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
        verbose_name = "Platzbelegung"
        verbose_name_plural = "Platzbelegungen"
        indexes = (models.Index(fields=["seat"], condition=models.Q(ended_at=None), name="seat_occupied"),)

    def __str__(self) -> str:
        return f"{self.seat_id}: {self.user_name}"
