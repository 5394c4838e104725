"""`make demo` as a person uses it: started, looked at, hit, cut, ended. A run folder of its own, the real processes."""

from __future__ import annotations

import json
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
from ops.places import ROOT, server_home
from ops.testing import SLOT_VARIABLE

FIRST_START = 300.0
SECOND_START = 60.0
"""Seconds. The goal is ten on a quiet machine; here another worker of the test run has one of the cores."""
STAGED = 60.0
"""Seconds in which a staged emergency has run its course."""
CONTENT = "SELECT count(*) FROM journal_entry"
LINES = """SELECT string_agg(DISTINCT state, ',') FROM federation_linkstate
WHERE now() - updated_at < interval '3 s' AND node = '{node}'"""


class Demo:
    """One `make demo` without the set-up part, with what it printed in a file."""

    def __init__(self, run: Path, topology: str = "split") -> None:
        self.run = run
        self.topology = topology
        self.output = run.parent / "demo-output.txt"
        self.env = {**os.environ, "LEITSTELLE_RUN_DIR": str(run), "LEITSTELLE_WEB_PORT": "0", "PYTHONUNBUFFERED": "1"}
        self.env.pop("LEITSTELLE_YES", None)  # a build machine says yes to everything; here the questions are tested
        self.process: subprocess.Popen[bytes] | None = None
        self.took = 0.0

    def command(self, *words: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        """What `make` runs for stop, reset, kill …; "start" is a second `make demo`."""
        program = ("ops.demo", self.topology) if words == ("start",) else ("ops.control", *words)
        command = [sys.executable, "-m", *program]
        return subprocess.run(
            command,
            cwd=ROOT,
            env={**self.env, **(env or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    def start(self, timeout: float) -> None:
        begin = time.monotonic()
        with self.output.open("wb") as out:
            # Should this test run be killed, its demo must not outlive it.
            command = ["setpriv", "--pdeathsig", "TERM", "--", sys.executable, "-m", "ops.demo", self.topology]
            self.process = subprocess.Popen(command, cwd=ROOT, env=self.env, stdout=out, stderr=subprocess.STDOUT)
        eventually(lambda: "make stop" in self.said() or self.process.poll() is not None, timeout)  # type: ignore[union-attr]
        self.took = time.monotonic() - begin
        assert self.process.poll() is None, self.said()

    def said(self) -> str:
        return self.output.read_text("utf-8")

    def address(self, centre: str = "Jena") -> str:
        found = re.search(rf"{centre} +(http://\S+/)", self.said())
        assert found, self.said()
        return found[1]

    def sql(self, centre: str, statement: str) -> str:
        """Of the database of `centre`, which must be running; the cluster's own process is the demo's."""
        owner = "shared" if self.topology == "shared" else centre
        return Cluster(server_home(self.run) / owner / "pg").sql(statement, "leitstelle")

    def lines(self, centre: str) -> set[str]:
        """The states of the lines of `centre`, as it sees them now."""
        return set(self.sql(centre, LINES.format(node=centre)).split(","))

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

    def ring(self, centre: str) -> None:
        """A call comes in at a centre, as its telephone system says it."""
        keys = json.loads((self.run / centre / "keys.json").read_text())
        call = {
            "event": "ring",
            "call_id": f"demo-{time.monotonic_ns()}",
            "line": "112",
            "number": "",
            "centre": centre,
        }
        headers = {"Authorization": f"Bearer {keys['telephony']}", "Content-Type": "application/json"}
        address = f"{self.address(centre.capitalize())}api/v1/telephony/calls"
        request = urllib.request.Request(address, json.dumps(call).encode(), headers)
        with urllib.request.urlopen(request, timeout=10) as answer:
            assert answer.status in (200, 201)

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


def healthy(address: str) -> bool:
    try:
        return page(address) == 200
    except OSError:
        return False


@pytest.fixture(scope="module")
def demo(cluster: Cluster) -> Iterator[Demo]:
    run = Path(os.environ[SLOT_VARIABLE]) / "demo"
    shutil.rmtree(run, ignore_errors=True)
    thing = Demo(run)
    try:
        thing.start(FIRST_START)
        yield thing
    finally:
        thing.end()


def test_first_start_shows_two_linked_centres_that_hold_the_same(demo: Demo) -> None:
    for centre in ("Jena", "Gera"):
        assert page(demo.address(centre)) == 200
    assert "Anmeldename" in demo.said()
    assert "Kennwort" in demo.said()
    for step in range(1, 8):
        assert f"{step}/7 " in demo.said()
    assert demo.lines("jena") == demo.lines("gera") == {"up"}
    assert demo.sql("jena", "SELECT id FROM journal_store") != demo.sql("gera", "SELECT id FROM journal_store")
    eventually(lambda: demo.sql("jena", CONTENT) == demo.sql("gera", CONTENT), STAGED)


def test_a_second_one_says_where_the_first_is(demo: Demo) -> None:
    again = demo.command("start")
    assert again.returncode == 0
    assert demo.address() in again.stdout
    assert "make stop" in again.stdout
    assert page(demo.address()) == 200


@pytest.mark.parametrize("victim", ["granian", "federation.asgi", "manage.py vital", "bin/postgres -D", "ops.proxy"])
def test_what_dies_comes_back(demo: Demo, victim: str) -> None:
    def found() -> dict[int, str]:
        return {pid: line for pid, line in demo.descendants().items() if victim in line}

    before = found()
    assert before
    os.kill(min(before), signal.SIGKILL)  # the parent of its workers
    killed = time.monotonic()
    eventually(lambda: found().keys() - before.keys(), 3.0)
    assert time.monotonic() - killed < 2.0
    assert alive(min(before), before[min(before)]) is False
    eventually(lambda: healthy(demo.address()) and healthy(demo.address("Gera")), 20)
    assert "has ended and is started again" in demo.said()


def test_reset_refuses_while_it_runs(demo: Demo) -> None:
    refused = demo.command("reset", env={"LEITSTELLE_YES": "1"})
    assert refused.returncode == 1
    assert "make stop" in refused.stderr
    assert page(demo.address()) == 200


def test_a_cut_separates_the_centres_and_nothing_else_until_healed(demo: Demo) -> None:
    eventually(lambda: demo.lines("jena") == demo.lines("gera") == {"up"}, STAGED)
    assert demo.command("cut").returncode == 0
    eventually(lambda: demo.lines("jena") == demo.lines("gera") == {"down"}, STAGED)
    assert page(demo.address("Jena")) == page(demo.address("Gera")) == 200
    assert demo.command("heal").returncode == 0
    eventually(lambda: demo.lines("jena") == demo.lines("gera") == {"up"}, STAGED)


def test_a_killed_centre_stays_dead_until_told_and_then_catches_up(demo: Demo) -> None:
    killed = demo.command("kill", "jena")
    assert killed.returncode == 0, killed.stderr
    assert "make start CENTRE=jena" in killed.stdout
    left = [line for line in demo.descendants().values() if "servers/jena" in line or f":{demo.address()[17:]}" in line]
    assert not left
    assert not healthy(demo.address("Jena"))
    assert page(demo.address("Gera")) == 200
    eventually(lambda: demo.lines("gera") == {"down"}, STAGED)
    before = int(demo.sql("gera", CONTENT))
    demo.ring("gera")
    assert int(demo.sql("gera", CONTENT)) > before
    assert not healthy(demo.address("Jena")), "it was revived without an order"
    again = demo.command("kill", "jena")
    assert again.returncode == 1
    assert "make start CENTRE=jena" in again.stderr
    started = demo.command("start", "jena")
    assert started.returncode == 0, started.stderr
    assert page(demo.address("Jena")) == 200
    eventually(lambda: demo.lines("jena") == {"up"}, STAGED)
    eventually(lambda: demo.sql("jena", CONTENT) == demo.sql("gera", CONTENT), STAGED)


def test_a_third_centre_joins_receives_everything_and_leaves(demo: Demo) -> None:
    joined = demo.command("join", "saalfeld")
    assert joined.returncode == 0, joined.stderr
    eventually(lambda: demo.sql("saalfeld", CONTENT) == demo.sql("gera", CONTENT), STAGED)
    eventually(lambda: demo.lines("saalfeld") == {"up"}, STAGED)
    assert demo.command("cut", "saalfeld").returncode == 0
    eventually(lambda: demo.lines("saalfeld") == {"down"} and demo.lines("jena") == {"up", "down"}, STAGED)
    assert demo.command("heal", "saalfeld").returncode == 0
    eventually(lambda: demo.lines("jena") == {"up"}, STAGED)
    left = demo.command("leave", "saalfeld")
    assert left.returncode == 0, left.stderr
    assert not [line for line in demo.descendants().values() if "servers/saalfeld" in line]
    assert page(demo.address("Jena")) == page(demo.address("Gera")) == 200


@pytest.mark.parametrize(
    "words",
    [("kill",), ("kill", "erfurt"), ("start", "gera"), ("join", "gera"), ("join", "Zu Groß"), ("leave", "jena")],
)
def test_orders_that_make_no_sense_say_what_to_do(demo: Demo, words: tuple[str, ...]) -> None:
    refused = demo.command(*words)
    assert refused.returncode == 1
    assert "What to do:" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_ctrl_c_ends_all_it_started_and_nothing_else(demo: Demo, cluster: Cluster) -> None:
    started = demo.descendants()
    assert len(started) > 16
    assert demo.process is not None
    demo.process.send_signal(signal.SIGINT)
    assert demo.process.wait(45) == 0
    assert [line for pid, line in started.items() if alive(pid, line)] == []
    assert cluster.sql("SELECT 1") == "1", "the test run's own server was hit"


def test_second_start_is_fast_and_kill_9_of_the_supervisor_leaves_nothing_behind(demo: Demo) -> None:
    demo.start(FIRST_START)
    assert page(demo.address()) == 200
    assert demo.took < SECOND_START
    assert "up to date" in demo.said()
    started = demo.descendants()
    assert demo.process is not None
    demo.process.kill()
    demo.process.wait()
    eventually(lambda: not [pid for pid, line in started.items() if alive(pid, line)], 20)


def test_stop_from_another_terminal(demo: Demo) -> None:
    demo.start(FIRST_START)
    assert page(demo.address()) == 200
    started = demo.descendants()
    assert demo.command("stop").returncode == 0
    assert demo.process is not None
    assert demo.process.wait(5) == 0
    assert [line for pid, line in started.items() if alive(pid, line)] == []
    assert "keine Vorführung" in demo.command("stop").stdout
    refused = demo.command("cut")
    assert refused.returncode == 1
    assert "make demo" in refused.stderr


def test_both_centres_on_one_database(demo: Demo) -> None:
    shared = Demo(demo.run, "shared")
    try:
        shared.start(FIRST_START)
        assert shared.lines("jena") == shared.lines("gera") == {"up"}
        assert "servers/jena" not in " ".join(shared.descendants().values()), "a database of its own was started"
        assert shared.command("kill", "jena").returncode == 0
        assert not healthy(shared.address("Jena"))
        assert page(shared.address("Gera")) == 200
    finally:
        shared.end()


def test_reset_asks_and_then_forgets(demo: Demo) -> None:
    demo.end()
    assert demo.command("reset").returncode == 1, "without a person and without a yes nothing is deleted"
    assert (demo.run / "jena" / "env").exists()
    assert demo.command("reset", env={"LEITSTELLE_YES": "1"}).returncode == 0
    assert [entry.name for entry in demo.run.iterdir()] == []


def test_a_failure_says_what_to_do(tmp_path: Path) -> None:
    broken = Demo(tmp_path / "run")
    (tmp_path / "run" / "jena" / "env").mkdir(parents=True)  # where a file must be written
    broken.env["LEITSTELLE_RUN_DIR"] = str(tmp_path / "run")
    failed = broken.command("start")
    assert failed.returncode == 1
    assert "What to do:" in failed.stderr
    assert "Traceback" not in failed.stderr
    home = tmp_path / "run" / "home"
    if home.exists():
        shutil.rmtree(Path(home.read_text().strip()), ignore_errors=True)
