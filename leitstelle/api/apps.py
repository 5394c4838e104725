from django.apps import AppConfig


class ApiConfig(AppConfig):
    name = "leitstelle.api"
    verbose_name = "Schnittstellen"

    def ready(self) -> None:
        from leitstelle.api import openapi  # noqa: F401  registers the scheme; needs loaded apps
