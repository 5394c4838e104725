"""Run one process of the node in the foreground: `python -m ops.run web`. What a container does.

`prepare` brings the database up to date and ends.

The environment says everything else (see `ops.environment`); LEITSTELLE_BIND is the address to listen on.
"""

from __future__ import annotations

import os
import subprocess
import sys
from typing import NoReturn

from ops.places import ROOT, python, run_dir
from ops.processes import PROGRAMS


def prepare() -> int:
    """Bring the database up to date; with LEITSTELLE_DEMO=1 also demo users and example units. Repeatable."""
    demo = ["--demo"] if os.environ.get("LEITSTELLE_DEMO") == "1" else []
    for command in (["migrate", "--no-input"], ["load_reference", *demo]):
        done = subprocess.run([python(), "manage.py", *command], cwd=ROOT, check=False)
        if done.returncode != 0:
            return done.returncode
    return 0


def main(arguments: list[str]) -> NoReturn:
    if arguments == ["prepare"]:
        sys.exit(prepare())
    if len(arguments) != 1 or arguments[0] not in PROGRAMS:
        sys.exit(f"usage: python -m ops.run {{prepare|{'|'.join(PROGRAMS)}}}")
    values = {
        "host": os.environ.get("LEITSTELLE_BIND", "127.0.0.1"),
        "web_port": os.environ.get("LEITSTELLE_WEB_PORT", "8000"),
        "sockets_port": os.environ.get("LEITSTELLE_SOCKETS_PORT", "8001"),
        "run_dir": str(run_dir()),
    }
    command = PROGRAMS[arguments[0]].command(python(), values)
    os.chdir(ROOT)
    os.execv(command[0], command)


if __name__ == "__main__":
    main(sys.argv[1:])
