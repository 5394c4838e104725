"""Addresses of the web process, and what answers where there is none."""

from django.urls import URLPattern, URLResolver, path

from leitstelle.health import health

urlpatterns: list[URLPattern | URLResolver] = [
    path("health", health),
]

handler400 = "leitstelle.errors.bad_request"
handler403 = "leitstelle.errors.forbidden"
handler404 = "leitstelle.errors.not_found"
handler500 = "leitstelle.errors.server_error"
