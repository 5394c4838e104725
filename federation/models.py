"""The network: who belongs to it, who stands in for whom, what is promised, what collided.

Rows are the fold of the journal's entries (``federation.entries``), except ``LinkState``: what one node sees of another
is its own business and changes every second.
"""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from journal.types import replicated
from resources.models import Master, reference


@replicated("node")
class Node(models.Model):
    """An installation of this software that belongs to the network: its addresses, and the key that proves it."""

    id = models.CharField(_("Knoten"), primary_key=True, max_length=20)
    name = models.CharField(_("Name"), max_length=120)
    centres = ArrayField(models.CharField(max_length=64), verbose_name=_("Leitstellen"), default=list, blank=True)
    link_url = models.CharField(_("Adresse für andere Knoten"), max_length=200, blank=True)
    web_url = models.CharField(_("Adresse der Seiten"), max_length=200, blank=True)
    sockets_url = models.CharField(_("Adresse der Konsolenverbindung"), max_length=200, blank=True)
    public_key = models.CharField(_("Öffentlicher Schlüssel"), max_length=64, help_text=_("Ed25519, base64url"))
    active = models.BooleanField(_("gehört dazu"), default=True)

    class Meta:
        verbose_name = _("Knoten")
        verbose_name_plural = _("Knoten")

    def __str__(self) -> str:
        return self.name or self.id


class LinkState(models.Model):
    """What ``node`` (this one) sees of ``peer`` now. Local, written each second, shown with its age."""

    class State(models.TextChoices):
        NEVER = "never", _("noch nie verbunden")
        DOWN = "down", _("keine Verbindung")
        CATCHING_UP = "catching_up", _("holt auf")
        UP = "up", _("verbunden")

    id = models.CharField(primary_key=True, max_length=44, help_text="node:peer")
    node = models.CharField(max_length=20)
    peer = models.CharField(max_length=20)
    state = models.CharField(max_length=12, choices=State)
    since = models.DateTimeField(help_text="when this state began")
    heard_at = models.DateTimeField(null=True)
    lag_entries = models.IntegerField(default=0, help_text="entries the peer has not acknowledged")
    behind_entries = models.IntegerField(default=0, help_text="entries the peer has and this node lacks")
    lag_seconds = models.FloatField(default=0, help_text="age of the oldest entry not acknowledged")
    clock_ms = models.FloatField(null=True, help_text="the peer's clock minus ours")
    rtt_ms = models.FloatField(null=True)
    secured_pos = models.BigIntegerField(default=0, help_text="our entries up to here are on disk at the peer")
    shared = models.BooleanField(default=False, help_text="the peer works on the same database")
    version = models.CharField(max_length=40, blank=True)
    vitals = models.JSONField(default=dict, help_text="what the peer says of itself: disk, load, seats")
    error = models.CharField(max_length=200, blank=True)
    updated_at = models.DateTimeField()

    class Meta:
        verbose_name = _("Zustand einer Verbindung")
        verbose_name_plural = _("Zustände der Verbindungen")

    def __str__(self) -> str:
        return f"{self.node} → {self.peer}: {self.state}"


@replicated("agreement")
class Agreement(models.Model):
    """What two centres have agreed (Zweckvereinbarung): ``partner`` stands in for ``centre``. One row per direction.

    ``silent_seconds``: after so long without a sign of life the partner may take over alone; ``signatures``: how many
    people must sign that (1 or 2); ``dispatcher_may``: a dispatcher's signature counts, not only a shift leader's;
    ``automatic_seconds``: after so long the partner's node takes over by itself (empty: never); ``spill_seconds``: a
    call that waits so long rings at the partner too (empty: never).
    """

    id = models.CharField(_("Kennung"), primary_key=True, max_length=64)
    centre = reference("resources.Centre", "agreements", verbose_name=_("Leitstelle"))
    partner = reference("resources.Centre", "stands_in", verbose_name=_("steht ein"))
    silent_seconds = models.IntegerField(_("Übernahme ohne Zustimmung nach Sekunden Stille"), default=5)
    signatures = models.SmallIntegerField(_("Unterschriften"), default=1, choices=[(1, "1"), (2, "2")])
    dispatcher_may = models.BooleanField(_("auch Disposition darf unterschreiben"), default=True)
    automatic_seconds = models.IntegerField(_("Übernahme von selbst nach Sekunden"), null=True, blank=True)
    spill_seconds = models.IntegerField(_("Überlauf wartender Anrufe nach Sekunden"), null=True, blank=True)
    cost_key = models.CharField(_("Kostenschlüssel"), max_length=200, blank=True)
    note = models.TextField(_("Bemerkung"), blank=True)
    active = models.BooleanField(_("in Kraft"), default=True)

    class Meta:
        verbose_name = _("Vereinbarung")
        verbose_name_plural = _("Vereinbarungen")
        indexes = (models.Index(fields=["centre"], name="agreement_centre"),)

    def __str__(self) -> str:
        return f"{self.partner_id} steht ein für {self.centre_id}"


@replicated("knowledge")
class LocalKnowledge(Master):
    """What a colleague who stands in for a county must know of it: radio groups, telephone numbers, names that only
    locals use. Without ``county`` it holds everywhere."""

    class Kind(models.TextChoices):
        RADIO = "radio", _("Funkgruppe")
        PHONE = "phone", _("Telefon")
        NAME = "name", _("Ortsübliche Bezeichnung")
        HINT = "hint", _("Besonderheit")

    kind = models.CharField(_("Art"), max_length=8, choices=Kind)
    county = reference("resources.County", "knowledge", null=True, blank=True, verbose_name=_("Landkreis"))
    value = models.CharField(_("Angabe"), max_length=200, blank=True)
    note = models.CharField(_("Bemerkung"), max_length=500, blank=True)

    class Meta(Master.Meta):
        verbose_name = _("Ortskenntnis")
        verbose_name_plural = _("Ortskenntnisse")


