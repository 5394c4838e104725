from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "leitstelle.accounts"
    verbose_name = _("Benutzer")

    def ready(self) -> None:
        from leitstelle.accounts import entries, seat_services, services  # noqa: F401  registers entry types and commands
