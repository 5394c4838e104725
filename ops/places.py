"""Where things live on this machine: checkout, run folder, folder of the servers, the project's Python."""

from __future__ import annotations

import os
import pwd
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"

SERVICE_USER = "postgres"
"""PostgreSQL refuses to run as root; its server (and Redis) then run as this user of Debian's package."""

SOCKET_PATH_LIMIT = 100
"""Unix allows 107 bytes for the path of a socket; a few are kept back for suffixes."""


def run_dir() -> Path:
    """The folder for all that is made at run time: `LEITSTELLE_RUN_DIR`, or `.run/` in the checkout."""
    return Path(os.environ.get("LEITSTELLE_RUN_DIR") or ROOT / ".run")


def is_root() -> bool:
    return os.geteuid() == 0


def python() -> str:
    """The Python that has the packages: the running one if in a virtual environment, else `.venv`."""
    if sys.prefix != sys.base_prefix:
        return sys.executable
    return str(VENV / "bin" / "python")


def server_home(run: Path) -> Path:
    """A folder for databases and sockets below which the servers' user may work; made on first use.

    Normally `<run>/servers`. Not so where the service user cannot pass a parent folder (a checkout in /root)
    or where the path is too long for a socket: then a private folder under /var/tmp, noted in `<run>/home`.
    """
    remembered = run / "home"
    if remembered.exists():
        home = Path(remembered.read_text().strip())
        if home.is_dir() and home.stat().st_uid == os.geteuid():
            return home
    run.mkdir(parents=True, exist_ok=True)
    home = run / "servers"
    home.mkdir(exist_ok=True)
    if len(str(home / "postgres" / "socket" / ".s.PGSQL.5432.lock")) > SOCKET_PATH_LIMIT or not _passable(home):
        home = Path(tempfile.mkdtemp(prefix="leitstelle-", dir="/var/tmp"))
        home.chmod(0o711)
    remembered.write_text(f"{home}\n")
    return home


def _passable(folder: Path) -> bool:
    """Whether the service user can reach `folder`. Found by trying: ACLs and mounts can forbid it too."""
    if not is_root():
        return True
    as_service = ["setpriv", f"--reuid={SERVICE_USER}", f"--regid={SERVICE_USER}", "--init-groups"]
    return subprocess.run([*as_service, "test", "-x", str(folder)], check=False).returncode == 0


def give_to_service_user(folder: Path) -> None:
    """Make `folder` private to the user the servers run as."""
    folder.chmod(0o700)
    if is_root():
        entry = pwd.getpwnam(SERVICE_USER)
        os.chown(folder, entry.pw_uid, entry.pw_gid)
