"""The web process: pages, commands, REST."""

import gc
import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "leitstelle.settings")
application = get_wsgi_application()
# What is loaded by now lives as long as the process; without it every full collection walks it again.
gc.freeze()
