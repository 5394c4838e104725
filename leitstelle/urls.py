"""Addresses of the web process, and what answers where there is none."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from leitstelle.console import pages, station
from leitstelle.health import health

urlpatterns: list[URLPattern | URLResolver] = [
    path("", pages.console, name="home"),
    path("service-worker.js", pages.service_worker, name="service-worker"),
    path("health", health),
    path("", include("leitstelle.accounts.urls")),
    path("admin/", admin.site.urls),
    path("api/", include("leitstelle.api.urls")),
    path("station/<str:station>/", station.page, name="station"),
    path("station/<str:station>/alarms", station.alarms, name="station-alarms"),
    path("station/<str:station>/receipt", station.receipt, name="station-receipt"),
    path("console/", include("leitstelle.console.urls")),
]

handler400 = "leitstelle.errors.bad_request"
handler403 = "leitstelle.errors.forbidden"
handler404 = "leitstelle.errors.not_found"
handler500 = "leitstelle.errors.server_error"
