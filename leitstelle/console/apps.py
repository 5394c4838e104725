from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ConsoleConfig(AppConfig):
    name = "leitstelle.console"
    verbose_name = _("Konsole")
