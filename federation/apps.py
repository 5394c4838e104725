from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class FederationConfig(AppConfig):
    name = "federation"
    verbose_name = _("Verbund")

    def ready(self) -> None:
        # Importing registers the entry types and the commands; models must be loaded before.
        from federation import entries, nodes  # noqa: F401
