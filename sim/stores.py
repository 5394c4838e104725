"""The databases of the simulated nodes: real ones, on one PostgreSQL that need not survive a power cut.

A crash is the end of a connection. Next to the tables of the house each database holds two copies of them: ``seed``,
what everybody knows from the beginning (an empty machine), and ``backup``. Copying rows is a hundred times quicker than
copying databases. PostgreSQL's clock is the node's: ``now()`` and ``clock_timestamp()`` are found in the schema ``sim``
first.
"""

import copy
import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from django.contrib.gis.db.backends.postgis.base import DatabaseWrapper
from django.core.management import call_command
from django.db import connections
from psycopg.pq import TransactionStatus

from ops import sources
from ops.cluster import SMALL, TEMPLATE, Cluster
from ops.places import ROOT

SETTINGS = {
    **SMALL,
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "autovacuum": "off",
    "max_wal_size": "2GB",
    "max_connections": "60",
}

_SIM = """
CREATE SCHEMA sim; CREATE SCHEMA seed; CREATE SCHEMA backup;
CREATE FUNCTION sim.now() RETURNS timestamptz LANGUAGE sql STABLE AS
    $$ SELECT current_setting('sim.now')::timestamptz $$;
CREATE FUNCTION sim.clock_timestamp() RETURNS timestamptz LANGUAGE sql STABLE AS
    $$ SELECT current_setting('sim.now')::timestamptz $$;

CREATE TABLE sim.tables AS
SELECT c.relname AS name, string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) AS columns
  FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
       AND a.attgenerated = ''
 WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'
   AND c.relname NOT IN ('spatial_ref_sys', 'django_migrations', 'django_content_type', 'auth_permission')
 GROUP BY 1 ORDER BY 1;

CREATE FUNCTION sim.make(room text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE t record;
BEGIN
    FOR t IN SELECT * FROM sim.tables LOOP
        EXECUTE format('CREATE UNLOGGED TABLE %I.%I AS SELECT %s FROM public.%I WITH NO DATA', room, t.name, t.columns,
                       t.name);
    END LOOP;
END $$;

CREATE FUNCTION sim.copy(source text, target text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE t record; filled bool; emptied text[] := '{}';
BEGIN
    FOR t IN SELECT * FROM sim.tables LOOP
        EXECUTE format('SELECT EXISTS (SELECT FROM %I.%I)', target, t.name) INTO filled;
        IF filled THEN emptied := emptied || format('%I.%I', target, t.name); END IF;
    END LOOP;
    IF cardinality(emptied) > 0 THEN EXECUTE 'TRUNCATE ' || array_to_string(emptied, ', ') || ' CASCADE'; END IF;
    FOR t IN SELECT * FROM sim.tables LOOP
        EXECUTE format('SELECT EXISTS (SELECT FROM %I.%I)', source, t.name) INTO filled;
        IF filled THEN
            EXECUTE format('INSERT INTO %I.%I (%s) SELECT %s FROM %I.%I', target, t.name, t.columns, t.columns, source,
                           t.name);
        END IF;
    END LOOP;
END $$;
"""
# Functions of the schema that is named first win, those of PostgreSQL too if that is named at all.
_OPTIONS = (
    "-c lock_timeout=3000 -c statement_timeout=30000 -c jit=off -c random_page_cost=1.1"
    " -c pg_trgm.word_similarity_threshold=0.5 -c sim.now=2026-03-02T06:00:00Z -c search_path={}"
)
PATH = "sim,public,pg_catalog"


class Wrapper(DatabaseWrapper):
    """Django's connection, of which a commit can be watched, delayed and cut off."""

    committing: Callable[[Callable[[], None]], None] | None = None

    def _commit(self) -> None:
        if self.committing is None or self.connection is None:
            super()._commit()  # type: ignore[misc]
        else:
            self.committing(super()._commit)  # type: ignore[misc]

    def close(self) -> None:
        """Threads of the house give their connection back; here the node keeps it. See ``kill``."""

    def ready(self) -> Any:
        """The connection itself, open."""
        if self.connection is None:
            with as_default(self):  # what Django does with a new connection asks for the one by name
                self.ensure_connection()
        return self.connection

    def kill(self) -> None:
        """The process is gone: whatever was not committed never was. The connection is kept for the next one."""
        if self.connection is not None:
            status = self.connection.info.transaction_status
            if status in (TransactionStatus.ACTIVE, TransactionStatus.UNKNOWN):
                self.shut()  # it died in the middle of reading
            else:
                self.connection.rollback()
                self.connection.autocommit = True
        self.autocommit = True
        self.in_atomic_block = self.needs_rollback = self.closed_in_transaction = False
        self.commit_on_exit = True
        self.savepoint_ids, self.atomic_blocks, self.run_on_commit = [], [], []

    def shut(self) -> None:
        if self.connection is not None:
            self.connection.close()
            self.connection = None


