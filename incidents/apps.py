from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class IncidentsConfig(AppConfig):
    name = "incidents"
    verbose_name = _("Einsätze")

    def ready(self) -> None:
        # Importing registers the entry types and the commands; models must be loaded before.
        from incidents import entries, services  # noqa: F401
