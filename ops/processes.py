"""The one table of a node's processes, used by the demo, the tests, the measurements and the containers.

`{host}`, `{web_port}`, `{sockets_port}`, `{link_port}`, `{centres}` and `{run_dir}` are filled in at the start; the
words come after the project's Python.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Program:
    """One process: its words after `python`, its purpose, and the port its `/health` answers on, if any.

    `options` are added where the value they are named after is given and not empty.
    """

    name: str
    purpose: str
    words: tuple[str, ...]
    health_port: str | None = None
    options: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def command(self, python: str, values: Mapping[str, str]) -> list[str]:
        """The full command line. Raises KeyError when a value the words ask for is missing."""
        added = (words for value, words in self.options.items() if values.get(value))
        return [python, *(word.format_map(values) for words in (self.words, *added) for word in words)]

    @property
    def management_command(self) -> str | None:
        """The name of the `manage.py` command it runs, or None for other programs."""
        return self.words[1] if self.words[0] == "manage.py" else None

    def exists(self, root: Path) -> bool:
        """Whether the program is in this checkout (only management commands can be missing)."""
        command = self.management_command
        places = ("*", "*/*")
        return command is None or any(any(root.glob(f"{place}/management/commands/{command}.py")) for place in places)


# Far more than cores: most of them wait, for a disk, a lock or another node's word that does not come. They are started
# when they are wanted, and end when they have been idle for a while.
WEB_THREADS = 12

WEB = Program(
    "web",
    "pages, commands and REST over WSGI",
    (
        *("-m", "granian", "--interface", "wsgi", "--host", "{host}", "--port", "{web_port}"),
        *("--workers", "1", "--blocking-threads", str(WEB_THREADS), "--no-ws", "--log-level", "warning"),
        *("--respawn-failed-workers", "--workers-kill-timeout", "5", "leitstelle.wsgi:application"),
    ),
    health_port="web_port",
)
SOCKETS = Program(
    "sockets",
    "the consoles' sockets over ASGI",
    (
        *("-m", "uvicorn", "leitstelle.asgi:application", "--host", "{host}", "--port", "{sockets_port}"),
        # A dead console is noticed within 20 s; frames are small, and compressing them costs memory and time.
        *("--ws-ping-interval", "10", "--ws-ping-timeout", "10", "--ws-per-message-deflate", "false"),
        *("--ws-max-size", "65536", "--timeout-graceful-shutdown", "5", "--lifespan", "auto"),
        *("--no-access-log", "--log-level", "warning"),
    ),
    health_port="sockets_port",
)
LINK = Program(
    "link",
    "the line to the other centres' nodes over ASGI",
    (
        *("-m", "uvicorn", "federation.asgi:application", "--host", "{host}", "--port", "{link_port}"),
        # The peers' own heartbeat notices a dead line long before this one would; a batch of entries is large.
        *("--ws-ping-interval", "10", "--ws-ping-timeout", "10", "--ws-per-message-deflate", "false"),
        *("--ws-max-size", "4194304", "--timeout-graceful-shutdown", "5", "--lifespan", "auto"),
        *("--no-access-log", "--log-level", "warning"),
    ),
    health_port="link_port",
    options={
        "tls_cert": (
            *("--ssl-certfile", "{tls_cert}", "--ssl-keyfile", "{tls_key}", "--ssl-ca-certs", "{tls_ca}"),
            # 2: who dials must show a certificate of the network as well.
            *("--ssl-cert-reqs", "2"),
        )
    },
)
VITAL = Program("vital", "timers and effects a life may hang on", ("manage.py", "vital"))
WORKER = Program(
    "worker",
    "what may wait: statistics, mail, print, imports, clean-up",
    (
        *("-m", "celery", "-A", "leitstelle", "worker", "--pool", "threads", "--concurrency", "2"),
        *("--without-gossip", "--without-mingle", "--loglevel", "WARNING", "--hostname", "worker@%h"),
    ),
)
BEAT = Program(
    "beat",
    "the clock of what may wait",
    (
        *("-m", "celery", "-A", "leitstelle", "beat", "--loglevel", "WARNING"),
        *("-s", "{run_dir}/beat-schedule", "--pidfile", ""),
    ),
)
SIMULATOR = Program(
    "simulator",
    "plays callers, radio and crews (demo only)",
    ("manage.py", "simulate", "--url", "http://127.0.0.1:{web_port}", "--live", "--centres", "{centres}"),
    options={"other_url": ("--other", "{other_url}")},
)

PROGRAMS: Mapping[str, Program] = {
    program.name: program for program in (WEB, SOCKETS, LINK, VITAL, WORKER, BEAT, SIMULATOR)
}
NODE = ("web", "sockets", "link", "vital", "worker", "beat")
"""The processes of a node in service; the demo adds the simulator."""
