"""The centres of a demo, their servers and the lines between them: what there is to start, kill, cut and end."""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ops.network import Network, link_state
from ops.places import server_home
from ops.site import Servers, Site, watched_servers
from ops.supervisor import Supervisor

FOUNDERS = ("jena", "gera")
TOPOLOGIES = ("split", "shared")


class Stage:
    """All centres of the demo of one run folder, with their servers and lines.

    The first centre loads the data, the others receive them over the link.
    `split`: a PostgreSQL and a Redis for each centre. `shared`: one of each for all, kept apart from those of `split`.
    """

    def __init__(self, run: Path, topology: str) -> None:
        self.run = run
        self.shared = topology == "shared"
        self.base = run / "shared" if self.shared else run
        self.base.mkdir(parents=True, exist_ok=True)
        self.joined = self.base / "joined"
        """Names of the centres that have joined, line by line: they come again at the next start."""
        self.ports = int(os.environ.get("LEITSTELLE_WEB_PORT", "8000"))
        self._home = server_home(run)
        self._servers = Servers(self._home / "shared", self.base / "log") if self.shared else None
        names = [*FOUNDERS, *(self.joined.read_text().split() if self.joined.exists() else [])]
        self.sites = {name: self.new_site(name, number) for number, name in enumerate(names)}
        self.network = Network((site.node for site in self.sites.values()), run / "log" / "wires.log")
        self.supervisor = Supervisor(_say)
        self.background = ThreadPoolExecutor(1)

    @property
    def first(self) -> Site:
        return self.sites[FOUNDERS[0]]

    def new_site(self, name: str, number: int) -> Site:
        """The installation of a centre, nothing of it started."""
        run = self.base / name
        servers = self._servers or Servers(self._home / name, run / "log")
        static = self.run / "static"
        return Site(name, number, run=run, static=static, servers=servers, shared=self.shared, ports=self.ports)

    def keep_alive(self) -> None:
        """Watch over everything that shall run now: after every change of that."""
        things = [watched for site in self.sites.values() for watched in site.watched()]
        if self._servers is not None:
            things += watched_servers(self._servers, "shared", self.base / "log")
        things.append(self.network.watched())
        self.supervisor.watch(things)

    def behind(self, site: Site) -> str:
        """What `site` still lacks, in a word for the terminal; empty when it is linked to all that run and has all."""
        for other in self.sites.values():
            if other is not site and not other.away:
                state, lacking = link_state(site.servers.cluster, "leitstelle", site.name, other.name)
                if state != "up" or lacking:
                    return f"{other.title}: {state}, {lacking}"
        return ""

    def start_simulators(self) -> None:
        """Callers and crews for the centres of the reference data; each with a neighbour for its worst day."""
        for name, other in zip(FOUNDERS, reversed(FOUNDERS), strict=True):
            node = self.sites[other].node
            self.sites[name].start_simulator(f"http://127.0.0.1:{node.web_port}")

    def remember_joined(self) -> None:
        """Write down who comes again at the next start."""
        self.joined.write_text("".join(f"{name}\n" for name in self.sites if name not in FOUNDERS))

    def stop(self) -> None:
        """End everything in the order of its dependence, all centres together."""
        for ask in (Site.ask_simulator_to_stop, Site.ask_to_stop):
            for site in self.sites.values():
                ask(site)
        for site in self.sites.values():
            site.stop()
        if self._servers is not None:
            self._servers.stop()
        self.network.stop()
        self.background.shutdown()


def _say(line: str) -> None:
    print(f"  {time.strftime('%H:%M:%S')} {line}", flush=True)
