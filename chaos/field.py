"""The field on which it happens: two nodes with their own servers and lines, traffic, and what is asked of them."""

import json
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from bench.client import Client, Login, log_in
from bench.ground import PASSWORD
from bench.pair import CENTRES, Pair, keys, picture
from chaos.traffic import Caller, Crew, Dispatcher, Ledger, Traffic, headers_of
from ops.places import ROOT, python
from ops.served import ServedNode

SEATS = 3
QUIET_SECONDS = 90.0
_CHAINS = """
SELECT coalesce(md5(string_agg(encode(hash, 'hex'), '' ORDER BY origin, incarnation, seq)), ''), count(*)
  FROM journal_entry
"""
_DIGESTS = "import json; from journal.fold import digests; print(json.dumps(digests()))"


def crew_of(node: ServedNode, login: Login) -> Crew:
    """Units of the node's centre for its dispatchers, and what their radios are called."""
    shown: Any = picture(node, login)
    master = shown["master"]
    counties = {row["id"] for row in master["counties"].values() if row["centre"] == node.name}
    stations = {row["id"] for row in master["stations"].values() if row["county"] in counties}
    units = {row["id"]: row["issi"] for row in master["units"].values() if row["station"] in stations}
    wanted = sorted(unit for unit, issi in units.items() if issi)[:12]
    keyword = next(code for code in sorted(master["keywords"]) if code.startswith("RD"))
    return Crew(node.name, wanted, units, keyword)


