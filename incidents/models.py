"""What happens: calls, incidents, assignments, alarms, timers, and the plans that say what to send.

Rows are the fold of the journal's entries (``incidents.entries``); nothing else writes them. Aggregates: a call is one,
an incident with its assignments, alarm deliveries and timers is one, each piece of master data is one.
"""

from django.contrib.gis.db import models
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.utils.translation import gettext_lazy as _

from journal.types import replicated
from resources.models import Master, reference


@replicated("keyword")
class Keyword(Master):
    """A keyword (Stichwort). ``id`` is the code that is typed and spoken: B2, RD2, H-Öl."""

    class Group(models.TextChoices):
        FIRE = "B", _("Brand")
        RESCUE = "H", _("Hilfeleistung")
        HAZMAT = "ABC", _("ABC-Gefahren")
        MEDICAL = "RD", _("Rettungsdienst")
        TRANSPORT = "KTP", _("Krankentransport")
        SPECIAL = "S", _("Sonderlage")

    group = models.CharField(_("Klasse"), max_length=4, choices=Group)
    priority = models.SmallIntegerField(_("Priorität"), help_text=_("1 = höchste, 5 = niedrigste"))
    lights = models.BooleanField(_("mit Sondersignal"), default=True)
    synonyms = ArrayField(models.CharField(max_length=60), verbose_name=_("Suchwörter"), default=list, blank=True)
    hint = models.CharField(_("Hinweis"), max_length=300, blank=True)

    class Meta(Master.Meta):
        verbose_name = _("Stichwort")
        verbose_name_plural = _("Stichwörter")


@replicated("response_plan")
class ResponsePlan(Master):
    """One rule of the response plan (AAO): what a keyword needs, for an area, an object, a time window.

    ``requirements``: [{"need": type or capability, "count": n, "alternatives": [..], "must": bool,
    "max_minutes": n or null}]. The most specific plan wins (object > county > all; with window > without); ``adds``
    names keywords whose plans are needed as well.
    """

    keyword = models.ForeignKey(Keyword, on_delete=models.DO_NOTHING, db_constraint=False, verbose_name=_("Stichwort"))
    county = reference("resources.County", "response_plans", null=True, blank=True, verbose_name=_("Landkreis"))
    place = reference("resources.Place", "response_plans", null=True, blank=True, verbose_name=_("Objekt"))
    window = models.JSONField(_("Zeitfenster"), null=True, blank=True)
    requirements = models.JSONField(_("Bedarf"), default=list)
    adds = ArrayField(models.CharField(max_length=64), verbose_name=_("zieht nach"), default=list, blank=True)

    class Meta(Master.Meta):
        verbose_name = _("Alarm- und Ausrückeordnung")
        verbose_name_plural = _("Alarm- und Ausrückeordnungen")


@replicated("interview_tree")
class InterviewTree(Master):
    """A decision tree for the interview. ``nodes``: see ``incidents.rules.interview``; the first node is the start."""

    nodes = models.JSONField(_("Knoten"))

    class Meta(Master.Meta):
        verbose_name = _("Abfrageschema")
        verbose_name_plural = _("Abfrageschemata")


@replicated("timer_rule")
class TimerRule(Master):
    """After how many seconds a timer fires; the most specific rule (county and group > group > county > all) wins."""

    class Kind(models.TextChoices):
        CALL_WAITING = "call_waiting", _("Anruf wartet")
        NO_RECEIPT = "no_receipt", _("Alarm nicht quittiert")
        NO_STATUS_3 = "no_status_3", _("nicht ausgerückt")
        UNIT_SILENT = "unit_silent", _("Einsatzmittel meldet sich nicht")
        APPOINTMENT = "appointment", _("Termin steht an")

    kind = models.CharField(_("Art"), max_length=16, choices=Kind)
    group = models.CharField(_("Stichwortklasse"), max_length=4, blank=True)
    county = reference("resources.County", "timer_rules", null=True, blank=True, verbose_name=_("Landkreis"))
    seconds = models.IntegerField(_("Sekunden"), help_text=_("beim Termin: Vorlauf"))

    class Meta(Master.Meta):
        verbose_name = _("Zeitüberwachung")
        verbose_name_plural = _("Zeitüberwachungen")


