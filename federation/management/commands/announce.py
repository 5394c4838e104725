"""Tell the network this node's addresses, centres and key. The process `link` does it by itself at its start."""

from typing import Any

from django.core.management.base import BaseCommand

from federation import nodes


class Command(BaseCommand):
    help = "Teilt dem Verbund Adressen, Leitstellen und Schlüssel dieses Knotens mit."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write("Mitgeteilt." if nodes.announce() else "Nichts Neues mitzuteilen.")
