"""`make demo`: two centres with everything they need, linked, and a banner; until Ctrl-C or `make stop`."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from ops import environment
from ops.child import StartFailed
from ops.cluster import PostgresMissing
from ops.control import DemoLock
from ops.emergencies import Emergencies
from ops.node import CommandFailed
from ops.orders import Orders
from ops.places import run_dir
from ops.site import FIRST, Site
from ops.sources import Stamp, static_hash
from ops.stage import FOUNDERS, TOPOLOGIES, Stage
from ops.terminal import Failure, Steps, report

LOOK_EVERY = 0.1
"""Seconds between two looks at what has died."""
CATCH_UP_PATIENCE = 300.0


class Demo(Stage):
    """The demo as a person starts it."""

    # -- start

    def start(self) -> None:
        """Everything up to the ready pages. Raises StartFailed, CommandFailed, PostgresMissing."""
        steps = Steps(7)
        self._step(steps, "PostgreSQL and Redis", self._start_servers)
        self._step(steps, "Databases", self._migrate, self._fits(list(self.sites.values())))
        static = Stamp(self.run / "static.stamp", static_hash())
        # Beside the reference data, which keeps one core busy for about as long.
        collecting = None if static.fits else self.background.submit(self._collect_static)
        self._step(steps, "Reference data", self.first.load_reference, self._fits([self.first]))
        if not self.supervisor.ended.is_set():
            for site in self.sites.values():
                site.data().put(done=True)
        self._step(steps, "Static files", collecting.result if collecting else None)
        static.put(done=not self.supervisor.ended.is_set())
        self._step(steps, f"{self.first.title}", self._start_known)
        others = [site for site in self.sites.values() if site is not self.first]
        self._step(steps, f"{', '.join(site.title for site in others)}: data over the link", self._catch_up)
        self._step(steps, "Processes", self._start_rest)

    def banner(self) -> str:
        """What a person needs now, in the language of the screens."""
        second = self.sites[FOUNDERS[1]]
        base = "eine gemeinsame Datenbank" if self.shared else "je eine Datenbank"
        lines = ["", f"  Die Leitstellen laufen ({base}, verbunden):", ""]
        lines += [f"      {site.title:<10} {site.node.web_url}/" for site in self.sites.values()]
        lines.append("")
        log_ins = self.base / "log-ins"
        if log_ins.exists():
            lines += [f"  {line}" for line in log_ins.read_text().splitlines()]
            lines.append("")
        name = self.first.name
        lines += [
            "  Der Ernstfall, in einem anderen Terminal:",
            f"      make kill CENTRE={name:<9}  {self.first.title} fällt aus (kill -9, Datenbank eingeschlossen)"
            if not self.shared
            else f"      make kill CENTRE={name:<9}  {self.first.title} fällt aus (kill -9 aller Prozesse)",
            f"      make start CENTRE={name:<8}  … und kommt wieder",
            f"      make cut                    die Leitung zwischen {self.first.title} und {second.title} reißt",
            "      make heal                   … und ist wieder da",
            "      make join CENTRE=saalfeld   eine dritte Leitstelle tritt bei",
            "      make leave CENTRE=saalfeld  … und tritt aus",
            "",
            f"  Protokolle: {self.base}/<Leitstelle>/log   ·   Ende: Strg-C oder make stop",
            "",
        ]
        return "\n".join(lines)

    # -- while it runs

    def watch(self) -> None:
        """Revive what dies and carry out orders until the end is asked for."""
        orders = Orders(self.run, Emergencies(self).carry_out, self.base)
        try:
            self.keep_alive()
            while not self.supervisor.ended.is_set():
                self.supervisor.look()
                orders.step(LOOK_EVERY)
        finally:
            orders.close()

    # -- inner works

    def _fits(self, sites: list[Site]) -> bool:
        return all(site.data().fits for site in sites)

    def _start_servers(self) -> None:
        self.network.connect({site.name: site.public_link for site in self.sites.values()})
        for site in self.sites.values():
            environment.write(site.node.run_dir / "env", site.node.env)
        for site in self.sites.values():
            site.servers.start()

    def _migrate(self) -> None:
        """All databases, two at a time."""
        separate = [self.first] if self.shared else list(self.sites.values())
        with ThreadPoolExecutor(2) as pool:
            for result in [pool.submit(site.migrate) for site in separate]:
                result.result()

    def _collect_static(self) -> None:
        self.first.node.manage("collectstatic", "--no-input")

    def _start_known(self) -> None:
        """The first centre, and beside it those that have been filled in an earlier run."""
        for site in self.sites.values():
            if site.has_keys or site is self.first:
                site.node.start(FIRST)
        self.first.start()

    def _catch_up(self) -> None:
        """The other centres' links first: until they have everything, nobody sits there."""
        others = [site for site in self.sites.values() if site is not self.first]
        for site in others:
            site.start(("link",))
        deadline = time.monotonic() + CATCH_UP_PATIENCE
        while lacking := [word for site in others if (word := self.behind(site))]:
            if self.supervisor.ended.wait(LOOK_EVERY):
                return
            if time.monotonic() > deadline:
                raise StartFailed(f"not linked after {CATCH_UP_PATIENCE:.0f} s ({'; '.join(lacking)})")

    def _start_rest(self) -> None:
        for site in self.sites.values():
            if site.name in FOUNDERS and not site.has_keys:
                site.load_reference()
            site.start()
        self.start_simulators()

    def _step(self, steps: Steps, name: str, work: Callable[[], object] | None, fits: bool = False) -> None:
        """Do `work` as the next step, unless the end was asked for or what it makes is there already."""
        if self.supervisor.ended.is_set():
            return
        steps.begin(name)
        if fits or work is None:
            steps.done("up to date")
        else:
            work()
            steps.done()


def demo(topology: str) -> int:
    """Run the demo in this terminal until it is ended; gives the exit code."""
    run = run_dir()
    lock = DemoLock(run)
    if not lock.take():
        number, address = lock.holder()
        print(f"Leitstelle läuft schon: {address or 'startet gerade'} (Prozess {number}; Ende mit `make stop`).")
        return 0
    try:
        thing = Demo(run, topology)
    except OSError as error:
        return report(Failure(str(error), "Free the port or the folder named above and try again."))
    lock.note(f"{thing.first.node.web_url}/")
    thing.supervisor.catch_signals()
    try:
        thing.start()
        if not thing.supervisor.ended.is_set():
            print(thing.banner(), flush=True)
            thing.watch()
        print("\n  Wird beendet …", flush=True)
        code = 0
    except (StartFailed, CommandFailed, PostgresMissing, OSError) as error:
        if thing.supervisor.ended.is_set():  # Ctrl-C reached the command of the running step, too
            code = 0
        else:
            advice = f"Read the lines above and the logs below {run}; `make reset` starts afresh (it asks first)."
            code = report(Failure(str(error), advice))
    finally:
        thing.stop()
    print("  Alles beendet." if code == 0 else "  Alles, was lief, ist beendet.", flush=True)
    return code


def main(arguments: list[str]) -> int:
    if len(arguments) != 1 or arguments[0] not in TOPOLOGIES:
        print(f"FAILED: no topology {' '.join(arguments)!r}", file=sys.stderr)
        print(f"What to do: make demo, or make demo TOPOLOGY={'|'.join(TOPOLOGIES)}", file=sys.stderr)
        return 2
    return demo(arguments[0])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
