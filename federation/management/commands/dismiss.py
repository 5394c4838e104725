"""Dismiss a node from the network: within seconds no node speaks with it any more. Its entries stay."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from federation import nodes
from federation.entries.node import NodeSaved
from federation.models import Node
from journal.commands import Refused


class Command(BaseCommand):
    help = "Entlässt einen Knoten aus dem Verbund."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name")

    def handle(self, *args: Any, **options: Any) -> None:
        row = Node.objects.filter(pk=options["name"]).first()
        # One that only the settings name is dismissed as well: the table's word counts.
        values = {field: getattr(row, field) for field in NodeSaved.model_fields} if row else {}
        try:
            nodes.save(**({"id": options["name"], "name": options["name"]} | values | {"active": False}))
        except Refused as refusal:
            raise CommandError(refusal.reason) from None
        self.stdout.write(f"Entlassen: {options['name']}.")
