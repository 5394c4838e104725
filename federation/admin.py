"""The network in the administration; every save is an entry, see ``journal.admin``."""

from django.contrib import admin

from federation import models
from federation.entries.node import NodeSaved
from journal.admin import JournalAdmin


@admin.register(models.Node)
class NodeAdmin(JournalAdmin):
    entry = NodeSaved
    list_display = ("name", "id", "centres", "web_url", "active")
    list_filter = ("active",)
    search_fields = ("id", "name")
    ordering = ("id",)
    fields = ("id", "name", "centres", "link_url", "web_url", "sockets_url", "public_key", "active")
