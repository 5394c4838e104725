"""Faults of processes, machines and servers. Each function breaks, holds, and puts right again; see ``catalogue``."""

import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psycopg

from chaos.field import Field
from ops.served import ServedNode

SCOPE = "centre:jena"


def kill_process(field: Field, name: str) -> dict[str, float]:
    """kill -9 in mid-request, started again as a supervisor does."""
    node = field[random.choice(["jena", "gera"])]
    node.kill(name)
    began = time.monotonic()
    node.restart(name)
    return {"seconds_to_ready": time.monotonic() - began}


def kill_postgres(field: Field) -> dict[str, float]:
    node = field["jena"]
    node.cluster.kill()
    began = time.monotonic()
    node.cluster.start()
    node.wait_ready(timeout=60)
    return {"seconds_to_ready": time.monotonic() - began}


def kill_site(field: Field) -> dict[str, float]:
    """Jena burns for a while; Gera takes the whole centre over by one signature, and gives it back afterwards."""
    with field.parted():
        field["jena"].kill_site()
        began = time.monotonic()
        taken = field.act("gera", "take_over.take", {"scope": SCOPE, "reason": "Ausfall"}, patience=40)
        figures = {"seconds_to_take_over": time.monotonic() - began, "taken": float("pos" in taken)}
        field.hold()
        field["jena"].start_site()
    field.settle()
    field.act("gera", "switch_back.start", {"scope": SCOPE})
    field.act("jena", "switch_back.all", {"scope": SCOPE})
    # With the last piece the way back ends by itself; what ended on its own meanwhile leaves it to a person.
    field.act("gera", "switch_back.finish", {"scope": SCOPE})
    field.settle()
    states = [node.sql(f"SELECT state FROM federation_mandate WHERE scope = '{SCOPE}'") for node in field.network]
    return figures | {"given_back": float(states == ["home", "home"])}


def freeze(field: Field) -> dict[str, float]:
    """Every process of Jena stops as a paused machine does, then goes on as if nothing had been."""
    with field.parted():
        field.every_process(field["jena"], lambda name: field["jena"].kill(name, signal.SIGSTOP))
        field.hold()
        field["jena"].resume_all()
    return {}


def kill_redis(field: Field) -> dict[str, float]:
    field["jena"].redis.kill()
    field.hold()
    field["jena"].redis.start()
    return {}


def pause_redis(field: Field) -> dict[str, float]:
    pid = field["gera"].redis.pid
    assert pid is not None
    _signal(pid, signal.SIGSTOP)
    field.hold()
    _signal(pid, signal.SIGCONT)
    return {}


def fill_redis(field: Field) -> dict[str, float]:
    """No memory left: every write is refused."""
    _redis(field["jena"], "CONFIG", "SET", "maxmemory", "1")
    field.hold()
    _redis(field["jena"], "CONFIG", "SET", "maxmemory", "0")
    return {}


