"""The whole reference data, loaded once for the tests that need it."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as node
from django.core.management import call_command
from pytest_django.plugin import DjangoDbBlocker

from journal import fold
from journal.models import Key


@pytest.fixture(scope="module")
def loaded_once(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Path]:
    """Load everything outside the tests' transactions; taken away again at the end of the module."""
    run = tmp_path_factory.mktemp("run")
    before, node.LEITSTELLE_RUN_DIR = node.LEITSTELLE_RUN_DIR, run
    with django_db_blocker.unblock():
        call_command("load_reference", "--demo", stdout=io.StringIO())
    yield run
    node.LEITSTELLE_RUN_DIR = before
    with django_db_blocker.unblock():
        fold.clear()
        Key.objects.all().delete()


@pytest.fixture
def loaded(loaded_once: Path, db: None, settings: Any) -> None:
    """A test's own view of it: what it changes is undone."""
    settings.LEITSTELLE_RUN_DIR = loaded_once
