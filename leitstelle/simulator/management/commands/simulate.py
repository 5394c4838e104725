"""``manage.py simulate``: play calls, radio and crews against a running node."""

import asyncio
import contextlib
import signal
from argparse import ArgumentParser
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from leitstelle.simulator.doors import Doors, Unreachable
from leitstelle.simulator.play import Wish, play
from leitstelle.simulator.room import NotSeated
from resources.availability import LOCAL

LIVE_INTENSITY = 2.0


class Command(BaseCommand):
    """See the arguments."""

    help = "Spielt einen glaubwürdigen Tag: Anrufe, Funk und Besatzungen, auf Wunsch auch Disponenten."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--url", default=f"http://127.0.0.1:{settings.LEITSTELLE_WEB_PORT}", help="Adresse des Knotens"
        )
        parser.add_argument("--seed", type=int, default=112, help="gleicher Wert, gleicher Tag")
        parser.add_argument("--live", action="store_true", help="ab jetzt, in Echtzeit, ohne Ende, mit Kollegen")
        parser.add_argument("--date", type=datetime.fromisoformat, help="Tag (JJJJ-MM-TT), sonst heute")
        parser.add_argument("--hours", type=float, default=24.0, help="wie lange, in gespielten Stunden")
        parser.add_argument("--speed", type=float, default=1.0, help="gespielte Sekunden je Sekunde")
        parser.add_argument(
            "--intensity", type=float, help="Vielfaches der üblichen Zahl von Anrufen (1, bei --live 2)"
        )
        parser.add_argument("--storm", action="store_true", help="Unwetter: 900 Anrufe in 10 Minuten")
        parser.add_argument("--dispatch", action="store_true", help="simulierte Disponenten bearbeiten die Anrufe")
        parser.add_argument("--no-dispatch", action="store_true", help="bei --live: keine simulierten Kollegen")
        parser.add_argument(
            "--seats", type=int, default=4, help="Kollegen je Leitstelle; sie sitzen an den letzten Plätzen"
        )
        parser.add_argument("--centres", default="", help="nur diese Leitstellen, durch Komma getrennt; sonst alle")
        parser.add_argument(
            "--other", action="append", default=[], metavar="URL",
            help="Knoten, zu dem Leitungen und Funk geschaltet werden, solange der eigene nicht antwortet",
        )  # fmt: skip
        parser.add_argument("--run-dir", type=Path, default=settings.LEITSTELLE_RUN_DIR, help="Ordner mit keys.json")

    def handle(self, *args: Any, **options: Any) -> None:
        # What is shown to newcomers shall be worth watching.
        intensity = options["intensity"] or (LIVE_INTENSITY if options["live"] else 1.0)
        if options["speed"] <= 0 or intensity <= 0 or options["hours"] <= 0:
            raise CommandError("speed, intensity und hours müssen größer als 0 sein.")
        begin = timezone.now()
        if not (options["live"] or options["storm"]):
            begin = datetime.combine(options["date"] or begin.astimezone(LOCAL), time(), tzinfo=LOCAL)
        wish = Wish(
            url=options["url"], seed=options["seed"], begin=begin,
            end=None if options["live"] else begin + timedelta(hours=options["hours"]), speed=options["speed"],
            intensity=intensity, storm=options["storm"], seats=options["seats"],
            centres=frozenset(filter(None, options["centres"].split(","))),
            dispatch=(options["dispatch"] or options["live"]) and not options["no_dispatch"],
        )  # fmt: skip
        try:
            doors = Doors.of(wish.url, options["run_dir"], options["other"])
        except FileNotFoundError as error:
            raise CommandError(f"{error.filename} fehlt: erst „manage.py load_reference --demo“ ausführen.") from None
        try:
            asyncio.run(_until_stopped(wish, doors))
        except* (Unreachable, NotSeated) as group:
            raise CommandError("; ".join(str(error) for error in group.exceptions)) from None


async def _until_stopped(wish: Wish, doors: Doors) -> None:
    """Play; SIGTERM and Ctrl-C end it like the end of the day: seats are left."""
    task = asyncio.current_task()
    assert task is not None
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await play(wish, doors)