@replicated("mandate")
class Mandate(models.Model):
    """Who holds a centre, or one county of it, that is another's. Decides where new calls and incidents go; what
    runs already has its own ``centre`` and ``term``."""

    class State(models.TextChoices):
        HOME = "home", _("bei der eigenen Leitstelle")
        REQUESTED = "requested", _("Übernahme erbeten")
        HELD = "held", _("übernommen")
        RETURNING = "returning", _("Rückgabe läuft")

    scope = models.CharField(primary_key=True, max_length=80, help_text="centre:jena or county:16076")
    centre = reference("resources.Centre", "mandates")
    holder = reference("resources.Centre", "holds")
    state = models.CharField(max_length=10, choices=State)
    term = models.IntegerField(default=1)
    partner = models.CharField(max_length=64, blank=True, help_text="who was asked")
    reason = models.CharField(max_length=200, blank=True)
    requested_at = models.DateTimeField(null=True)
    requested_by = models.CharField(max_length=120, blank=True)
    taken_at = models.DateTimeField(null=True)
    alone = models.BooleanField(default=False, help_text="taken over without the other's word: it was silent")
    silent_seconds = models.FloatField(null=True)
    signatures = models.JSONField(default=list)
    returned_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("Zuständigkeit")
        verbose_name_plural = _("Zuständigkeiten")

    def __str__(self) -> str:
        return f"{self.scope}: {self.holder_id}"


@replicated("claim", by="unit_id")
class Claim(models.Model):
    """A unit promised by its own centre to an incident of another, until that incident's alarm has arrived here."""

    unit_id = models.CharField(primary_key=True, max_length=64)
    incident_id = models.UUIDField()
    number = models.CharField(max_length=24)
    centre = models.CharField(max_length=64)
    assignment = models.UUIDField(help_text="the one the alarm will give it: once that stands, the promise is kept")
    until = models.DateTimeField()

    class Meta:
        verbose_name = _("Zusage eines Einsatzmittels")
        verbose_name_plural = _("Zusagen von Einsatzmitteln")

    def __str__(self) -> str:
        return f"{self.unit_id} → {self.number}"


@replicated("conflict")
class Conflict(models.Model):
    """Two acts that did not know of each other and cannot both stand as they are, until a person signs an outcome.

    ``sides``: [{"entry": [origin, incarnation, seq], "centre", "who", "at", "incident", "assignment" …}]: references,
    no copies of what was written, so that forgetting an incident leaves nothing behind here.
    """

    class Kind(models.TextChoices):
        FIELD = "field", _("dasselbe Feld geändert")
        COMMITMENT = "commitment", _("Einsatzmittel doppelt vergeben")
        CLOSED = "closed", _("abgeschlossen und weitergeführt")
        CALL = "call", _("Anruf an zwei Plätzen angenommen")
        MASTER = "master", _("Stammdaten gleichzeitig geändert")
        NUMBER = "number", _("Einsatznummer doppelt vergeben")

    id = models.UUIDField(primary_key=True)
    kind = models.CharField(max_length=12, choices=Kind)
    aggregate_kind = models.CharField(max_length=24)
    aggregate_id = models.CharField(max_length=80)
    field = models.CharField(max_length=40, blank=True)
    unit_id = models.CharField(max_length=64, blank=True)
    incidents = ArrayField(models.UUIDField(), default=list)
    sides = models.JSONField(default=list)
    found_at = models.DateTimeField()
    signed_at = models.DateTimeField(null=True)
    signed_by = models.CharField(max_length=120, blank=True)
    choice = models.SmallIntegerField(null=True, help_text="index in sides of what stands")
    reason = models.CharField(max_length=200, blank=True)

    class Meta:
        verbose_name = _("Widerspruch")
        verbose_name_plural = _("Widersprüche")
        indexes = (models.Index(fields=["found_at"], name="conflict_open", condition=models.Q(signed_at=None)),)

    def __str__(self) -> str:
        return f"{self.kind} {self.aggregate_kind}:{self.aggregate_id}"


@replicated("drill")
class Drill(models.Model):
    """A rehearsed take-over and the seconds it took."""

    id = models.UUIDField(primary_key=True)
    centre = models.CharField(max_length=64)
    partner = models.CharField(max_length=64)
    started_at = models.DateTimeField()
    started_by = models.CharField(max_length=120)
    accepted_at = models.DateTimeField(null=True)
    accepted_by = models.CharField(max_length=120, blank=True)
    answered_at = models.DateTimeField(null=True)
    answered_by = models.CharField(max_length=120, blank=True)
    finished_at = models.DateTimeField(null=True)
    figures = models.JSONField(default=dict)
    note = models.CharField(max_length=300, blank=True)

    class Meta:
        verbose_name = _("Übung der Übernahme")
        verbose_name_plural = _("Übungen der Übernahme")
        indexes = (models.Index(fields=["-started_at"], name="drill_recent"),)

    def __str__(self) -> str:
        return f"{self.centre} → {self.partner} {self.started_at:%d.%m.%Y}"
