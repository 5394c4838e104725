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
from ops.run import KeyMissing, peers, prepare
from ops.service import PORTS
from ops.stage import TOPOLOGIES
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


@pytest.fixture(params=["split", "shared"])
def topology(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def active(compose: dict[str, Any], topology: str) -> dict[str, dict[str, Any]]:
    """The services that run in a topology: those of its profile, and those without any."""
    services: dict[str, dict[str, Any]] = compose["services"]
    return {name: service for name, service in services.items() if topology in service.get("profiles", [topology])}


def address(url: str) -> str:
    """Of a server's address the host alone."""
    return url.rpartition("@")[2].partition(":")[0]


def test_every_process_of_both_nodes_has_its_container(compose: dict[str, Any], topology: str) -> None:
    found: dict[tuple[str, str], dict[str, Any]] = {}
    servers: dict[str, str] = {}
    for name, service in active(compose, topology).items():
        python_, option, module, program = service["command"]
        assert (python_, option) == ("python", "-m")
        if module == "ops.service":
            assert program in PORTS
            servers[name] = program
        else:
            assert module == "ops.run"
            assert (service["environment"]["LEITSTELLE_NODE"], program) not in found
            found[service["environment"]["LEITSTELLE_NODE"], program] = service
    assert set(found) == {(node, program) for node in ("jena", "gera") for program in (*NODE, prepare.__name__)}
    used: dict[str, set[str]] = {"postgres": set(), "redis": set()}
    for service in found.values():
        environment = service["environment"]
        for kind, url in (("postgres", "DATABASE_URL"), ("redis", "REDIS_URL")):
            host = address(environment[url])
            assert servers[host] == kind
            used[kind].add(host)
    assert len(used["postgres"]) == len(used["redis"]) == (2 if topology == "split" else 1)
    assert set(servers) == used["postgres"] | used["redis"], "a server runs that nobody uses"


def test_what_is_waited_for_runs_and_neighbours_are_found(compose: dict[str, Any], topology: str) -> None:
    services = active(compose, topology)
    hosts = set(services)
    for service in services.values():
        assert set(service.get("depends_on", {})) <= set(services)
        networks = service["networks"]
        if isinstance(networks, dict):
            hosts |= {alias for network in networks.values() for alias in (network or {}).get("aliases", [])}
    for service in services.values():
        for neighbour in service["environment"].get("LEITSTELLE_NEIGHBOURS", "").split(","):
            if neighbour:
                name, _, url = neighbour.partition("=")
                assert url == f"ws://link-{name}:8002"
                assert url.removeprefix("ws://").removesuffix(":8002") in hosts


def test_gera_receives_its_data_from_jena(compose: dict[str, Any], topology: str) -> None:
    joining = {
        service["environment"]["LEITSTELLE_NODE"]: service["environment"].get("LEITSTELLE_JOINS")
        for service in active(compose, topology).values()
        if "LEITSTELLE_NODE" in service["environment"]
    }
    assert joining == {"jena": None, "gera": "1"}


def test_all_containers_share_one_image_and_only_the_doors_are_reachable(compose: dict[str, Any]) -> None:
    services = compose["services"]
    assert {service["image"] for service in services.values()} == {"leitstelle"}
    doors = {name for name, service in services.items() if service["command"][-1] in ("web", "sockets", "link")}
    assert {name for name, service in services.items() if "ports" in service} == doors
    assert compose["networks"]["inside"]["internal"] is True
    for name, service in services.items():
        expected = {"inside", "outside"} if name in doors else {"inside"}
        assert set(service["networks"]) == expected, name
        assert service["cap_drop"] == ["ALL"], name
        for port in service.get("ports", []):
            assert ":-127.0.0.1}:" in port, name


def test_no_port_of_this_machine_is_given_out_twice(compose: dict[str, Any], topology: str) -> None:
    ports = [port.rsplit(":", 2)[1] for one in active(compose, topology).values() for port in one.get("ports", [])]
    assert len(ports) == len(set(ports)) == 6


def test_the_topology_must_be_chosen(compose: dict[str, Any]) -> None:
    assert "${COMPOSE_PROFILES:?" in compose["services"]["web-jena"]["labels"]["leitstelle.topology"]
    assert {profile for one in compose["services"].values() for profile in one.get("profiles", [])} == set(TOPOLOGIES)


def test_keys_are_exchanged_over_a_folder_and_given_ones_count_alone(tmp_path: Path) -> None:
    env = {
        "LEITSTELLE_KEYS_DIR": str(tmp_path),
        "LEITSTELLE_NEIGHBOURS": "jena=ws://link-jena:8002,saalfeld=ws://link-saalfeld:8002",
    }
    assert peers({}) == ""
    (tmp_path / "jena").write_text("KEY-J")
    with pytest.raises(KeyMissing, match="saalfeld"):
        peers(env, patience=0)
    (tmp_path / "saalfeld").write_text("KEY-S")
    assert peers(env, patience=0) == "jena=ws://link-jena:8002#KEY-J,saalfeld=ws://link-saalfeld:8002#KEY-S"
    assert peers({**env, "LEITSTELLE_PEERS": "gera=ws://g:1#K"}) == "gera=ws://g:1#K"


def test_no_secret_stands_in_the_file_and_none_may_be_left_out() -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    for name in ("SECRET_KEY", "LEITSTELLE_SERVICE_PASSWORD"):
        assert f"${{{name}:?" in text
    assert not re.findall(r"(?:KEY|PASSWORD): (?!\$\{)\S+", text)


def test_containers_get_every_variable_the_command_lines_need(compose: dict[str, Any]) -> None:
    given = set(compose["services"]["web-jena"]["environment"])
    assert {"LEITSTELLE_BIND", "LEITSTELLE_WEB_PORT", "LEITSTELLE_SOCKETS_PORT", "LEITSTELLE_LINK_PORT"} <= given
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
