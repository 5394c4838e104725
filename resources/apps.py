from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ResourcesConfig(AppConfig):
    name = "resources"
    verbose_name = _("Stammdaten")

    def ready(self) -> None:
        from resources import entries, services  # noqa: F401  registers the entry types and commands
