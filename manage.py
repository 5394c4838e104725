#!/usr/bin/env python3
"""Django's command line; uses the running demo's settings where none are given."""

import os
import sys
from pathlib import Path


def load_run_environment() -> None:
    """Without a DATABASE_URL the commands speak to the database that `make demo` made."""
    file = Path(__file__).parent / ".run" / "env"
    if "DATABASE_URL" in os.environ or not file.exists():
        return
    for line in file.read_text().splitlines():
        name, _, value = line.partition("=")
        if name and not name.startswith("#"):
            os.environ.setdefault(name, value)


if __name__ == "__main__":
    load_run_environment()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "leitstelle.settings")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)
