"""The compose file against the compose specification, and against the processes it must run."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import psycopg
import pytest
import redis as redis_client
import yaml

from ops.cluster import Cluster
from ops.environment import free_port
from ops.places import ROOT, python, server_home
from ops.processes import NODE, PROGRAMS
from ops.redis_server import RedisServer
from ops.run import prepare
from ops.service import PORTS
from ops.testing import SLOT_VARIABLE


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return loaded


def findings(path: Path) -> str:
    """What the checker says against a compose file; its copy of the specification needs no network."""
    command = [python(), "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else done.stdout + done.stderr


def test_compose_file_meets_the_specification() -> None:
    assert findings(ROOT / "docker-compose.yml") == ""


def test_the_checker_notices_a_slip(tmp_path: Path) -> None:
    slipped = tmp_path / "compose.yml"
    slipped.write_text((ROOT / "docker-compose.yml").read_text().replace("healthcheck:", "heathcheck:"))
    assert "heathcheck" in findings(slipped)


def test_every_process_of_a_node_has_its_container(compose: dict[str, Any]) -> None:
    commands = {name: service["command"] for name, service in compose["services"].items()}
    for name in NODE:
        assert commands.pop(name) == ["python", "-m", "ops.run", name]
    for name, service in {"db": "postgres", "redis": "redis"}.items():
        assert service in PORTS
        assert commands.pop(name) == ["python", "-m", "ops.service", service]
    assert commands.pop("prepare") == ["python", "-m", "ops.run", prepare.__name__]
    assert not commands


def test_all_containers_share_one_image_and_only_web_and_sockets_are_reachable(compose: dict[str, Any]) -> None:
    services = compose["services"]
    assert {service["image"] for service in services.values()} == {"leitstelle"}
    assert {name for name, service in services.items() if "ports" in service} == {"web", "sockets"}
    assert compose["networks"]["inside"]["internal"] is True
    for name, service in services.items():
        expected = {"inside", "outside"} if name in {"web", "sockets"} else {"inside"}
        assert set(service["networks"]) == expected, name
        assert service["cap_drop"] == ["ALL"], name


def test_no_secret_stands_in_the_file_and_none_may_be_left_out() -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    for name in ("SECRET_KEY", "LEITSTELLE_SERVICE_PASSWORD"):
        assert f"${{{name}:?" in text
    assert not re.findall(r"(?:KEY|PASSWORD): (?!\$\{)\S+", text)


def test_containers_get_every_variable_the_command_lines_need(compose: dict[str, Any]) -> None:
    given = set(compose["services"]["web"]["environment"])
    assert {"LEITSTELLE_BIND", "LEITSTELLE_WEB_PORT", "LEITSTELLE_SOCKETS_PORT"} <= given
    for program in PROGRAMS.values():
        values = dict.fromkeys(("host", "web_port", "sockets_port", "link_port", "centres", "run_dir"), "x")
        assert program.command("python", values)[0] == "python"


def test_the_image_is_built_by_the_same_set_up_as_the_demo() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text()
    makefile = (ROOT / "Makefile").read_text()
    assert "python3 -m ops.setup run" in dockerfile
    assert "-m ops.setup run" in makefile
    copied = set(re.findall(r"\S+", re.search(r"^COPY (.*) \./$", dockerfile, re.MULTILINE).group(1)))  # type: ignore[union-attr]
    assert {"requirements.txt", "package.json", "package-lock.json"} <= copied


def test_servers_of_the_containers_want_the_password() -> None:
    home = server_home(Path(os.environ[SLOT_VARIABLE])) / "contained"
    home.mkdir(mode=0o711)
    port, redis_port = free_port(), free_port()
    postgres = Cluster(home / "pg", listen="127.0.0.1", port=port, password="right-1")
    redis = RedisServer(home / "r", bind="127.0.0.1", port=redis_port, password="right-1")
    address = f"@127.0.0.1:{port}/leitstelle"
    try:
        postgres.start()
        postgres.create_database("leitstelle")
        redis.start()
        with psycopg.connect(f"postgresql://leitstelle:right-1{address}") as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
        for login in ("leitstelle:wrong", "postgres:", "postgres:right-1"):
            with pytest.raises(psycopg.OperationalError, match="password"):
                psycopg.connect(f"postgresql://{login}{address}")
        with redis_client.Redis.from_url(f"redis://:right-1@127.0.0.1:{redis_port}/0") as client:
            assert client.ping()
        with (
            redis_client.Redis.from_url(f"redis://127.0.0.1:{redis_port}/0") as client,
            pytest.raises(redis_client.AuthenticationError),
        ):
            client.ping()
    finally:
        redis.stop()
        postgres.stop()
        shutil.rmtree(home)
