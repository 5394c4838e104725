from django.apps import AppConfig


class IncidentsConfig(AppConfig):
    name = "incidents"
    verbose_name = "Einsätze"

    def ready(self) -> None:
        # Importing registers the entry types and the commands; models must be loaded before.
        from incidents import entries, services  # noqa: F401
