from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "leitstelle.accounts"
    verbose_name = "Benutzer"

    def ready(self) -> None:
        # Importing registers the entry types.
        from leitstelle.accounts import entries  # noqa: F401, PLC0415
