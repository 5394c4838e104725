"""Run one process of the node in the foreground: `python -m ops.run web`. What a container does.

`prepare` brings the database up to date and ends.

The environment says everything else (see `ops.environment`), and for containers besides: LEITSTELLE_BIND is the address
to listen on; LEITSTELLE_KEYS_DIR is a folder that the containers of all centres on this machine share, into which
`prepare` puts its node's public key; LEITSTELLE_NEIGHBOURS (name=ws://host:port, by comma) are the nodes whose keys are
read from there. Where LEITSTELLE_PEERS is given, it counts alone: nodes on other machines exchange their keys by hand.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

from ops import environment, identity
from ops.places import ROOT, python, run_dir
from ops.processes import PROGRAMS

KEY_PATIENCE = 120.0
"""Seconds in which a neighbour's `prepare` may still bring its key."""


class KeyMissing(Exception):
    """A neighbour has not left its public key."""


def prepare() -> int:
    """Bring the database up to date; with LEITSTELLE_DEMO=1 also demo users and example units. Repeatable.

    A node that is not the first of its network (LEITSTELLE_JOINS=1) loads nothing: it gets all over the link.
    The last line is the node's public key, for the others' LEITSTELLE_PEERS.
    """
    demo = ["--demo"] if os.environ.get("LEITSTELLE_DEMO") == "1" else []
    joins = os.environ.get("LEITSTELLE_JOINS") == "1"
    for command in (["migrate", "--no-input"], *([] if joins else [["load_reference", *demo]])):
        done = subprocess.run([python(), "manage.py", *command], cwd=ROOT, check=False)
        if done.returncode != 0:
            return done.returncode
    name, key = os.environ.get("LEITSTELLE_NODE", "jena"), identity.public_key(run_dir())
    if folder := os.environ.get("LEITSTELLE_KEYS_DIR"):
        new = Path(folder) / f".{name}"
        new.write_text(key)
        new.replace(Path(folder) / name)
    print(f"{name}: {key}")
    return 0


def peers(env: Mapping[str, str], patience: float = KEY_PATIENCE) -> str:
    """LEITSTELLE_PEERS of a node: as given, or from its neighbours' keys, which are waited for. Raises KeyMissing."""
    if env.get("LEITSTELLE_PEERS") or not env.get("LEITSTELLE_NEIGHBOURS"):
        return env.get("LEITSTELLE_PEERS", "")
    deadline = time.monotonic() + patience
    found = []
    for neighbour in env["LEITSTELLE_NEIGHBOURS"].split(","):
        file = Path(env["LEITSTELLE_KEYS_DIR"]) / neighbour.partition("=")[0]
        while not file.exists():
            if time.monotonic() > deadline:
                raise KeyMissing(f"{file} is missing: has `prepare` of that centre ended well? See its log.")
            time.sleep(0.2)
        found.append(f"{neighbour}#{file.read_text().strip()}")
    return ",".join(found)


def main(arguments: list[str]) -> NoReturn:
    if arguments == ["prepare"]:
        sys.exit(prepare())
    if len(arguments) != 1 or arguments[0] not in PROGRAMS:
        sys.exit(f"usage: python -m ops.run {{prepare|{'|'.join(PROGRAMS)}}}")
    try:
        os.environ["LEITSTELLE_PEERS"] = peers(os.environ)
    except KeyMissing as error:
        sys.exit(str(error))
    command = PROGRAMS[arguments[0]].command(python(), environment.command_values(os.environ))
    os.chdir(ROOT)
    os.execv(command[0], command)


if __name__ == "__main__":
    main(sys.argv[1:])
