"""Celery: statistics, mail, print, imports, clean-up. Nothing that a life may hang on."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "leitstelle.settings")
app = Celery("leitstelle")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
