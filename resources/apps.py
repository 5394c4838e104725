from django.apps import AppConfig


class ResourcesConfig(AppConfig):
    name = "resources"
    verbose_name = "Stammdaten"

    def ready(self) -> None:
        from resources import entries  # noqa: F401  registers the entry types
