"""What a partner may read. Never the caller, the number or the report: who may not see it does not get it."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import Http404
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from incidents.models import Incident
from journal.actor import Actor
from leitstelle.accounts.roles import PARTNER
from leitstelle.api.door import Door, actor_of
from resources.models import County, Hospital, Unit

PAGE = 100


class AssignmentOut(serializers.Serializer[Any]):
    """A unit at an incident, with the times of this assignment."""

    unit = serializers.CharField(source="unit_id")
    state = serializers.CharField()
    alarmed_at = serializers.DateTimeField()
    en_route_at = serializers.DateTimeField()
    on_scene_at = serializers.DateTimeField()
    transporting_at = serializers.DateTimeField()
    at_hospital_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField()


class IncidentOut(serializers.Serializer[Any]):
    """An incident without anything about persons. Coordinates: WGS 84."""

    id = serializers.UUIDField()
    number = serializers.CharField()
    centre = serializers.CharField(source="centre_id")
    state = serializers.CharField()
    exercise = serializers.BooleanField()
    keyword = serializers.CharField(source="keyword_id", allow_null=True)
    priority = serializers.IntegerField()
    municipality = serializers.CharField()
    county = serializers.CharField(source="county_id", allow_null=True)
    lat = serializers.FloatField(source="point.y", default=None, allow_null=True)
    lon = serializers.FloatField(source="point.x", default=None, allow_null=True)
    opened_at = serializers.DateTimeField()
    closed_at = serializers.DateTimeField(allow_null=True)
    outcome = serializers.CharField()
    assignments = AssignmentOut(many=True)


class IncidentPageOut(serializers.Serializer[Any]):
    """A page, newest first; ``next`` is the value of ``before`` for the following page, null at the end."""

    incidents = IncidentOut(many=True)
    next = serializers.CharField(allow_null=True)


class UnitOut(serializers.Serializer[Any]):
    """A unit with its present status. ``example``: made up, not from an official source."""

    id = serializers.CharField()
    name = serializers.CharField()
    short = serializers.CharField()
    type = serializers.CharField(source="type_id")
    station = serializers.CharField(source="station_id")
    issi = serializers.CharField()
    example = serializers.BooleanField()
    status = serializers.IntegerField(source="state.status", default=None, allow_null=True)
    status_since = serializers.DateTimeField(source="state.since", default=None, allow_null=True)


class CountyOut(serializers.ModelSerializer[County]):
    """A county; ``id`` is the AGS, ``centre`` answers its 112 (null: a partner without a centre here)."""

    centre = serializers.CharField(source="centre_id", allow_null=True)

    class Meta:
        model = County
        fields = (
            "id",
            "name",
            "kind",
            "nuts",
            "vehicle_codes",
            "population",
            "area_km2",
            "centre",
            "example",
        )


class HospitalOut(serializers.ModelSerializer[Hospital]):
    """A hospital and its departments. Coordinates: WGS 84."""

    county = serializers.CharField(source="county_id", allow_null=True)
    lat = serializers.FloatField(source="point.y")
    lon = serializers.FloatField(source="point.x")

    class Meta:
        model = Hospital
        fields = ("id", "name", "departments", "beds", "county", "lat", "lon", "example")


class PartnerRead(Door):
    """Base: reads of partners."""

    roles = frozenset({PARTNER})


class Incidents(PartnerRead):
    """Incidents, newest first."""

    @extend_schema(
        parameters=[
            OpenApiParameter("state", str, enum=["open", "closed", "merged"]),
            OpenApiParameter("county", str, description="AGS"),
            OpenApiParameter("before", str, description="next of the page before"),
        ],
        responses=IncidentPageOut,
        tags=["incidents"],
        operation_id="incidents_list",
    )
    def get(self, request: Request) -> Response:
        rows = visible(actor_of(request)).order_by("-opened_at", "-id")
        if state := request.query_params.get("state"):
            if state not in Incident.State.values:
                raise ValidationError({"state": [_("Möglich sind open, closed und merged.")]})
            rows = rows.filter(state=state)
        if county := request.query_params.get("county"):
            rows = rows.filter(county=county)
        if before := request.query_params.get("before"):
            rows = rows.filter(opened_at__lt=_moment(before))
        page = list(rows.prefetch_related("assignments")[:PAGE])
        following = page[-1].opened_at.isoformat() if len(page) == PAGE else None
        return Response({"incidents": IncidentOut(page, many=True).data, "next": following})


class OneIncident(PartnerRead):
    """One incident."""

    @extend_schema(responses=IncidentOut, tags=["incidents"], operation_id="incidents_read")
    def get(self, request: Request, incident: UUID) -> Response:
        row = visible(actor_of(request)).filter(pk=incident).prefetch_related("assignments").first()
        if row is None:
            raise Http404
        return Response(IncidentOut(row).data)


class Units(PartnerRead):
    """Units in use."""

    @extend_schema(responses=UnitOut(many=True), tags=["units"], operation_id="units_list")
    def get(self, request: Request) -> Response:
        rows = Unit.objects.filter(active=True).select_related("state").order_by("id")
        return Response(UnitOut(rows, many=True).data)


class Counties(PartnerRead):
    """Counties and who answers for them."""

    @extend_schema(responses=CountyOut(many=True), tags=["counties"], operation_id="counties_list")
    def get(self, request: Request) -> Response:
        return Response(CountyOut(County.objects.filter(active=True).order_by("id"), many=True).data)


class Hospitals(PartnerRead):
    """Hospitals in use."""

    @extend_schema(responses=HospitalOut(many=True), tags=["hospitals"], operation_id="hospitals_list")
    def get(self, request: Request) -> Response:
        return Response(HospitalOut(Hospital.objects.filter(active=True).order_by("id"), many=True).data)


def visible(actor: Actor) -> QuerySet[Incident]:
    """The incidents a key may see: those of its centre; a key without a centre sees all."""
    rows = Incident.objects.all()
    return rows.filter(centre=actor.centre) if actor.centre else rows


def _moment(text: str) -> datetime:
    try:
        moment = parse_datetime(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise ValidationError({"before": [_("Erwartet wird ein Zeitpunkt mit Zeitzone, etwa 2026-01-01T12:00:00Z.")]})
    return moment
