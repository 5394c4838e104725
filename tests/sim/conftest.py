"""The stage of the simulation's tests: a server of their own that need not survive a power cut, made once per file and
put away with it: its clock must not reach the tests of others."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django.plugin import DjangoDbBlocker

from ops.places import server_home
from ops.testing import SLOT_VARIABLE
from sim.run import Theatre, theatre
from sim.stores import private_cluster


@pytest.fixture(scope="module")
def stage(django_db_blocker: DjangoDbBlocker) -> Iterator[Theatre]:
    """Play episodes here."""
    if SLOT_VARIABLE not in os.environ:
        pytest.skip("needs the servers of the test run; DATABASE_URL was set from outside")
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    cluster = private_cluster(server_home(Path(os.environ[SLOT_VARIABLE])) / f"sim-{worker}")
    cluster.start()
    try:
        with django_db_blocker.unblock(), theatre(cluster) as made:
            yield made
    finally:
        cluster.stop()
