"""The sockets process: consoles' websockets and its own health, nothing else."""

import gc
import os
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "leitstelle.settings")
django.setup()

from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402  needs the apps
from django.urls import path  # noqa: E402

from leitstelle.console.consumers import ConsoleConsumer  # noqa: E402
from leitstelle.console.crossing import KnownOrigins  # noqa: E402
from leitstelle.health import asgi_health  # noqa: E402

console: Any = ConsoleConsumer.as_asgi()  # Django's types know no ASGI application as a view
application = ProtocolTypeRouter(
    {
        "http": asgi_health,
        "websocket": KnownOrigins(URLRouter([path("console/socket", console)])),
    }
)
# What is loaded by now lives as long as the process: full collections must not walk it and delay frames.
gc.collect()
gc.freeze()
