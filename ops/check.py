"""`make check`: all that reads the source without running it. Stops at the first finding, says what helps."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass

from ops import libraries
from ops.child import StartFailed
from ops.cluster import PostgresMissing
from ops.places import ROOT, VENV
from ops.terminal import Failure, report
from ops.testing import TestServers


@dataclass(frozen=True)
class Check:
    """One check: its name, its command, and what to do when it finds something."""

    name: str
    command: tuple[str, ...]
    do: str


def _program(name: str) -> str:
    return str(VENV / "bin" / name)


CHECKS: Sequence[Check] = (
    Check("format", (_program("ruff"), "format", "--check", "--quiet", "."), "make format"),
    Check("lint", (_program("ruff"), "check", "--quiet", "."), "make format fixes some, the rest by hand"),
    Check("layers", (_program("lint-imports"),), "imports go only downwards: docs/architecture.md"),
    Check("types", (_program("mypy"),), "the strict packages are named in pyproject.toml"),
    Check("templates", (_program("djlint"), "templates", "--lint", "--quiet"), "see the rule's number above"),
    Check("template format", (_program("djlint"), "templates", "--check"), "make format"),
    Check("scripts", ("node_modules/.bin/tsc", "--project", "tsconfig.json"), "JSDoc types in static/"),
    Check(
        "migrations",
        (_program("python"), "manage.py", "makemigrations", "--check", "--dry-run"),
        "python manage.py makemigrations",
    ),
    Check(
        "deployment",
        (_program("python"), "manage.py", "check", "--deploy", "--fail-level", "WARNING"),
        "see the check's number above in Django's documentation",
    ),
)


def environment(servers: TestServers) -> dict[str, str]:
    """As in service, behind TLS; with a database, because `makemigrations` asks it for its history."""
    settings = {**servers.start(), "LEITSTELLE_HTTPS": "1", "DJANGO_SETTINGS_MODULE": "leitstelle.settings"}
    return {**libraries.tool_env(), **settings}


def run(check: Check, env: dict[str, str]) -> bool:
    """Run one check, print its line; on a finding also what it said and what helps. Whether it is clean."""
    begin = time.monotonic()
    done = subprocess.run(
        check.command,
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    seconds = time.monotonic() - begin
    clean = done.returncode == 0
    print(f"  {check.name:<16} {'ok' if clean else 'FAILED'} ({seconds:.1f} s)", flush=True)
    if not clean:
        print(f"\n{(done.stdout + done.stderr).strip()}\n\nWhat to do: {check.do}", file=sys.stderr, flush=True)
    return clean


def main() -> int:
    os.chdir(ROOT)
    print("Leitstelle: checks", flush=True)
    servers = TestServers()
    try:
        env = environment(servers)
        return 0 if all(run(check, env) for check in CHECKS) else 1
    except (StartFailed, PostgresMissing) as error:
        return report(Failure(str(error), "Read the lines above; `make setup` installs what is missing."))
    finally:
        servers.stop()


if __name__ == "__main__":
    sys.exit(main())
