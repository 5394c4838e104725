"""What all tests share: the guard that finds writes outside handlers, and a small world to dispatch in."""

from collections.abc import Iterator

import pytest
from django.conf import settings
from django.db import connection

from journal.guard import refuse_unguarded_writes
from tests.world import World, build_world


@pytest.fixture(autouse=True)
def guarded(request: pytest.FixtureRequest) -> Iterator[None]:
    """Law of the write path: only handlers write replicated tables. On for every test that touches the database."""
    database = {"db", "transactional_db"} & set(request.fixturenames)
    if not database:
        yield
        return
    for name in database:  # set up before the guard, so that it is emptied after it
        request.getfixturevalue(name)
    with connection.execute_wrapper(refuse_unguarded_writes):
        yield


@pytest.fixture(scope="module", autouse=True)
def put_back() -> Iterator[None]:
    """A file leaves the settings as it found them: the next one of the same worker must not live in another node."""
    before = _settings()
    yield
    assert _settings() == before


def _settings() -> dict[str, object]:
    return {name: getattr(settings, name) for name in dir(settings) if name.startswith("LEITSTELLE_")}


@pytest.fixture
def world(db: None) -> World:
    """Two centres, three counties, fourteen units, a handful of plans."""
    return build_world()


@pytest.fixture
def durable_world(transactional_db: None) -> World:
    """The same, really committed: for tests with threads, servers or REPEATABLE READ."""
    return build_world()