@replicated("call", term="term", rank=3)
class Call(models.Model):
    """A call on an emergency or service line. Channel-neutral: ``line`` says what it came in on."""

    class State(models.TextChoices):
        RINGING = "ringing", _("klingelt")
        ANSWERED = "answered", _("im Gespräch")
        HELD = "held", _("gehalten")
        ENDED = "ended", _("beendet")
        LOST = "lost", _("verloren")

    id = models.UUIDField(primary_key=True)
    centre = reference("resources.Centre", "calls")
    home = models.CharField(max_length=64, help_text="centre whose call it is, whoever answers for it now")
    term = models.IntegerField(default=1, help_text="raised by each hand-over between centres")
    spilled_to = models.CharField(max_length=64, blank=True, help_text="waits too long: rings at this centre too")
    line = models.CharField(max_length=20, help_text="112, 19222, bma, ecall …")
    state = models.CharField(max_length=10, choices=State)
    number = models.CharField(max_length=40, blank=True)
    caller_name = models.CharField(max_length=120, blank=True)
    note = models.TextField(blank=True)
    point = models.PointField(null=True)
    accuracy_m = models.FloatField(null=True)
    county = reference("resources.County", "calls", null=True)
    incident_id = models.UUIDField(null=True)
    seat_id = models.CharField(max_length=64, blank=True, help_text="who talks; while ringing: for whom it is meant")
    user_name = models.CharField(max_length=120, blank=True)
    rang_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True)
    held_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    called_back_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=30, blank=True)

    class Meta:
        verbose_name = _("Anruf")
        verbose_name_plural = _("Anrufe")
        indexes = (
            models.Index(fields=["centre", "rang_at"], name="call_open",
                         condition=models.Q(state__in=["ringing", "answered", "held"])),
            models.Index(fields=["centre", "rang_at"], name="call_lost",
                         condition=models.Q(state="lost", called_back_at=None)),
            models.Index(fields=["number", "rang_at"], name="call_number"),
            models.Index(fields=["incident_id"], name="call_incident"),
        )  # fmt: skip

    def __str__(self) -> str:
        return f"{self.line} {self.rang_at:%H:%M:%S}"


