from django.apps import AppConfig


class DashboardsConfig(AppConfig):
    name = "leitstelle.dashboards"
    verbose_name = "Lagebild"
