"""`make demo` as a person uses it: started, looked at, hit, ended. A run folder of its own, the real processes."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ops.cluster import Cluster
from ops.places import ROOT
from ops.testing import SLOT_VARIABLE

FIRST_START = 120.0
SECOND_START = 20.0
"""Seconds. The goal is ten on a quiet machine; here another worker of the test run has one of the cores."""


class Demo:
    """One `make demo` without the set-up part, with what it printed in a file."""

    def __init__(self, run: Path) -> None:
        self.run = run
        self.output = run.parent / "demo-output.txt"
        self.env = {**os.environ, "LEITSTELLE_RUN_DIR": str(run), "LEITSTELLE_WEB_PORT": "0", "PYTHONUNBUFFERED": "1"}
        self.env["LEITSTELLE_SOCKETS_PORT"] = "0"
        self.env.pop("LEITSTELLE_YES", None)  # a build machine says yes to everything; here the questions are tested
        self.process: subprocess.Popen[bytes] | None = None
        self.took = 0.0

    def command(self, action: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "ops.demo", action]
        return subprocess.run(
            command,
            cwd=ROOT,
            env={**self.env, **(env or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def start(self, timeout: float) -> None:
        begin = time.monotonic()
        with self.output.open("wb") as out:
            # Should this test run be killed, its demo must not outlive it.
            command = ["setpriv", "--pdeathsig", "TERM", "--", sys.executable, "-m", "ops.demo", "start"]
            self.process = subprocess.Popen(command, cwd=ROOT, env=self.env, stdout=out, stderr=subprocess.STDOUT)
        eventually(lambda: "make stop" in self.said() or self.process.poll() is not None, timeout)  # type: ignore[union-attr]
        self.took = time.monotonic() - begin
        assert self.process.poll() is None, self.said()

    def said(self) -> str:
        return self.output.read_text("utf-8")

    def address(self) -> str:
        found = re.search(r"http://127\.0\.0\.1:\d+/", self.said())
        assert found, self.said()
        return found.group()

    def descendants(self) -> dict[int, str]:
        """Every process below the demo, by number: its command line."""
        assert self.process is not None
        parents = {}
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    fields = (entry / "stat").read_text().rpartition(")")[2].split()
                    line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                except OSError:
                    continue
                if fields[0] != "Z":
                    parents[int(entry.name)] = (int(fields[1]), line)
        below = {self.process.pid}
        while more := {pid for pid, (parent, _) in parents.items() if parent in below} - below:
            below |= more
        return {pid: parents[pid][1] for pid in below if pid != self.process.pid and pid in parents}

    def end(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(60)


def eventually(check: Callable[[], object], timeout: float) -> None:
    deadline = time.monotonic() + timeout
    while not check():
        assert time.monotonic() < deadline, f"not within {timeout} s"
        time.sleep(0.05)


def alive(pid: int, line: str) -> bool:
    """Whether the process `pid` is still the one with that command line."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode() == line
    except OSError:
        return False


def page(address: str) -> int:
    with urllib.request.urlopen(f"{address}health", timeout=5) as answer:
        return int(answer.status)


@pytest.fixture(scope="module")
def demo(cluster: Cluster) -> Iterator[Demo]:
    run = Path(os.environ[SLOT_VARIABLE]) / "demo"
    shutil.rmtree(run, ignore_errors=True)
    thing = Demo(run)
    thing.start(FIRST_START)
    yield thing
    thing.end()


def test_first_start_shows_address_and_log_ins(demo: Demo) -> None:
    assert page(demo.address()) == 200
    assert "Anmeldename" in demo.said()
    assert "Kennwort" in demo.said()
    for step in range(1, 6):
        assert f"{step}/5 " in demo.said()


def test_a_second_one_says_where_the_first_is(demo: Demo) -> None:
    again = demo.command("start")
    assert again.returncode == 0
    assert demo.address() in again.stdout
    assert "make stop" in again.stdout
    assert page(demo.address()) == 200


@pytest.mark.parametrize("victim", ["granian", "uvicorn", "manage.py vital", "redis-server", "bin/postgres -D"])
def test_what_dies_comes_back(demo: Demo, victim: str) -> None:
    def found() -> dict[int, str]:
        return {pid: line for pid, line in demo.descendants().items() if victim in line}

    before = found()
    assert before
    os.kill(min(before), signal.SIGKILL)  # the parent of its workers
    killed = time.monotonic()
    eventually(lambda: found().keys() - before.keys(), 3.0)
    assert time.monotonic() - killed < 2.0
    assert not [pid for pid, line in before.items() if alive(pid, line)], "workers of the dead one go on"
    eventually(lambda: healthy(demo), 20)
    assert "has ended and is started again" in demo.said()


def healthy(demo: Demo) -> bool:
    try:
        return page(demo.address()) == 200
    except OSError:
        return False


def test_reset_refuses_while_it_runs(demo: Demo) -> None:
    refused = demo.command("reset", {"LEITSTELLE_YES": "1"})
    assert refused.returncode == 1
    assert "make stop" in refused.stderr
    assert page(demo.address()) == 200


def test_ctrl_c_ends_all_it_started_and_nothing_else(demo: Demo, cluster: Cluster) -> None:
    started = demo.descendants()
    assert len(started) > 8
    assert demo.process is not None
    demo.process.send_signal(signal.SIGINT)
    assert demo.process.wait(30) == 0
    assert [line for pid, line in started.items() if alive(pid, line)] == []
    assert cluster.sql("SELECT 1") == "1", "the test run's own server was hit"


def test_second_start_is_fast(demo: Demo) -> None:
    demo.start(FIRST_START)
    assert page(demo.address()) == 200
    assert demo.took < SECOND_START
    assert "up to date" in demo.said()


def test_stop_from_another_terminal(demo: Demo) -> None:
    started = demo.descendants()
    assert demo.command("stop").returncode == 0
    assert demo.process is not None
    assert demo.process.wait(5) == 0
    assert [line for pid, line in started.items() if alive(pid, line)] == []
    assert "keine Vorführung" in demo.command("stop").stdout


def test_kill_9_of_the_supervisor_leaves_nothing_behind(demo: Demo) -> None:
    demo.start(FIRST_START)
    started = demo.descendants()
    assert demo.process is not None
    demo.process.kill()
    demo.process.wait()
    eventually(lambda: not [pid for pid, line in started.items() if alive(pid, line)], 15)
    demo.start(FIRST_START)
    assert page(demo.address()) == 200


def test_reset_asks_and_then_forgets(demo: Demo) -> None:
    demo.end()
    assert demo.command("reset").returncode == 1, "without a person and without a yes nothing is deleted"
    assert (demo.run / "env").exists()
    assert demo.command("reset", {"LEITSTELLE_YES": "1"}).returncode == 0
    assert [entry.name for entry in demo.run.iterdir()] == []


def test_a_failure_says_what_to_do(tmp_path: Path) -> None:
    broken = Demo(tmp_path / "run")
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "env").mkdir()  # where a file must be written
    broken.env["LEITSTELLE_RUN_DIR"] = str(tmp_path / "run")
    failed = broken.command("start")
    assert failed.returncode == 1
    assert "What to do:" in failed.stderr
    assert "Traceback" not in failed.stderr
    home = tmp_path / "run" / "home"
    if home.exists():
        shutil.rmtree(Path(home.read_text().strip()), ignore_errors=True)