@replicated("incident", term="term", rank=1)
class Incident(models.Model):
    """An incident (Einsatz) from the first word to the closing."""

    class State(models.TextChoices):
        OPEN = "open", _("offen")
        CLOSED = "closed", _("abgeschlossen")
        MERGED = "merged", _("zusammengelegt")

    id = models.UUIDField(primary_key=True)
    number = models.CharField(_("Einsatznummer"), max_length=24)
    centre = reference("resources.Centre", "incidents", verbose_name=_("Leitstelle"))
    home = models.CharField(max_length=64, help_text="centre whose incident it is, whoever answers for it now")
    term = models.IntegerField(default=1, help_text="raised by each hand-over between centres")
    origin = models.CharField(max_length=20, help_text="node that gave the number")
    numbered_by = models.CharField(max_length=64, help_text="centre in whose count the number is; stays at a hand-over")
    year = models.SmallIntegerField()
    serial = models.IntegerField()
    state = models.CharField(max_length=8, choices=State)
    exercise = models.BooleanField(_("Übung"), default=False)
    keyword = models.ForeignKey(Keyword, on_delete=models.DO_NOTHING, db_constraint=False, null=True)
    priority = models.SmallIntegerField()
    # Where. ``place`` is the one line that is spoken and printed.
    place = models.CharField(_("Einsatzort"), max_length=240, blank=True)
    place_id = models.CharField(max_length=64, blank=True, help_text="resources.Place that was chosen")
    place_detail = models.CharField(_("Ortszusatz"), max_length=240, blank=True)
    municipality = models.CharField(max_length=120, blank=True)
    county = reference("resources.County", "incidents", null=True)
    county_how = models.CharField(max_length=8, blank=True)
    point = models.PointField(null=True)
    # What and who. Personal fields: cleared when the incident is forgotten.
    report = models.TextField(_("Meldung"), blank=True)
    caller_name = models.CharField(max_length=120, blank=True)
    caller_number = models.CharField(max_length=40, blank=True)
    interview = models.JSONField(default=list)
    # Scheduled transports
    appointment_at = models.DateTimeField(null=True)
    hospital = reference("resources.Hospital", "incidents", null=True)
    # Times, see also Assignment; call times are those of the first call
    call_received_at = models.DateTimeField(null=True)
    call_answered_at = models.DateTimeField(null=True)
    opened_at = models.DateTimeField()
    opened_by = models.CharField(max_length=120)
    keyword_set_at = models.DateTimeField(null=True)
    dispatch_decided_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=30, blank=True)
    merged_into = models.UUIDField(null=True)
    split_from = models.UUIDField(null=True)
    # Who changed which field last: {"report": {"by": "A. Muster", "at": "…"}}; shown when two edit one field
    edits = models.JSONField(default=dict)

    class Meta:
        verbose_name = _("Einsatz")
        verbose_name_plural = _("Einsätze")
        indexes = (
            models.Index(fields=["opened_at"], name="incident_open", condition=models.Q(state="open")),
            models.Index(fields=["numbered_by", "origin", "year", "serial"], name="incident_serial"),
            models.Index(fields=["-opened_at"], name="incident_recent"),
            models.Index(fields=["caller_number", "opened_at"], name="incident_caller",
                         condition=~models.Q(caller_number="")),
            GinIndex(OpClass("number", name="gin_trgm_ops"), OpClass("place", name="gin_trgm_ops"),
                     name="incident_search"),
        )  # fmt: skip

    def __str__(self) -> str:
        return self.number


@replicated("incident", by="incident_id")
class Assignment(models.Model):
    """A unit at an incident, with the times of this assignment. Committed while ``ended_at`` is empty."""

    class State(models.TextChoices):
        RESERVED = "reserved", _("vorgemerkt")
        ALARMED = "alarmed", _("alarmiert")
        EN_ROUTE = "en_route", _("auf Anfahrt")
        ON_SCENE = "on_scene", _("am Einsatzort")
        TRANSPORTING = "transporting", _("Transport")
        AT_HOSPITAL = "at_hospital", _("am Zielort")
        ENDED = "ended", _("beendet")

    id = models.UUIDField(primary_key=True)
    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="assignments", db_constraint=False)
    unit = reference("resources.Unit", "assignments")
    state = models.CharField(max_length=12, choices=State)
    why = models.CharField(max_length=200, blank=True, help_text="why this unit, as the proposal said it")
    eta_seconds = models.IntegerField(null=True)
    taken_from = models.UUIDField(null=True, help_text="incident the unit was taken from")
    unconfirmed = models.BooleanField(default=False, help_text="the unit's own centre could not be asked")
    hospital = reference("resources.Hospital", "assignments", null=True)
    reserved_at = models.DateTimeField(null=True)
    alarmed_at = models.DateTimeField(null=True)
    receipted_at = models.DateTimeField(null=True)
    en_route_at = models.DateTimeField(null=True)
    on_scene_at = models.DateTimeField(null=True)
    at_patient_at = models.DateTimeField(null=True)
    transporting_at = models.DateTimeField(null=True)
    at_hospital_at = models.DateTimeField(null=True)
    recalled_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    end_reason = models.CharField(max_length=200, blank=True)

    class Meta:
        verbose_name = _("Zuteilung")
        verbose_name_plural = _("Zuteilungen")
        indexes = (
            # Not unique: two centres may commit one unit while cut apart, and both facts must stand (a Conflict).
            # While linked, services lock the unit's row and look here.
            models.Index(fields=["unit"], name="assignment_open", condition=models.Q(ended_at=None)),
        )

    def __str__(self) -> str:
        return f"{self.unit_id} @ {self.incident_id}"


