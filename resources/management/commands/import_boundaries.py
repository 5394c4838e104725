"""Take over the official county boundaries, as entries of the journal."""

from pathlib import Path
from typing import Any

from django.contrib.gis.geos import GEOSGeometry
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from journal import notify
from journal.actor import system
from journal.record import Transaction
from resources.boundaries import BadFile, Reading, read_counties
from resources.entries import BoundaryImported
from resources.models import Boundary, County

# ETRS89 / UTM zone 32: areas in square metres for all of Thuringia.
METRIC = 25832
# Further off than this from the county's known size, the import is right but someone should look.
TOLERANCE = 0.05


class Command(BaseCommand):
    help = "Liest amtliche Kreisgrenzen (BKG VG250) aus GeoPackage, Shapefile oder GeoJSON."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("path", type=Path, help="Datei, z. B. DE_VG250.gpkg oder VG250_KRS.shp")
        parser.add_argument("--layer", default="", help="Ebene, wenn es mehrere gibt, z. B. vg250_krs")
        parser.add_argument("--date", default="", help="Stand der Daten für den Quellenvermerk, z. B. 2026-01-01")

    def handle(self, *args: Any, **options: Any) -> None:
        counties = {county.id: county for county in County.objects.filter(active=True)}
        if not counties:
            raise CommandError("Es sind noch keine Kreise angelegt; zuerst manage.py load_reference.")
        try:
            reading = read_counties(options["path"], set(counties), options["layer"])
        except BadFile as error:
            raise CommandError(str(error)) from None
        source = " ".join(filter(None, ("VG250", options["date"], f"({options['path'].name})")))[:200]
        recorded = self._record(reading, source)
        self._report(reading, recorded, counties)

    def _record(self, reading: Reading, source: str) -> set[str]:
        """Record what differs from the present boundaries; returns the AGS of those."""
        with transaction.atomic(durable=True):
            tx = Transaction(system("import_boundaries"))
            present = {b.county_id: b for b in Boundary.objects.filter(county__in=reading.areas)}
            recorded = set()
            for ags in reading.areas:
                wkt = reading.wkt(ags)
                old = present.get(ags)
                if old is None or old.source != source or not old.area.equals_exact(GEOSGeometry(wkt, srid=4326)):
                    tx.record(BoundaryImported(county=ags, area=wkt, source=source))
                    recorded.add(ags)
            pos = tx.append("boundaries.import") if recorded else 0
        if pos:
            notify.hint(pos)
        return recorded

    def _report(self, reading: Reading, recorded: set[str], counties: dict[str, County]) -> None:
        self.stdout.write(f"Ebene „{reading.layer}“:")
        for ags, area in reading.areas.items():
            km2 = area.transform(METRIC, clone=True).area / 1e6
            known = counties[ags].area_km2
            doubt = "" if abs(km2 - known) <= TOLERANCE * known else f", erwartet {known:.0f} km², bitte prüfen"
            state = "übernommen" if ags in recorded else "unverändert"
            self.stdout.write(f"  {ags} {counties[ags].name}: {state} ({km2:.1f} km²{doubt})")
        for reason, count in reading.left.items():
            self.stdout.write(f"  ausgelassen: {count} {reason}")
        for ags in sorted(counties.keys() - reading.areas.keys()):
            self.stdout.write(f"  nicht in der Datei: {ags} {counties[ags].name}")
