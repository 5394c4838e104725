"""Imports that take minutes: run by Celery, with the command's own messages as the result."""

from io import StringIO

from celery import shared_task
from django.core.management import call_command


@shared_task
def import_boundaries(path: str) -> str:
    """Read the official county boundaries from a file on the server; see the command of the same name."""
    out = StringIO()
    call_command("import_boundaries", path, stdout=out)
    return out.getvalue()
