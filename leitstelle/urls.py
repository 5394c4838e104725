"""Addresses of the web process, and what answers where there is none."""

from django.contrib import admin
from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from leitstelle.health import health

urlpatterns: list[URLPattern | URLResolver] = [
    path("health", health),
    path("", include("leitstelle.accounts.urls")),
    path("admin/", admin.site.urls),
    path("api/", include("leitstelle.api.urls")),
    path("console/", include("leitstelle.console.urls")),
    path("", include("leitstelle.accounts.urls")),
    path("admin/", admin.site.urls),
]

handler400 = "leitstelle.errors.bad_request"
handler403 = "leitstelle.errors.forbidden"
handler404 = "leitstelle.errors.not_found"
handler500 = "leitstelle.errors.server_error"