@replicated("incident", by="incident_id")
class AlarmDelivery(models.Model):
    """One alarm to one unit over one medium, from owed to receipted: an effect whose debt survives a take-over."""

    class State(models.TextChoices):
        OWED = "owed", _("ausstehend")
        SENT = "sent", _("gesendet")
        FAILED = "failed", _("gescheitert")
        RECEIPTED = "receipted", _("quittiert")

    id = models.UUIDField(primary_key=True)
    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="deliveries", db_constraint=False)
    assignment_id = models.UUIDField()
    unit = reference("resources.Unit", "deliveries")
    medium = models.CharField(max_length=20)
    state = models.CharField(max_length=10, choices=State)
    text = models.TextField(blank=True)
    owed_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    receipted_at = models.DateTimeField(null=True)
    detail = models.CharField(max_length=200, blank=True)

    class Meta:
        verbose_name = _("Alarmzustellung")
        verbose_name_plural = _("Alarmzustellungen")
        indexes = (
            models.Index(fields=["owed_at"], name="delivery_owed", condition=models.Q(state__in=["owed", "failed"])),
            models.Index(fields=["unit", "owed_at"], name="delivery_unit"),
        )

    def __str__(self) -> str:
        return f"{self.unit_id} {self.medium}: {self.state}"


@replicated("incident", by="aggregate_id")
@replicated("call", by="aggregate_id")
class Timer(models.Model):
    """Something that must be noticed if it does not happen in time. Set and cleared by entries, so both centres have
    it; claimed with SKIP LOCKED by the responsible one; fires once."""

    id = models.UUIDField(primary_key=True)
    kind = models.CharField(max_length=16, choices=TimerRule.Kind)
    aggregate_id = models.UUIDField()
    subject = models.CharField(max_length=64, help_text="assignment, call or incident it watches")
    centre = reference("resources.Centre", "timers")
    due_at = models.DateTimeField()
    fired_at = models.DateTimeField(null=True)
    seen_at = models.DateTimeField(null=True, help_text="a dispatcher has taken note")
    seen_by = models.CharField(max_length=120, blank=True)

    class Meta:
        verbose_name = _("Zeitwächter")
        verbose_name_plural = _("Zeitwächter")
        indexes = (
            models.Index(fields=["due_at"], name="timer_due", condition=models.Q(fired_at=None)),
            models.Index(fields=["aggregate_id"], name="timer_aggregate"),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.due_at:%H:%M:%S}"


class HourlyFigures(models.Model):
    """Counts of one centre in one hour, made anew by Celery from calls and incidents; may be deleted at any time."""

    centre = reference("resources.Centre", "figures", verbose_name=_("Leitstelle"))
    hour = models.DateTimeField(_("Stunde ab"))
    calls = models.IntegerField(_("Anrufe"))
    answered_in_time = models.IntegerField(_("angenommen in ≤ 10 s"))
    lost = models.IntegerField(_("verloren"))
    incidents = models.IntegerField(_("Einsätze"))
    by_group = models.JSONField(_("nach Stichwortklasse"), default=dict)
    processing_seconds = models.FloatField(_("Median Anruf bis Alarm in s"), null=True)

    class Meta:
        verbose_name = _("Stundenwerte")
        verbose_name_plural = _("Stundenwerte")
        ordering = ("-hour", "centre")
        constraints = (models.UniqueConstraint(fields=["centre", "hour"], name="one_row_per_centre_and_hour"),)

    def __str__(self) -> str:
        return f"{self.centre_id} {self.hour:%d.%m.%Y %H:00}"
