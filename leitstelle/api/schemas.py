"""What goes in and out at the doors: one serializer per message."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from leitstelle.api.door import MAX_NAME


class Strict(serializers.Serializer[Any]):
    """Refuses fields that nobody reads: a misspelt one must not be lost in silence."""

    def to_internal_value(self, data: Any) -> Any:
        value = super().to_internal_value(data)
        unknown = sorted(str(name) for name in data if name not in self.fields)
        if unknown:
            raise serializers.ValidationError({name[:80]: [_("Dieses Feld gibt es nicht.")] for name in unknown[:20]})
        return value


class SpotIn(Strict):
    """A position, WGS 84, degrees; accuracy as radius in metres."""

    lat = serializers.FloatField(min_value=-90, max_value=90)
    lon = serializers.FloatField(min_value=-180, max_value=180)
    accuracy_m = serializers.FloatField(min_value=0, max_value=1_000_000, required=False, allow_null=True)


class CallEventIn(Strict):
    """Something happened to a call at the telephone system."""

    call_id = serializers.CharField(max_length=MAX_NAME, help_text=_("Kennung der Telefonanlage, auch eine UUID"))
    event = serializers.ChoiceField(choices=["ring", "located", "hangup"])
    line = serializers.CharField(max_length=20, default="112", help_text="112, 19222, bma, ecall …")
    centre = serializers.CharField(max_length=64, required=False, allow_blank=True)
    number = serializers.CharField(max_length=40, required=False, allow_blank=True)
    rang_at = serializers.DateTimeField(required=False, allow_null=True)
    position = SpotIn(required=False, allow_null=True)
    source = serializers.CharField(max_length=40, required=False, allow_blank=True, help_text="AML, eCall …")  # type: ignore[assignment]  # Field.source is another thing

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs["event"] == "located" and not attrs.get("position"):
            raise serializers.ValidationError({"position": [_("Eine Ortung braucht eine Position.")]})
        return attrs


class StatusIn(Strict):
    """A status message (0 to 9) as a gateway heard it; exactly one of issi, opta, unit names the sender."""

    issi = serializers.CharField(max_length=10, required=False)
    opta = serializers.CharField(max_length=24, required=False)
    unit = serializers.CharField(max_length=64, required=False)
    status = serializers.IntegerField(min_value=0, max_value=9)
    observed_at = serializers.DateTimeField(required=False, allow_null=True)
    hospital = serializers.CharField(max_length=64, required=False, allow_null=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if sum(name in attrs for name in ("issi", "opta", "unit")) != 1:
            raise serializers.ValidationError(_("Genau eines von issi, opta und unit nennt den Absender."))
        return attrs


class PositionIn(Strict):
    """Where a unit is. Speed in km/h, heading in degrees from north, accuracy in metres."""

    unit = serializers.CharField(max_length=64, required=False)
    issi = serializers.CharField(max_length=10, required=False)
    lat = serializers.FloatField(min_value=-90, max_value=90)
    lon = serializers.FloatField(min_value=-180, max_value=180)
    observed_at = serializers.DateTimeField()
    accuracy_m = serializers.FloatField(min_value=0, max_value=1_000_000, required=False, allow_null=True)
    speed_kmh = serializers.FloatField(min_value=0, max_value=1_000, required=False, allow_null=True)
    heading = serializers.FloatField(min_value=0, max_value=360, required=False, allow_null=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if sum(name in attrs for name in ("issi", "unit")) != 1:
            raise serializers.ValidationError(_("Genau eines von issi und unit nennt das Fahrzeug."))
        return attrs


class ReceiptIn(Strict):
    """A crew or its pager confirms an alarm."""

    delivery = serializers.UUIDField()


class AnswerOut(serializers.Serializer[Any]):
    """The change is on disk. ``pos``: its position in the journal of this node."""

    pos = serializers.IntegerField()
    safety = serializers.ChoiceField(choices=["stored", "secured"])
    result = serializers.DictField()


class BatchAnswerOut(serializers.Serializer[Any]):
    """One answer per message, in order: that of the single door, or ``refused`` with reason and detail."""

    answers = serializers.ListField(child=serializers.DictField())


class PositionsOut(serializers.Serializer[Any]):
    """How many positions were taken, which were not, and why. ``unknown``: senders nobody knows."""

    stored = serializers.IntegerField()
    unknown = serializers.ListField(child=serializers.CharField())
    invalid = serializers.ListField(child=serializers.DictField())
