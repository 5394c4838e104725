from django.apps import AppConfig


class IncidentsConfig(AppConfig):
    name = "incidents"
    verbose_name = "Einsätze"

    def ready(self) -> None:
        from incidents import entries  # noqa: F401  registers the entry types
