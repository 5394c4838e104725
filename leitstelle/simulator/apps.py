from django.apps import AppConfig


class SimulatorConfig(AppConfig):
    name = "leitstelle.simulator"
    verbose_name = "Simulator"
