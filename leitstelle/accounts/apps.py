from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "leitstelle.accounts"
    verbose_name = "Benutzer"