class Field:
    """``with Field() as field``."""

    def __init__(self, name: str = "chaos", pace: float = 0.25, seed: int = 112) -> None:
        self._pair = Pair(name)
        self._pace, self._seed = pace, seed
        self.ledger = Ledger()
        self.apart: list[tuple[float, float]] = []
        """When the centres were apart (wall clock): what two did then without knowing is a conflict, not a fault."""
        self.lied: list[tuple[float, float]] = []
        """The times that a false clock showed."""

    def __enter__(self) -> "Field":
        self._pair.__enter__()
        self.network = self._pair.network
        self.logins = {node.name: self._log_in(node) for node in self.network}
        urls = {node.name: node.web_url for node in self.network}
        radio_key = keys(self["jena"])["radio"]
        crews = {node.name: crew_of(node, self.logins[node.name][0]) for node in self.network}
        self.dispatchers: list[Dispatcher] = []
        for number, (centre, logins) in enumerate(self.logins.items()):
            foreign = crews[next(name for name in CENTRES if name != centre)]
            for seat, login in enumerate(logins[:SEATS]):
                by_seat, by_radio = headers_of(login, radio_key, urls)
                callers = [Caller(self.ledger, centre, urls, by_seat), Caller(self.ledger, centre, urls, by_radio)]
                seed = self._seed * 100 + number * 10 + seat
                self.dispatchers.append(Dispatcher(callers[0], callers[1], crews[centre], foreign, self._pace, seed))
        self.traffic = Traffic(self.ledger, self.dispatchers)
        self.traffic.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._pair.__exit__(*error)

    def __getitem__(self, name: str) -> ServedNode:
        return self.network[name]

    def _log_in(self, node: ServedNode) -> list[Login]:
        """Dispatchers at the first seats, and the shift leader at the last."""
        letter = node.name[0].upper()
        people = [(f"{node.name}{n}", f"{letter}{n}") for n in range(1, SEATS + 1)]
        people.append((f"schicht-{node.name}", f"{letter}S"))
        return [log_in(node.web_url, user, PASSWORD, seat) for user, seat in people]

    # -- acts of people

    def leader(self, centre: str, node: str = "") -> Client:
        """The shift leader of a centre, working at a node (the own one unless told)."""
        token = self.logins[centre][-1].cookie.partition("=")[2]
        return Client(self[node or centre].web_url, {"Authorization": f"Seat {token}", "X-Leitstelle": "1"})

    def act(
        self, centre: str, name: str, data: dict[str, Any], node: str = "", patience: float = 20.0
    ) -> dict[str, Any]:
        """A command of the shift leader, repeated while nobody answers or it is too early."""
        deadline = time.monotonic() + patience
        while True:
            try:
                answer: dict[str, Any] = self.leader(centre, node).command(name, data).json()
            except (OSError, ValueError, EOFError):
                answer = {"refused": "no answer"}
            if answer.get("refused") not in {"no answer", "not_silent", "in_doubt", "busy"}:
                return answer
            if time.monotonic() > deadline:
                return answer
            time.sleep(0.2)

    def hold(self, words: int = 60, patience: float = 60.0) -> None:
        """Let a fault last until the outside has been acknowledged so much more: it must meet real work, however fast
        the machine is. Raises TimeoutError: then nobody was answered, which is a finding."""
        before = len(self.ledger.words)
        self.wait(f"{words} more words", lambda: len(self.ledger.words) >= before + words, patience)

    # -- states

    @contextmanager
    def parted(self, *, false_by: float = 0.0) -> Iterator[None]:
        """Inside, the centres cannot or may not know of each other. ``false_by``: seconds by which the clock of one of
        them lies meanwhile; what it wrote bears that time."""
        began = time.time()
        try:
            yield
        finally:
            # What was under way when the line came back may still have been decided without it.
            ended = time.time() + 15.0
            self.apart.append((began - 1.0, ended))
            if false_by:
                self.lied.append((began - 1.0 + false_by, ended + false_by))

    @contextmanager
    def quiet(self) -> Iterator[None]:
        """Inside, nobody sends anything, and each side has everything the other has. Raises TimeoutError."""
        began = time.time()
        self.ledger.going = False
        try:
            self.wait("everybody was answered", lambda: self.ledger.busy == 0, QUIET_SECONDS)
            self.wait("nothing missing on either side", self._equal, QUIET_SECONDS)
            yield
        finally:
            self.ledger.pauses.append((began, time.time()))
            self.ledger.going = True

    def settle(self) -> None:
        """Until each side has everything the other had just now."""
        with self.quiet():
            pass

    def _equal(self) -> bool:
        """Linked, and the same journal twice running: timers and effects have come to rest too."""
        try:
            if not all(self._up(node) for node in self.network):
                return False
            chains = self.chains()
            if len(set(chains.values())) != 1:
                return False
            time.sleep(0.3)
            return self.chains() == chains
        except (subprocess.SubprocessError, RuntimeError, OSError):
            return False  # a server that has just been started does not answer yet

    @staticmethod
    def _up(node: ServedNode) -> bool:
        """Whether the line is up, by the process that holds it: its rows in the database bear a clock that may lie."""
        with urlopen(f"http://127.0.0.1:{node.link_port}/health", timeout=5) as answer:
            return "up" in json.load(answer).get("links", {}).values()

    def wait(self, what: str, met: Callable[[], bool], patience: float) -> float:
        began = time.monotonic()
        while not met():
            if time.monotonic() - began > patience:
                raise TimeoutError(f"{what}: not after {patience:.0f} s")
            time.sleep(0.1)
        return time.monotonic() - began

    def chains(self) -> dict[str, str]:
        return {node.name: node.sql(_CHAINS.replace("\n", " ")) for node in self.network}

    def digests(self, node: ServedNode) -> dict[str, str]:
        """Hash by replicated table, as the node itself computes it."""
        done = subprocess.run(
            [python(), "manage.py", "shell", "--no-imports", "-c", _DIGESTS],
            cwd=ROOT, env=node.full_env(), capture_output=True, text=True, check=True,
        )  # fmt: skip
        found: dict[str, str] = json.loads(done.stdout.strip().splitlines()[-1])
        return found

    def logs(self) -> Iterator[Path]:
        for node in self.network:
            yield from (node.run_dir / "log").glob("*.log")
        yield from self._pair.logs.glob("*.log")

    def every_process(self, node: ServedNode, act: Callable[[str], None]) -> None:
        for name in node.children:
            act(name)
