"""Run one process of the node in the foreground: `python -m ops.run web`. What a container does.

`prepare` brings the database up to date and ends.

The environment says everything else (see `ops.environment`); LEITSTELLE_BIND is the address to listen on.
"""

from __future__ import annotations

import os
import subprocess
import sys
from typing import NoReturn

from ops import environment, identity
from ops.places import ROOT, python, run_dir
from ops.processes import PROGRAMS


def prepare() -> int:
    """Bring the database up to date; with LEITSTELLE_DEMO=1 also demo users and example units. Repeatable.

    A node with peers that is not the first of its network (LEITSTELLE_JOINS=1) loads nothing: it gets all from them.
    The last line is the node's public key, for the others' LEITSTELLE_PEERS.
    """
    demo = ["--demo"] if os.environ.get("LEITSTELLE_DEMO") == "1" else []
    joins = os.environ.get("LEITSTELLE_JOINS") == "1"
    for command in (["migrate", "--no-input"], *([] if joins else [["load_reference", *demo]])):
        done = subprocess.run([python(), "manage.py", *command], cwd=ROOT, check=False)
        if done.returncode != 0:
            return done.returncode
    print(f"{os.environ.get('LEITSTELLE_NODE', 'jena')}: {identity.public_key(run_dir())}")
    return 0


def main(arguments: list[str]) -> NoReturn:
    if arguments == ["prepare"]:
        sys.exit(prepare())
    if len(arguments) != 1 or arguments[0] not in PROGRAMS:
        sys.exit(f"usage: python -m ops.run {{prepare|{'|'.join(PROGRAMS)}}}")
    command = PROGRAMS[arguments[0]].command(python(), environment.command_values(os.environ))
    os.chdir(ROOT)
    os.execv(command[0], command)


if __name__ == "__main__":
    main(sys.argv[1:])
