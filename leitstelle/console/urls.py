"""Addresses of the console, below /console/."""

from django.urls import path

from leitstelle.console import door, pages

app_name = "console"
urlpatterns = [
    path("", pages.console, name="console"),
    path("snapshot", door.snapshot, name="snapshot"),
    path("command/<str:name>", door.command, name="command"),
    path("geography", door.geography, name="geography"),
    path("incident/<uuid:incident_id>", door.incident, name="incident"),
    path("incident/<uuid:incident_id>/sheet", door.sheet, name="sheet"),
    path("incident/<uuid:incident_id>/print", door.print_sheet, name="print"),
    path("incidents", door.incidents, name="incidents"),
    path("search", door.search, name="search"),
    path("nearby", door.nearby, name="nearby"),
    path("proposal", door.proposal, name="proposal"),
]
