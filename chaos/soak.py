"""``python -m chaos.soak``: twenty-four hours of two linked centres in some minutes; who is at a console stays there.

Nothing waits a day: every age that is a setting is made shorter by one factor (24 h = ``--minutes``), so a day's worth
of renewals, expiries, rotations and fresh connections passes: seat tokens (16 h) with their renewal (1 h), seat
sessions (36 h), unused database connections (10 min) and the life of used ones (1 h). What stays as long as it is:
beats (1 s) and pings (10 s) of the lines, and PostgreSQL's own limits; the night is longer than each of them.

The day: forty consoles sign in, dispatchers work. The keys that sign tokens change in three steps (all nodes verify
the new one; it signs; the old one is gone), Gera gets a new key of its own; each time the processes are started anew
one after the other. Then a night in which nobody says anything, work again, a Redis that dies, work until the day is
over. Starting processes takes the time it takes: in fewer than six minutes the day would be longer than a session.

What may expire without traffic elsewhere cannot here: the sockets' hub keeps no groups in a channel layer, it has the
consoles themselves; a console that is silent all night and gets the next word shows it.

Wrong is: a console that is not live or not at the head, that was thrown out or lost its line at night; a token too old
or of a key that is gone and still good; an unanswered command; a link that is not up; more memory than 5 % over what
it was after the warm-up, or more files, threads or connections. Exit code 1 then; JSON lines in .run/soak.jsonl.
"""

import argparse
import secrets
import sys
import time
from collections.abc import Iterable

from bench.client import Client, Login
from bench.pair import Pair, chain, keys, linked, wait_for
from chaos.field import crew_of
from chaos.report import Report
from chaos.soak_consoles import OpenConsole, Room
from chaos.soak_vitals import grown, take
from chaos.traffic import Caller, Dispatcher, Ledger, Traffic
from ops import identity
from ops.places import run_dir
from ops.processes import NODE
from ops.served import ServedNode

HOUR = 3600.0
DAY_HOURS, NIGHT_HOURS, WARM_HOURS = 24.0, 8.0, 2.0
TOKEN_HOURS, SESSION_HOURS, RENEWAL_HOURS = 16.0, 36.0, 1.0
POOL_IDLE_HOURS, POOL_LIFETIME_HOURS = 1 / 6, 1.0
SEATS, DISPATCHERS, GUEST_EVERY = 8, 3, 5
READERS_OF_KEYS = ("web", "sockets", "link")
LEVEL_SECONDS = 20.0
# The sockets' ping is the longest of what is not made shorter: 10 s, and 10 s for its answer.
SHORTEST_NIGHT_SECONDS = 25.0
SHORTEST_MINUTES = 6.0


class Day:
    """A clock on which 24 hours pass in some minutes."""

    def __init__(self, minutes: float) -> None:
        self.factor = DAY_HOURS * HOUR / (minutes * 60)
        self._began = time.monotonic()

    def begin(self) -> None:
        self._began = time.monotonic()

    @property
    def hour(self) -> float:
        return (time.monotonic() - self._began) * self.factor / HOUR

    def seconds(self, hours: float) -> float:
        """Real seconds in which ``hours`` pass."""
        return hours * HOUR / self.factor

    def settings(self) -> dict[str, str]:
        """The ages of the nodes on this clock."""
        ages = {
            "LEITSTELLE_SEAT_TOKEN_SECONDS": TOKEN_HOURS,
            "LEITSTELLE_SEAT_SESSION_SECONDS": SESSION_HOURS,
            "LEITSTELLE_POOL_IDLE_SECONDS": POOL_IDLE_HOURS,
            "LEITSTELLE_POOL_LIFETIME_SECONDS": POOL_LIFETIME_HOURS,
        }
        return {name: str(max(1, round(self.seconds(hours)))) for name, hours in ages.items()}


