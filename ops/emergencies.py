"""What can be staged on the running demo: centres die and return, lines break, centres join and leave."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

from ops import environment
from ops.orders import Course
from ops.processes import NODE
from ops.site import Site
from ops.stage import FOUNDERS, Stage
from ops.terminal import Failure

NAME = re.compile(r"[a-z][a-z0-9-]{1,19}")
JOIN_PATIENCE = 300.0


class Emergencies:
    """Carries out the orders of `ops.control` on a stage. Every order is a course of steps, see `ops.orders.Course`."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage

    def carry_out(self, name: str, centre: str) -> Course:
        """The course of the order `name`. Raises KeyError for an unknown one."""
        orders: dict[str, Callable[[str], Course]] = {
            "kill": self.kill,
            "start": self.start,
            "cut": self.cut,
            "heal": self.heal,
            "join": self.join,
            "leave": self.leave,
        }
        return orders[name](centre)

    def kill(self, centre: str) -> Course:
        """Every process of a centre dies by -9, its PostgreSQL and Redis with it unless others use them too."""
        site = self._site(centre)
        if site.away:
            raise Failure(f"{site.title} is dead already.", f"Bring it back: make start CENTRE={centre}")
        site.away = True
        self.stage.keep_alive()
        site.kill()
        what = "alle Prozesse" if site.shared else "alle Prozesse, PostgreSQL und Redis"
        yield f"{site.title} ist ausgefallen: {what}. Zurück mit: make start CENTRE={centre}"

    def start(self, centre: str) -> Course:
        """A dead centre comes back and catches up."""
        site = self._site(centre)
        if not site.away:
            raise Failure(f"{site.title} is running.", f"To kill it: make kill CENTRE={centre}")
        site.start()
        self.stage.keep_alive()
        yield f"{site.title} läuft wieder: {site.node.web_url}/"
        if not self._is_cut(site):
            yield from self._until_caught_up(site)
            yield f"{site.title} ist auf dem Stand der anderen."

    def cut(self, centre: str) -> Course:
        """The lines between all centres break, or those of one; everything else goes on."""
        names = [self._site(centre).name] if centre else []
        self.stage.network.cut(*names)
        which = f"Die Leitungen von {self._site(centre).title}" if centre else "Alle Leitungen zwischen den Leitstellen"
        yield f"{which} sind unterbrochen. Zurück mit: make heal"

    def heal(self, centre: str) -> Course:
        """Broken lines work again."""
        names = [self._site(centre).name] if centre else []
        self.stage.network.heal(*names)
        which = f"Die Leitungen von {self._site(centre).title}" if centre else "Alle Leitungen zwischen den Leitstellen"
        yield f"{which} sind wieder da."

    def join(self, centre: str) -> Course:
        """A further centre with an empty database is admitted at a running one, and receives everything."""
        stage = self.stage
        if centre in stage.sites:
            raise Failure(
                f"{stage.sites[centre].title} is there already.", "Choose another name: make join CENTRE=erfurt"
            )
        if not NAME.fullmatch(centre):
            raise Failure(f"{centre!r} is no name for a centre.", "Small letters, digits and -, from 2 to 20 of them.")
        host = self._running()
        site = stage.new_site(centre, self._free_number())
        site.servers.start()
        stage.network.add(site.node, site.public_link)
        stage.sites[centre] = site
        environment.write(site.node.run_dir / "env", site.node.env)
        stage.keep_alive()
        yield f"{site.title}: PostgreSQL und Redis laufen."
        if not site.shared:
            yield from self._in_background(site.migrate)
            yield f"{site.title}: leere Datenbank angelegt."
        node = site.node
        addresses = (node.link_url, node.web_url, node.env["LEITSTELLE_SOCKETS_URL"])
        yield from self._in_background(
            lambda: host.node.manage("admit", centre, *addresses, node.public_key, ",".join([centre]))
        )
        yield f"{site.title}: von {host.title} in den Verbund aufgenommen."
        site.start(("link",))
        stage.keep_alive()
        yield from self._until_caught_up(site)
        yield f"{site.title}: hat alles erhalten."
        site.start(NODE)
        site.data().put(done=True)
        stage.remember_joined()
        stage.keep_alive()
        yield f"{site.title} ist dabei: {node.web_url}/"

    def leave(self, centre: str) -> Course:
        """A centre that has joined is dismissed and ended. Its data stay until `make reset`."""
        site = self._site(centre)
        if site.name in FOUNDERS:
            do = f"To see it fail: make kill CENTRE={centre}"
            raise Failure(f"{site.title} belongs to the demo's first two centres, which stay.", do)
        del self.stage.sites[centre]
        self.stage.keep_alive()
        host = self._running()
        yield from self._in_background(lambda: host.node.manage("dismiss", centre))
        site.stop()
        self.stage.network.remove(site.node)
        self.stage.remember_joined()
        yield f"{site.title} gehört nicht mehr zum Verbund. Was dort geschehen ist, bleibt bei allen."

    # -- inner works

    def _site(self, centre: str) -> Site:
        if centre not in self.stage.sites:
            known = ", ".join(self.stage.sites)
            raise Failure(f"There is no centre {centre!r} in this stage.", f"Name one of these by CENTRE=…: {known}")
        return self.stage.sites[centre]

    def _running(self) -> Site:
        """A centre that can speak for the network."""
        for site in self.stage.sites.values():
            if not site.away and site.node.running("link"):
                return site
        raise Failure("No centre is running.", f"Bring one back: make start CENTRE={self.stage.first.name}")

    def _free_number(self) -> int:
        taken = {site.number for site in self.stage.sites.values()}
        return next(number for number in range(len(taken) + 1) if number not in taken)

    def _is_cut(self, site: Site) -> bool:
        return any(self.stage.network.is_cut(site.name, other) for other in self.stage.sites if other != site.name)

    def _in_background(self, work: Callable[[], object]) -> Course:
        """Do something that takes long beside everything else. Raises what it raises."""
        doing = self.stage.background.submit(work)
        while not doing.done():
            yield ""
        doing.result()

    def _until_caught_up(self, site: Site) -> Course:
        deadline = time.monotonic() + JOIN_PATIENCE
        while lacking := self.stage.behind(site):
            if time.monotonic() > deadline:
                do = f"See {site.node.run_dir}/log/link.log; is a line cut? make heal"
                raise Failure(f"{site.title} has not caught up within {JOIN_PATIENCE:.0f} s ({lacking}).", do)
            yield ""
