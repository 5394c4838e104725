"""The project's libraries: `.venv` from the hashed lock files, `node_modules` from the npm lock file.

Each part carries a stamp with the hash of what it was made from, so a second run costs nothing.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from ops import vendor
from ops.places import ROOT, VENV
from ops.terminal import Failure, Steps, run

OLDEST_NODE = 18
NETWORK = "Check the network (and pip's and npm's proxy settings), then run the same make command again."


def digest(*paths: Path) -> str:
    """A hash over the content of `paths`."""
    value = hashlib.sha256()
    for path in paths:
        value.update(path.read_bytes())
    return value.hexdigest()


def python_libraries(steps: Steps, *, tests: bool) -> str:
    """Bring `.venv` in line with the lock files; gives a word on what was done. Raises Failure."""
    if not _venv_works():
        shutil.rmtree(VENV, ignore_errors=True)
        run(steps, [sys.executable, "-m", "venv", str(VENV)], do="Install python3-venv and try again.")
    changed = False
    for name in ("requirements.txt", *(["requirements-dev.txt"] if tests else [])):
        changed = _install(steps, name) or changed
    if changed:
        _remove_what_no_lock_names(steps)
    # `pytest` and other commands of the environment find the packages of the checkout through this line.
    path_file = next(VENV.glob("lib/python3.*/site-packages")) / "leitstelle.pth"
    path_file.write_text(f"{ROOT}\n")
    return "installed" if changed else "up to date"


def browser_libraries(steps: Steps, *, tests: bool) -> str:
    """Bring `node_modules` and `static/vendor` in line with package-lock.json. Raises Failure."""
    lock = digest(ROOT / "package-lock.json")
    stamp = ROOT / "node_modules" / ".leitstelle"
    have = stamp.read_text() if stamp.exists() else ""
    if have not in ({f"all {lock}"} if tests else {f"all {lock}", f"run {lock}"}):
        npm = npm_command(steps)
        arguments = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", *([] if tests else ["--omit=dev"])]
        run(steps, [npm, *arguments], do=NETWORK, env=tool_env())
        stamp.write_text(f"{'all' if tests else 'run'} {lock}")
        vendor.copy()
        return "installed"
    if not vendor.complete():
        vendor.copy()
    return "up to date"


def npm_command(steps: Steps) -> str:
    """The path of an npm with Node of at least OLDEST_NODE: the machine's, else from the PyPI wheel."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm and _node_version(node) >= OLDEST_NODE:
        return npm
    _install(steps, "requirements-node.txt")
    if not (VENV / "bin" / "npm").exists():
        raise Failure("The Node.js wheel brought no npm.", "Install Node.js 18 or newer and try again.")
    return str(VENV / "bin" / "npm")


def tool_env() -> dict[str, str]:
    """The environment with the project's tools first in PATH (npm starts `node` by name)."""
    return {**os.environ, "PATH": f"{VENV / 'bin'}:{os.environ.get('PATH', '/usr/bin:/bin')}"}


def _install(steps: Steps, name: str) -> bool:
    """Install one hashed lock file into `.venv` unless its stamp is there; whether something was done."""
    lock = ROOT / name
    stamp = VENV / f".{name}.sha256"
    if stamp.exists() and stamp.read_text() == digest(lock):
        return False
    command = [str(VENV / "bin" / "python"), "-m", "pip", "install", "--require-hashes", "--no-input"]
    run(steps, [*command, "--disable-pip-version-check", "--no-deps", "-r", name], do=NETWORK)
    stamp.write_text(digest(lock))
    return True


def _remove_what_no_lock_names(steps: Steps) -> None:
    """Packages of earlier locks must not stay: they can shadow, or hide that something is not locked."""
    locked = {"pip", "setuptools", "wheel"}
    for lock in ROOT.glob("requirements*.txt"):
        locked |= {_plain(name) for name in re.findall(r"^([\w.-]+)==", lock.read_text(), re.MULTILINE)}
    folders = VENV.glob("lib/python3.*/site-packages/*.dist-info")
    installed = {_plain(folder.name.split("-")[0]) for folder in folders}
    if extra := sorted(installed - locked):
        command = [str(VENV / "bin" / "python"), "-m", "pip", "uninstall", "--yes", "--quiet", *extra]
        run(steps, command, do=NETWORK)


def _plain(name: str) -> str:
    """A package name as the registries compare it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _venv_works() -> bool:
    program = VENV / "bin" / "python"
    if not program.exists():
        return False
    asked = "import sys, pip; print(sys.prefix)"
    done = subprocess.run([str(program), "-c", asked], capture_output=True, text=True, check=False)
    return done.returncode == 0 and Path(done.stdout.strip()) == VENV


def _node_version(node: str) -> int:
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    match = re.match(r"v(\d+)\.", said)
    return int(match.group(1)) if match else 0
