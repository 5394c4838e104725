from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ApiConfig(AppConfig):
    name = "leitstelle.api"
    verbose_name = _("Schnittstellen")

    def ready(self) -> None:
        from leitstelle.api import openapi  # noqa: F401  registers the scheme; needs loaded apps
