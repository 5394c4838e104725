from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class FederationConfig(AppConfig):
    name = "federation"
    verbose_name = _("Verbund")

    def ready(self) -> None:
        # Importing registers the entry types and the commands; models must be loaded before.
        from federation import (  # noqa: F401
            agreements,
            automatic,
            claims,
            conflicts,
            drills,
            entries,
            mandates,
            nodes,
            reach,
            switch_back,
            take_over,
        )
        from incidents import loops, network
        from journal.record import Network

        Network.linked = staticmethod(lambda: not reach.alone())
        network.connect(duty=mandates.duty, reachable=mandates.reachable, settled=mandates.settled)
        loops.register("take_over", automatic.run)
        loops.register("conflicts", conflicts.run)
        loops.register("drills", drills.run)
