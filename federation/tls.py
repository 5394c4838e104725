"""Certificates of both sides on the link, where the settings name them; the check of keys at hello comes on top."""

import ssl
from functools import cache

from django.conf import settings


@cache
def client_context() -> ssl.SSLContext | None:
    """How this node shows its certificate and checks the other's when it dials; None without certificates."""
    if not settings.LEITSTELLE_LINK_TLS_CERT:
        return None
    context = ssl.create_default_context(cafile=settings.LEITSTELLE_LINK_TLS_CA or None)
    context.load_cert_chain(settings.LEITSTELLE_LINK_TLS_CERT, settings.LEITSTELLE_LINK_TLS_KEY or None)
    return context


def web_address(link_url: str) -> str:
    """The address of a link for plain requests: ws:// becomes http://, wss:// https://."""
    return "http" + link_url.removeprefix("ws")
