"""The private database server: what it promises to everything above it."""

from __future__ import annotations

import time
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest
import redis as redis_client

from ops.child import StartFailed
from ops.cluster import EXTENSIONS, TEMPLATE, Cluster
from ops.pytest_plugin import PrivateServers
from ops.redis_server import RedisServer


@pytest.fixture(scope="module")
def servers(private_servers: PrivateServers) -> tuple[Cluster, RedisServer]:
    return private_servers()


def connect(url: str) -> psycopg.Connection[tuple[object, ...]]:
    return psycopg.connect(url, autocommit=True)


def test_committed_rows_outlive_kill_9_of_all_processes(servers: tuple[Cluster, RedisServer]) -> None:
    cluster, _ = servers
    url = cluster.create_database("durable", replace=True)
    connection = connect(url)
    connection.execute("CREATE TABLE kept (n int)")
    connection.execute("INSERT INTO kept SELECT generate_series(1, 1000)")
    connection.execute("BEGIN")
    connection.execute("INSERT INTO kept VALUES (-1)")
    cluster.kill()
    connection.close()
    assert not cluster.running
    cluster.start()
    with connect(url) as connection:
        assert connection.execute("SELECT count(*), min(n) FROM kept").fetchone() == (1000, 1)


def test_new_databases_have_the_extensions_and_belong_to_the_application(
    servers: tuple[Cluster, RedisServer],
) -> None:
    cluster, _ = servers
    with connect(cluster.create_database("fresh", replace=True)) as connection:
        rows = connection.execute("SELECT extname FROM pg_extension").fetchall()
        assert set(EXTENSIONS) <= {name for (name,) in rows}
        role = connection.execute(
            "SELECT rolsuper, rolcreatedb, current_user FROM pg_roles WHERE rolname = current_user"
        ).fetchone()
        assert role == (False, True, "leitstelle")
        connection.execute("CREATE TABLE own (id int)")
        # pytest-django makes the test database like this, without a superuser.
        connection.execute(f"CREATE DATABASE copy_of_template TEMPLATE {TEMPLATE}")
        connection.execute("DROP DATABASE copy_of_template")


def test_only_the_socket_is_open_and_its_folder_is_private(servers: tuple[Cluster, RedisServer]) -> None:
    cluster, redis = servers
    assert cluster.sql("SHOW listen_addresses") == ""
    with redis_client.Redis.from_url(redis.url()) as client:
        assert client.config_get("port") == {"port": "0"}
    for folder in (cluster.data, cluster.socket, redis.folder):
        assert folder.stat().st_mode & 0o077 == 0, folder
    host = parse_qs(urlsplit(cluster.url()).query)["host"][0]
    assert len(f"{host}/.s.PGSQL.5432") < 107


def test_durability_is_on_and_the_log_holds_no_statements(servers: tuple[Cluster, RedisServer]) -> None:
    cluster, _ = servers
    url = cluster.create_database("quiet", replace=True)
    with connect(url) as connection:
        for name in ("fsync", "synchronous_commit", "full_page_writes", "data_checksums"):
            assert connection.execute(f"SHOW {name}").fetchone() == ("on",), name
        connection.execute("CREATE TABLE caller (number text PRIMARY KEY)")
        connection.execute("INSERT INTO caller VALUES ('03641-55512')")
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.execute("INSERT INTO caller VALUES ('03641-55512')")
        with pytest.raises(psycopg.errors.InvalidTextRepresentation):
            connection.execute("SELECT %s::int FROM caller", ["03641-55512 "[:6] + "x"])
    log = cluster._child.log.read_text() if cluster._child else ""
    assert "duplicate key" in log
    assert "03641-55512" not in log


def test_second_start_takes_less_than_a_second(servers: tuple[Cluster, RedisServer]) -> None:
    cluster, _ = servers
    cluster.stop()
    begin = time.monotonic()
    cluster.start()
    assert time.monotonic() - begin < 1.0


def test_a_second_server_on_the_same_data_is_refused_with_a_way_out(
    servers: tuple[Cluster, RedisServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster, _ = servers
    monkeypatch.setattr("ops.cluster.STALE_LOCK_PATIENCE", 0.1)
    with pytest.raises(StartFailed, match="make stop"):
        Cluster(cluster.folder).start()
    assert cluster.running


def test_a_lock_left_by_a_dead_server_does_not_block_the_start(servers: tuple[Cluster, RedisServer]) -> None:
    cluster, _ = servers
    lock = cluster.data / "postmaster.pid"
    lines = lock.read_text().splitlines()
    cluster.stop()
    # The number of a living process that is no PostgreSQL: what a zombie looks like to the server.
    lines[0] = str(Path("/proc/self").resolve().name)
    lock.write_text("\n".join(lines) + "\n")
    cluster.start()
    assert cluster.running


def test_redis_starts_empty_after_kill_9(servers: tuple[Cluster, RedisServer]) -> None:
    _, server = servers
    with redis_client.Redis.from_url(server.url()) as client:
        client.set("hint", "1")
    server.kill()
    server.start()
    with redis_client.Redis.from_url(server.url()) as client:
        assert client.get("hint") is None