def two_beats(field: Field) -> dict[str, float]:
    """A second beat beside the first, and a worker that hangs: nothing vital depends on either."""
    node = field["jena"]
    schedule = node.run_dir / "beat-of-chaos"
    words = [sys.executable, "-m", "celery", "-A", "leitstelle", "beat", "-s", str(schedule), "--pidfile", ""]
    with subprocess.Popen(words, env=node.full_env(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as beat:
        node.kill("worker", signal.SIGSTOP)
        field.hold()
        node.resume("worker")
        beat.terminate()
    return {}


def full_disk(field: Field) -> dict[str, float]:
    """PostgreSQL of Jena cannot extend a file any more: what looks like space is none."""
    node = field["jena"]
    pid = node.cluster.pid
    assert pid is not None
    # A limit on the size of files says ENOSPC's cousin EFBIG to every backend that wants to grow one.
    with _file_limit(pid, 8192):
        field.hold()
    if not node.cluster.running:
        node.cluster.start()
    node.wait_ready(timeout=60)
    return {}


def slow_disk(field: Field) -> dict[str, float]:
    """Every commit waits 50 ms for its flush."""
    node = field["gera"]
    node.cluster.sql("ALTER SYSTEM SET commit_delay = 50000")
    node.cluster.sql("ALTER SYSTEM SET commit_siblings = 0")
    node.cluster.sql("SELECT pg_reload_conf()")
    field.hold()
    node.cluster.sql("ALTER SYSTEM RESET commit_delay")
    node.cluster.sql("ALTER SYSTEM RESET commit_siblings")
    node.cluster.sql("SELECT pg_reload_conf()")
    return {"milliseconds": 50.0}


def restore_backup(field: Field) -> dict[str, float]:
    """Gera's data directory is put back to an hour ago; it must notice, and give no number twice."""
    node = field["gera"]
    kept = Path(f"{node.cluster.data}-kept")
    with field.parted():
        node.kill_site()
        shutil.rmtree(kept, ignore_errors=True)
        _copy(node.cluster.data, kept)
        node.start_site()
    field.settle()
    field.hold()
    with field.parted():
        node.kill_site()
        shutil.rmtree(node.cluster.data)
        kept.rename(node.cluster.data)
        node.start_site()
    field.settle()
    lives = node.sql("SELECT max(incarnation) FROM journal_chain WHERE origin = 'gera'")
    return {"incarnation": float(lives)}


def empty_machine(field: Field) -> dict[str, float]:
    """Gera's database is gone for good: a new one receives everything."""
    node = field["gera"]
    with field.parted():
        node.kill_all()
        node.cluster.create_database(node.database, replace=True)
        node.manage("migrate", "--no-input")
        node.start([name for name, child in node.children.items() if not child.running])
        node.wait_ready(timeout=60)
        began = time.monotonic()
    field.settle()
    return {"seconds_to_everything": time.monotonic() - began}


def hold_counter(field: Field) -> dict[str, float]:
    """Somebody holds the counter of the journal in an open transaction."""
    # Each dispatcher here has one incident at a time. One that was opened at Jena while Gera was away is Jena's to
    # answer, and whoever is at it would wait as long as Jena cannot write: first everybody works at home again.
    field.hold()
    with _session(field["jena"]) as connection:
        connection.execute("BEGIN")
        connection.execute("SELECT pg_advisory_xact_lock(112112)")
        field.hold()
        connection.execute("ROLLBACK")
    return {}


def exhaust_connections(field: Field) -> dict[str, float]:
    """Somebody takes every connection that PostgreSQL has left."""
    taken = 0
    with ExitStack() as stack:
        try:
            while True:
                stack.enter_context(_session(field["jena"]))
                taken += 1
        except psycopg.OperationalError:
            field.hold()
    return {"connections": float(taken)}


def busy_machine(field: Field) -> dict[str, float]:
    """Two processes that want both cores for themselves."""
    hogs = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _core in range(2)]
    field.hold()
    for hog in hogs:
        hog.kill()
        hog.wait()
    return {}


@contextmanager
def _session(node: ServedNode) -> "Iterator[psycopg.Connection[tuple[object, ...]]]":
    with psycopg.connect(node.env["DATABASE_URL"], autocommit=True) as connection:
        yield connection


@contextmanager
def _file_limit(pid: int, size: int) -> Iterator[None]:
    pids = [pid, *(int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split())]
    for one in pids:
        subprocess.run(["prlimit", f"--pid={one}", f"--fsize={size}:"], check=False, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        for one in pids:
            words = ["prlimit", f"--pid={one}", "--fsize=unlimited:"]
            subprocess.run(words, check=False, stderr=subprocess.DEVNULL)


def _copy(source: Path, target: Path) -> None:
    subprocess.run(["cp", "--archive", str(source), str(target)], check=True)


def _signal(pid: int, number: int) -> None:
    subprocess.run(["kill", f"-{int(number)}", str(pid)], check=True)


def _redis(node: ServedNode, *words: str) -> None:
    subprocess.run(["redis-cli", "-s", str(node.redis.socket), *words], check=True, stdout=subprocess.DEVNULL)
