"""Addresses of the doors for programs."""

from django.urls import path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from leitstelle.api import alarms, radio, reads, telephony

urlpatterns = [
    path("v1/telephony/calls", telephony.Calls.as_view()),
    path("v1/radio/status", radio.Status.as_view()),
    path("v1/radio/status/batch", radio.StatusBatch.as_view()),
    path("v1/positions", radio.Positions.as_view()),
    path("v1/alarms/receipts", alarms.Receipts.as_view()),
    path("v1/stations/<str:station>/alarms", alarms.StationAlarms.as_view()),
    path("v1/incidents", reads.Incidents.as_view()),
    path("v1/incidents/<uuid:incident>", reads.OneIncident.as_view()),
    path("v1/units", reads.Units.as_view()),
    path("v1/counties", reads.Counties.as_view()),
    path("v1/hospitals", reads.Hospitals.as_view()),
    path("schema/", SpectacularAPIView.as_view(), name="schema"),
    path("docs/", SpectacularSwaggerSplitView.as_view(url_name="schema"), name="docs"),
]
