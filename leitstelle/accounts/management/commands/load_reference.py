"""Load the reference data of all apps; stands here because only the project may know them all."""

import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils import timezone

from federation import reference as federation_reference
from incidents import reference as incidents_reference
from journal import notify
from journal.record import Transaction
from leitstelle.accounts import demo
from resources import reference
from resources.entries import StatusReported
from resources.models import Unit
from resources.reference.files import BadData
from resources.reference.load import actor
from resources.status import AT_STATION


class Command(BaseCommand):
    help = "Lädt die Stammdaten aus den mitgelieferten Dateien; ein zweiter Lauf schreibt nur, was sich geändert hat."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--demo", action="store_true", help="auch Plätze, Benutzer und Schlüssel zum Ausprobieren")

    def handle(self, *args: Any, **options: Any) -> None:
        began = time.monotonic()
        try:
            with transaction.atomic(durable=True):
                tx = Transaction(actor())
                loaded = reference.load(tx, self._entries(options["demo"]))
                keys = {}
                if options["demo"]:
                    demo.record_people(tx)
                    keys = demo.record_keys(tx)
                self._first_status(tx)
                pos = tx.append("reference.load") if tx.envelopes else 0
        except BadData as error:
            raise CommandError(f"Stammdaten nicht lesbar: {error}") from error
        if pos:
            notify.hint(pos)
        if keys:
            demo.write_keys(keys)
        if options["verbosity"]:
            self._report(loaded, time.monotonic() - began, options["demo"])

    def _entries(self, with_demo: bool) -> list[Any]:
        entries = [*reference.entries(), *incidents_reference.entries(), *federation_reference.entries()]
        return entries + list(reference.demo_entries()) if with_demo else entries

    def _first_status(self, tx: Transaction) -> None:
        """Every unit begins at its station; from then on only messages change its status."""
        now = timezone.now()
        for unit in Unit.objects.filter(active=True, state=None).order_by("id").values_list("id", flat=True):
            tx.record(StatusReported(unit=unit, status=AT_STATION, observed_at=now, source="system"))

    def _report(self, loaded: reference.Loaded, seconds: float, with_demo: bool) -> None:
        self.stdout.write(
            f"Stammdaten: {loaded.recorded} neu oder geändert, {loaded.unchanged} unverändert, "
            f"{loaded.retired} außer Gebrauch ({seconds:.1f} s)"
        )
        if with_demo:
            self.stdout.write("\n".join(demo.table()))