class Stores:
    """Makes and copies databases. ``build``: fills the template with the world everybody knows from the beginning."""

    def __init__(self, cluster: Cluster, build: Callable[[], None], label: str = "sim") -> None:
        self.cluster = cluster
        self.label = label
        self._build = build
        self.template = f"{label}_template_{_fingerprint()}"
        self._admin: psycopg.Connection[Any] | None = None

    def prepare(self) -> None:
        """Make the template unless there is one of just this source."""
        if self._exists(self.template):
            return
        self._forget_older()
        making = f"{self.label}_making"
        self.drop(making)
        self.sql(f'CREATE DATABASE "{making}" TEMPLATE "{TEMPLATE}"')
        wrapper = self.connect(making, path="public")
        with as_default(wrapper):
            call_command("migrate", verbosity=0)
        wrapper.shut()
        wrapper = self.connect(making)
        with as_default(wrapper), wrapper.cursor() as cursor:
            cursor.execute(_SIM)
            self._build()
            cursor.execute("SELECT sim.make('seed'), sim.make('backup')")
            cursor.execute("SELECT sim.copy('public', 'seed')")
            cursor.execute("ANALYZE")
        wrapper.shut()
        self.sql(f'ALTER DATABASE "{making}" RENAME TO "{self.template}"')

    def _forget_older(self) -> None:
        assert self._admin is not None
        query = "SELECT datname FROM pg_database WHERE datname ^@ %s"
        for (name,) in self._admin.execute(query, [f"{self.label}_template_"]).fetchall():
            self.drop(name)

    def connect(self, database: str, path: str = PATH) -> Wrapper:
        """A connection to one database, opened at its first use."""
        values = copy.deepcopy(connections.databases["default"])
        values |= {
            "NAME": database, "HOST": str(self.cluster.socket), "PORT": str(self.cluster.port), "USER": "leitstelle",
            "PASSWORD": "", "CONN_HEALTH_CHECKS": False, "CONN_MAX_AGE": None,
            "OPTIONS": {
                "server_side_binding": True, "prepare_threshold": 2, "options": _OPTIONS.format(path),
            },
        }  # fmt: skip
        wrapper = Wrapper(values, alias="default")
        wrapper.inc_thread_sharing()
        return wrapper

    def database(self, name: str) -> str:
        """The database of a simulated node; made at its first use and kept for later runs."""
        database = f"{self.template}_{name}"
        if not self._exists(database):
            self.sql(f'CREATE DATABASE "{database}" TEMPLATE "{self.template}"')
        return database

    def drop(self, database: str) -> None:
        self.sql(f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE)')

    def sql(self, statement: str) -> None:
        """Run a statement on the server itself."""
        if self._admin is None:
            host = str(self.cluster.socket)
            self._admin = psycopg.connect(
                host=host, port=self.cluster.port, user="leitstelle", dbname="postgres", autocommit=True
            )
        self._admin.execute(statement.encode())

    def _exists(self, database: str) -> bool:
        self.sql("SELECT 1")
        assert self._admin is not None
        found = self._admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database]).fetchone()
        return found is not None

    def close(self) -> None:
        if self._admin is not None:
            self._admin.close()
            self._admin = None


@contextmanager
def as_default(wrapper: DatabaseWrapper) -> Iterator[None]:
    """The house works on this database meanwhile."""
    before = connections["default"]
    connections["default"] = wrapper
    try:
        yield
    finally:
        connections["default"] = before


def private_cluster(folder: Path) -> Cluster:
    """A server of the simulation's own."""
    return Cluster(folder / "postgres", settings=SETTINGS)


def _fingerprint() -> str:
    digest = hashlib.sha256(sources.data_hash().encode())
    for name in ("sim/world.py", "sim/stores.py", "tests/world.py"):
        digest.update((ROOT / name).read_bytes())
    return digest.hexdigest()[:10]
