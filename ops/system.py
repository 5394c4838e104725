"""What the operating system must bring, and its installation on Debian.

Asks for abilities, not for package names, so a machine that has them another way is left alone. New servers
are neither started nor enabled as services: Leitstelle runs its own, privately.
"""

from __future__ import annotations

import contextlib
import ctypes.util
import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ops.cluster import PostgresMissing, server_programs
from ops.places import is_root
from ops.terminal import Failure, Steps, ask, run

POLICY = Path("/usr/sbin/policy-rc.d")
CLUSTER_CONFIG = Path("/etc/postgresql-common/createcluster.conf")


@dataclass(frozen=True)
class Need:
    """One ability: how to see whether it is there, and patterns of the Debian packages that bring it."""

    what: str
    present: Callable[[], bool]
    packages: tuple[str, ...]


def _has_postgres() -> bool:
    with contextlib.suppress(PostgresMissing):
        return bool(server_programs())
    return False


def _has_venv() -> bool:
    return all(importlib.util.find_spec(name) for name in ("venv", "ensurepip"))


FOR_RUNNING = (
    Need(
        "certificates of the web",
        lambda: Path("/etc/ssl/certs/ca-certificates.crt").exists(),
        ("ca-certificates",),
    ),
    Need("Python's virtual environments", _has_venv, ("python3-venv",)),
    Need("PostgreSQL with PostGIS", _has_postgres, (r"postgresql-\d+-postgis-3", r"postgresql-\d+")),
    Need("Redis", lambda: shutil.which("redis-server") is not None, ("redis-server",)),
    Need("GDAL", lambda: ctypes.util.find_library("gdal") is not None, (r"libgdal\d+",)),
    Need("GEOS", lambda: ctypes.util.find_library("geos_c") is not None, ("libgeos-c1v5|libgeos-c1t64",)),
)
FOR_TESTS = (
    Need("Chromium", lambda: shutil.which("chromium") is not None, ("chromium",)),
    Need(
        "a font with umlauts and symbols",
        lambda: any(Path("/usr/share/fonts").rglob("DejaVuSans.ttf")),
        ("fonts-dejavu-core",),
    ),
)

FOR_CHAOS = (
    Need(
        "clocks that can be wrong",
        lambda: any(Path("/usr/lib").glob("*/faketime/libfaketime.so.1")),
        ("libfaketime",),
    ),
)


def missing(needs: Sequence[Need]) -> list[Need]:
    return [need for need in needs if not need.present()]


def install(steps: Steps, needs: Sequence[Need]) -> None:
    """Install what `needs` lack. Raises Failure where that cannot be done, with the command to type."""
    names = ", ".join(need.what for need in needs)
    if shutil.which("apt-get") is None:
        raise Failure(f"This machine lacks: {names}.", "Install them with the machine's own package manager.")
    rough = " ".join(re.sub(r"\\d\+", "15", pattern).split("|")[0] for need in needs for pattern in need.packages)
    if not is_root():
        by_hand = f"Run as root: apt-get update && apt-get install --no-install-recommends {rough}"
        if shutil.which("sudo") is None:
            raise Failure(f"This machine lacks: {names}, and there is no sudo.", by_hand)
        print(f"\n  This machine lacks: {names}.")
        if not ask("  Install them now with sudo?"):
            raise Failure(f"This machine lacks: {names}.", f"{by_hand} (or LEITSTELLE_YES=1 to agree to sudo)")
        subprocess.run(["sudo", "-v"], check=False)  # the password prompt, before the output goes to the log
    advice = "Check the network and /etc/apt/sources.list, then run the same make command again."
    _apt(steps, ["update"], advice)
    packages = resolve([pattern for need in needs for pattern in need.packages])
    with _no_new_services(steps, packages, advice):
        _apt(steps, ["install", "-y", "--no-install-recommends", *packages], advice)
    if still := missing(needs):
        raise Failure(f"Installed, yet not found: {', '.join(need.what for need in still)}.", advice)


def resolve(patterns: Sequence[str]) -> list[str]:
    """The newest package name for each pattern, from the machine's package lists; postgresql fits postgis."""
    known = subprocess.run(["apt-cache", "pkgnames"], capture_output=True, text=True, check=True).stdout.split()
    chosen: list[str] = []
    for pattern in patterns:
        if pattern == r"postgresql-\d+":
            chosen.append(chosen[-1].removesuffix("-postgis-3"))
            continue
        fitting = [name for name in known if re.fullmatch(pattern, name)]
        if not fitting:
            raise Failure(f"No package like {pattern} is known.", "Check /etc/apt/sources.list (Debian 12: main).")
        chosen.append(max(fitting, key=lambda name: [int(part) for part in re.findall(r"\d+", name)]))
    return chosen


def _apt(steps: Steps, arguments: Sequence[str], advice: str) -> None:
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    run(steps, [*_as_root(), "apt-get", "-q", *arguments], do=advice, env=env)


def _as_root() -> list[str]:
    return [] if is_root() else ["sudo", "--preserve-env=DEBIAN_FRONTEND"]


@contextlib.contextmanager
def _no_new_services(steps: Steps, packages: Sequence[str], advice: str) -> Iterator[None]:
    """Keep new server packages from starting, enabling or creating a system service; put all back after.

    Debian asks /usr/sbin/policy-rc.d whether a service may start, and createcluster.conf whether a new
    PostgreSQL makes a cluster. Redis enables itself for the next boot and is switched off again.
    """
    new_redis = "redis-server" in packages
    new_postgres = any(name.startswith("postgresql-") for name in packages)
    _put_aside(steps, POLICY, advice)
    _write(steps, POLICY, "#!/bin/sh\nexit 101\n", "755", advice)
    try:
        if new_postgres:
            _apt(steps, ["install", "-y", "--no-install-recommends", "postgresql-common"], advice)
            before = CLUSTER_CONFIG.read_text()
            _write(steps, CLUSTER_CONFIG, before + "\ncreate_main_cluster = false\n", "644", advice)
        try:
            yield
        finally:
            if new_postgres:
                _write(steps, CLUSTER_CONFIG, before, "644", advice)
        if new_redis:
            tool = ["systemctl", "disable"] if shutil.which("systemctl") else ["update-rc.d"]
            command = [*tool, "redis-server", *([] if "systemctl" in tool else ["disable"])]
            run(steps, [*_as_root(), *command], do=advice)
    finally:
        run(steps, [*_as_root(), "rm", "-f", str(POLICY)], do=advice)
        _put_back(steps, POLICY, advice)


def _put_aside(steps: Steps, path: Path, advice: str) -> None:
    if path.exists():
        run(steps, [*_as_root(), "mv", str(path), f"{path}.before-leitstelle"], do=advice)


def _put_back(steps: Steps, path: Path, advice: str) -> None:
    if Path(f"{path}.before-leitstelle").exists():
        run(steps, [*_as_root(), "mv", f"{path}.before-leitstelle", str(path)], do=advice)


def _write(steps: Steps, path: Path, text: str, mode: str, advice: str) -> None:
    script = f"printf '%s' \"$1\" > {path} && chmod {mode} {path}"
    run(steps, [*_as_root(), "sh", "-c", script, "sh", text], do=advice)
