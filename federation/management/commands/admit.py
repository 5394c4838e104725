"""Admit a node to the network, at any node that runs; the others hear of it over their links."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from federation import nodes
from journal.commands import Refused


class Command(BaseCommand):
    help = "Nimmt einen Knoten in den Verbund auf."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="LEITSTELLE_NODE des neuen Knotens")
        parser.add_argument("link_url", help="ws://…: wo andere Knoten ihn erreichen")
        parser.add_argument("web_url", help="http://…: seine Seiten, wie Browser sie erreichen")
        parser.add_argument("sockets_url", help="ws://…: seine Konsolenverbindung")
        parser.add_argument("key", help="was dort `manage.py identity` zeigt")
        parser.add_argument("centres", help="seine Leitstellen, durch Komma getrennt")

    def handle(self, *args: Any, **options: Any) -> None:
        centres = [centre for centre in options["centres"].split(",") if centre]
        try:
            nodes.save(
                id=options["name"], name=options["name"].capitalize(), centres=centres, link_url=options["link_url"],
                web_url=options["web_url"], sockets_url=options["sockets_url"], public_key=options["key"], active=True,
            )  # fmt: skip
        except Refused as refusal:
            raise CommandError(refusal.reason) from None
        self.stdout.write(f"Aufgenommen: {options['name']}. Dort gehört dieser Knoten in LEITSTELLE_PEERS.")
