from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "leitstelle.accounts"
    verbose_name = "Benutzer"

    def ready(self) -> None:
        from leitstelle.accounts import entries, seat_services, services  # noqa: F401  registers entry types and commands
