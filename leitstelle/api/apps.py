from django.apps import AppConfig


class ApiConfig(AppConfig):
    name = "leitstelle.api"
    verbose_name = "Schnittstellen"
