"""The key this node proves itself with: made if there is none; the public half is the last line."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from federation.identity import public_key


class Command(BaseCommand):
    help = "Zeigt den öffentlichen Schlüssel dieses Knotens (und legt ein Schlüsselpaar an, wenn es keines gibt)."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{settings.LEITSTELLE_NODE}:")
        self.stdout.write(public_key())
