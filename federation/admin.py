"""The network in the administration; every save is an entry, see ``journal.admin``."""

from django.contrib import admin

from federation import models
from federation.entries.agreement import AgreementSaved, LocalKnowledgeSaved
from federation.entries.node import NodeSaved
from journal.admin import JournalAdmin, ReadOnlyAdmin
from journal.models import Quarantine


@admin.register(models.Node)
class NodeAdmin(JournalAdmin):
    entry = NodeSaved
    list_display = ("name", "id", "centres", "web_url", "active")
    list_filter = ("active",)
    search_fields = ("id", "name")
    ordering = ("id",)
    fields = ("id", "name", "centres", "link_url", "web_url", "sockets_url", "public_key", "active")


@admin.register(models.Agreement)
class AgreementAdmin(JournalAdmin):
    entry = AgreementSaved
    list_display = (
        "id",
        "centre",
        "partner",
        "silent_seconds",
        "signatures",
        "automatic_seconds",
        "spill_seconds",
        "active",
    )
    list_filter = ("active",)
    ordering = ("id",)
    fields = (
        "id", "centre", "partner", "silent_seconds", "signatures", "dispatcher_may", "automatic_seconds",
        "spill_seconds", "cost_key", "note", "active",
    )  # fmt: skip


@admin.register(models.LocalKnowledge)
class LocalKnowledgeAdmin(JournalAdmin):
    entry = LocalKnowledgeSaved
    list_display = ("name", "kind", "county", "value", "note", "example", "active")
    list_filter = ("kind", "county", "active", "example")
    search_fields = ("name", "value", "note")
    ordering = ("county", "kind", "name")
    fields = ("id", "name", "kind", "county", "value", "note", "example", "active")


@admin.register(models.Mandate)
class MandateAdmin(ReadOnlyAdmin):
    list_display = ("scope", "centre", "holder", "state", "term", "taken_at", "alone", "returned_at")
    list_filter = ("state", "alone")
    ordering = ("scope",)


@admin.register(Quarantine)
class QuarantineAdmin(ReadOnlyAdmin):
    """What this version could not apply: an administrator sees it here, every console its number."""

    list_display = ("pos", "type", "aggregate_kind", "aggregate_id", "origin", "reason", "at")
    list_filter = ("type", "origin")
    search_fields = ("aggregate_id", "type")
    ordering = ("-pos",)
