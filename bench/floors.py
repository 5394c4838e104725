"""The floors, taken in the same run: the rows by one SQL function, the answers by a bare ASGI application."""

import contextlib
import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from bench.client import Client
from bench.ground import Ground
from ops.child import Child
from ops.environment import free_port
from ops.places import python

WRITES = ("create", "alarm", "status")
READS = ("list", "board", "search")
FLOOR_DATABASE = "bench_floor"
WARM_UP = 100
SQL = Path(__file__).with_name("floors.sql")


def copy_database(ground: Ground, database: str) -> None:
    """A copy of ``database`` with the floor's functions. Nobody may be connected to ``database``."""
    ground.cluster.create_database(FLOOR_DATABASE, template=database, replace=True)
    ground.cluster.sql(SQL.read_text(), FLOOR_DATABASE)
    ground.cluster.sql("VACUUM ANALYZE", FLOOR_DATABASE)


def in_database(ground: Ground, name: str, seconds: float) -> list[float]:
    """Milliseconds of one client calling the function ``bench_<name>`` through pgbench, prepared, over the socket."""
    parts = urlsplit(ground.cluster.url(FLOOR_DATABASE))
    where = {key: values[0] for key, values in parse_qs(parts.query).items()}
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        script = Path(folder) / "one.sql"
        script.write_text(f"SELECT bench_{name}();\n")
        command = [
            *("pgbench", "-n", "-M", "prepared", "-c", "1", "-T", str(max(1, round(seconds)))),
            *("-f", str(script), "-l", "--log-prefix", f"{folder}/log"),
            *("-h", where["host"], "-p", where["port"], "-U", parts.username or "leitstelle", FLOOR_DATABASE),
        ]
        subprocess.run(command, check=True, capture_output=True, cwd=folder)
        logs = [line.split() for path in Path(folder).glob("log.*") for line in path.read_text().splitlines()]
    times = [int(columns[2]) / 1000 for columns in logs]
    return times[min(WARM_UP, len(times) // 10) :]


@contextmanager
def bare_server(ground: Ground, bodies: dict[str, bytes]) -> Iterator[str]:
    """The address of a running ``bench.bare``."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        for name, body in bodies.items():
            (Path(folder) / name).write_bytes(body)
        (Path(folder) / "health").write_bytes(b"{}")
        env = dict(os.environ) | {"BENCH_DATABASE": ground.cluster.url(FLOOR_DATABASE), "BENCH_BODIES": folder}
        words = ["-m", "uvicorn", "bench.bare:app", "--port", str(port), "--no-access-log", "--log-level", "warning"]
        words += ["--ws-per-message-deflate", "false"]
        child = Child("bare", [python(), *words], log=ground.folder / "log" / "bare.log", env=env)
        child.start()
        try:
            child.wait_until(partial(_answers, port), 20)
            yield f"http://127.0.0.1:{port}"
        finally:
            child.stop()


def _answers(port: int) -> bool:
    with contextlib.suppress(OSError):
        return Client(f"http://127.0.0.1:{port}").get("/health").status == 200
    return False


def over_http(url: str, name: str, rounds: int) -> list[float]:
    """Milliseconds of the same client against the bare application."""
    client = Client(url)
    method = "POST" if name in WRITES else "GET"
    times = [client.request(method, f"/{name}").expect(200).seconds * 1000 for _ in range(WARM_UP + rounds)]
    client.close()
    return times[WARM_UP:]
