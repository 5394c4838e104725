"""Addresses of the console, below /console/. All but the page answer the consoles of the other nodes as well."""

from django.urls import path

from leitstelle.console import door, pages, reports, takeover
from leitstelle.console.crossing import shared

app_name = "console"
urlpatterns = [
    path("", pages.console, name="console"),
    path("alive", shared(door.alive), name="alive"),
    path("snapshot", shared(door.snapshot), name="snapshot"),
    path("command/<str:name>", shared(door.command), name="command"),
    path("token", shared(door.renew), name="token"),
    path("leave", shared(door.leave), name="leave"),
    path("geography", shared(door.geography), name="geography"),
    path("incident/<uuid:incident_id>", shared(door.incident), name="incident"),
    path("incident/<uuid:incident_id>/sheet", shared(door.sheet), name="sheet"),
    path("incident/<uuid:incident_id>/print", shared(door.print_sheet), name="print"),
    path("incidents", shared(door.incidents), name="incidents"),
    path("search", shared(door.search), name="search"),
    path("nearby", shared(door.nearby), name="nearby"),
    path("takeover/<str:scope>", shared(takeover.sheet), name="takeover"),
    path("switchback/<str:scope>/report", shared(takeover.report), name="switchback-report"),
    path("countersign", shared(takeover.countersign), name="countersign"),
    path("conflict/<uuid:conflict_id>", shared(reports.conflict), name="conflict"),
    path("drills", shared(reports.drill_page), name="drills"),
    path("proposal", shared(door.proposal), name="proposal"),
]