class Soak:
    """One day at two nodes; violations and figures go into the report."""

    def __init__(self, pair: Pair, day: Day, consoles: int, report: Report) -> None:
        self.pair, self.day, self.report = pair, day, report
        self.nodes = list(pair.network)
        logins = {node.name: pair.log_in(node, SEATS) for node in self.nodes}
        renewal = day.seconds(RENEWAL_HOURS)
        self.room = Room([
            self._console(node, logins, number, renewal) for node in self.nodes for number in range(consoles // 2)
        ])  # fmt: skip
        self.ledger = Ledger()
        self.traffic = Traffic(self.ledger, list(self._dispatchers(logins)))
        self.first_tokens = {node.name: logins[node.name][0].cookie.partition("=")[2] for node in self.nodes}
        self._told = 0

    def _console(self, node: ServedNode, logins: dict[str, list[Login]], number: int, renewal: float) -> OpenConsole:
        """Each fifth is a guest: of the other centre, by its token alone."""
        guest = number % GUEST_EVERY == GUEST_EVERY - 1
        other = next(one for one in self.nodes if one is not node)
        return OpenConsole(node, logins[(other if guest else node).name][number % SEATS], renewal, guest=guest)

    def _dispatchers(self, logins: dict[str, list[Login]]) -> Iterable[Dispatcher]:
        """They work with the tokens of consoles of their centre, fresh as these are."""
        urls = {node.name: node.web_url for node in self.nodes}
        radio_key = keys(self.pair.jena)["radio"]
        radio = {name: {"Authorization": f"Bearer {radio_key}"} for name in urls}
        crews = {node.name: crew_of(node, logins[node.name][0]) for node in self.nodes}
        for node in self.nodes:
            own = [console for console in self.room.consoles if console.node is node and not console.guest]
            foreign = next(crew for name, crew in crews.items() if name != node.name)
            for number, console in enumerate(own[:DISPATCHERS]):
                by_seat = Caller(self.ledger, node.name, urls, dict.fromkeys(urls, console.headers))
                by_radio = Caller(self.ledger, node.name, urls, radio)
                yield Dispatcher(by_seat, by_radio, crews[node.name], foreign, 0.5, 112 + number)

    # -- what is asked of them

    def check(self, name: str, **figures: object) -> None:
        """Everybody pauses; each console must be live and at the head, each line up, nobody thrown out meanwhile."""
        self.ledger.going = False
        broken = []
        try:
            wait_for("everybody was answered", lambda: self.ledger.busy == 0, 90)
            wait_for("the link is up and nothing missing", lambda: all(linked(node) for node in self.nodes), 60)
        except TimeoutError as error:
            broken.append(f"not reached: {error}")
        heads = {node.name: int(node.sql("SELECT max(pos) FROM journal_entry")) for node in self.nodes}
        try:
            wait_for("consoles", lambda: not self.room.lacking(heads), LEVEL_SECONDS)
        except TimeoutError:
            broken += self.room.lacking(heads)
        thrown_out = self.room.thrown_out
        broken += thrown_out[self._told :]
        self._told = len(thrown_out)
        self._add(name, broken, **figures)

    def _add(self, name: str, broken: list[str], **figures: object) -> None:
        live = sum(console.live for console in self.room.consoles)
        self.report.add(
            name, broken, hour=self.day.hour, live=live, words=len(self.ledger.words),
            renewals=sum(console.renewals for console in self.room.consoles), lost=self.room.ends.total(), **figures,
        )  # fmt: skip

    def until(self, hour: float) -> None:
        """Let the day go on, with a line for each full hour."""
        while (now := self.day.hour) < hour:
            upcoming = min(hour, float(int(now) + 1))
            # The day itself: nothing is waited for, time has to pass.
            time.sleep(max(0.0, self.day.seconds(upcoming - now)))
            if upcoming < hour:
                total = {node.name: take(node).figures()["total"] for node in self.nodes}
                self._add(f"hour {upcoming:.0f}", [], memory=total)

    # -- what happens to them

    def sign_with(self, keys_: Iterable[str], processes: Iterable[str]) -> None:
        """Other keys of the tokens, process by process."""
        for node in self.nodes:
            node.env["LEITSTELLE_TOKEN_KEYS"] = ",".join(keys_)
            for name in processes:
                restart(node, name)

    def rotate(self) -> tuple[str, float]:
        """All changes of keys; gives a token of the new key that nobody renews from then on, and its hour."""
        old, new = self.nodes[0].env["LEITSTELLE_TOKEN_KEYS"], secrets.token_urlsafe(32)
        self.sign_with([old, new], READERS_OF_KEYS)
        self.sign_with([new, old], READERS_OF_KEYS)
        turned = self.day.hour
        self.check("the new key of tokens signs")
        worn, worn_at = self._renewed(self.room.consoles[0].token), self.day.hour
        self.ledger.going = True
        self.replace_key(self.pair.gera, self.pair.jena)
        self.check("Gera has a new key")
        self.ledger.going = True
        self.until(turned + 2 * RENEWAL_HOURS + 0.5)  # one renewal may have met a restart
        self.sign_with([new], NODE)
        still_good = [f"a token of the old key at {node.name}: {status}" for node in self.nodes
                      if (status := self._alive(node, self.first_tokens[node.name])) != 401]  # fmt: skip
        self._add("the old key of tokens is gone", still_good)
        self.check("and everybody is there")
        self.ledger.going = True
        return worn, worn_at

    def replace_key(self, node: ServedNode, at: ServedNode) -> None:
        """The node proves itself with another key: admitted by the other one, then used."""
        (node.run_dir / identity.FILE).unlink()
        key = node.public_key
        addresses = [node.env[f"LEITSTELLE_{which}"] for which in ("LINK_URL", "URL", "SOCKETS_URL")]
        at.manage("admit", node.name, *addresses, key, node.name)
        wait_for("the key is known", lambda: _key(node) == key, 30)
        for name in NODE:
            restart(node, name)
        wait_for("the link is up with the new key", lambda: all(linked(one) for one in self.nodes), 60)

    def night(self) -> None:
        """Nobody says anything, and no line is lost."""
        self.check("the evening")
        lost, entries, began = self.room.ends.copy(), chain(self.pair.jena, "jena"), time.monotonic()
        self.until(self.day.hour + NIGHT_HOURS)
        seconds = time.monotonic() - began
        short = [f"only {seconds:.0f} s"] if seconds < SHORTEST_NIGHT_SECONDS else []
        gone = [f"{count} consoles lost their line: {how}" for how, count in (self.room.ends - lost).items()]
        self._add("the night is over", short + gone, entries=chain(self.pair.jena, "jena") - entries, seconds=seconds)
        self.ledger.going = True

    def redis_dies(self) -> None:
        for node in self.nodes:
            node.redis.kill()
            node.redis.start()

    def _alive(self, node: ServedNode, token: str) -> int:
        client = Client(node.web_url, {"Authorization": f"Seat {token}"})
        status = client.get("/console/alive").status
        client.close()
        return status

    def _renewed(self, token: str) -> str:
        client = Client(self.pair.jena.web_url, {"Authorization": f"Seat {token}", "X-Leitstelle": "1"})
        fresh: str = client.post("/console/token", {}).expect(200).json()["token"]
        client.close()
        return fresh

    def run(self) -> None:
        """The whole day."""
        self.day.begin()
        self.traffic.start()
        with self.room:
            self.until(1)
            self.check("the first hour")
            self.ledger.going = True
            worn, worn_at = self.rotate()
            early = self._alive(self.pair.jena, worn)
            self.until(self.day.hour + WARM_HOURS)
            self.check("after the warm-up")
            before = {node.name: take(node) for node in self._at_rest()}
            self.report.add("memory after the warm-up", [], **{name: one.figures() for name, one in before.items()})
            self.night()
            self.until(self.day.hour + 1)
            self.redis_dies()
            self.until(self.day.hour + 1)
            self.check("a new Redis")
            self.ledger.going = True
            self.until(max(DAY_HOURS, worn_at + TOKEN_HOURS + 0.5))
            late = self._alive(self.pair.jena, worn)
            held = [] if (early, late) == (200, 401) else [f"a token is good as {early}, and {late} when too old"]
            self._add("a token that nobody renewed", held)
            self.check("the end", ends=dict(self.room.ends), refused=dict(self.ledger.refused))
            for node in self._at_rest():
                after = take(node)
                growth = after.total / before[node.name].total - 1
                broken = grown(before[node.name], after)
                self.report.add(f"from warm-up to end at {node.name}", broken, growth=growth, **after.figures())
            self.report.add("commands", [*self.ledger.unanswered, *self.ledger.bad][:5], sent=self.ledger.sent)

    def _at_rest(self) -> list[ServedNode]:
        """The nodes, once the pools have closed what nobody needs."""
        # What a pool closes for having been idle shows nothing before its time: ages run out by waiting alone.
        time.sleep(max(5.0, 3 * self.day.seconds(POOL_IDLE_HOURS)))
        return self.nodes


def restart(node: ServedNode, name: str) -> None:
    """End a process politely and start it with the node's environment of now; until it is ready."""
    node.stop([name])
    node.start([name])
    node.wait_ready([name], 60)


def _key(node: ServedNode) -> str:
    return node.sql(f"SELECT public_key FROM federation_node WHERE id = '{node.name}'")


def main() -> int:
    parser = argparse.ArgumentParser(prog="soak", description="A day of two centres in some minutes.")
    parser.add_argument("--minutes", type=float, default=10.0, help="in which 24 hours pass")
    parser.add_argument("--consoles", type=int, default=40, help="at both nodes together")
    options = parser.parse_args()
    if options.minutes < SHORTEST_MINUTES:
        parser.error(f"at least {SHORTEST_MINUTES:.0f} minutes")
    day = Day(options.minutes)
    report = Report(run_dir() / "soak.jsonl")
    report.add("the clock", [], factor=day.factor, **day.settings())
    with Pair("soak", day.settings()) as pair:
        Soak(pair, day, options.consoles, report).run()
    print(f"\nsoak: {day.hour:.1f} h, {len(report.violations)} violations, {report.path}", flush=True)
    return 1 if report.violations else 0


if __name__ == "__main__":
    sys.exit(main())
