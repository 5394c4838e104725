from django.apps import AppConfig


class ConsoleConfig(AppConfig):
    name = "leitstelle.console"
    verbose_name = "Konsole"
