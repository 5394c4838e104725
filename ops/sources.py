"""Short hashes over the parts of the source that a prepared database or a collected `static/` was made from; stamps."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from ops.places import ROOT

APPS = ("journal", "resources", "incidents", "federation", "leitstelle")


class Stamp:
    """Remembers in a file from which source something was made; says whether it still fits."""

    def __init__(self, path: Path, current: str) -> None:
        self.path = path
        self.current = current
        self.fits = path.exists() and path.read_text() == current

    def put(self, *, done: bool) -> None:
        """Write the stamp, if the work was done to its end."""
        if done:
            self.path.write_text(self.current)


def data_hash() -> str:
    """Over all that shapes tables and reference data: the apps without their static files."""
    return _hash(path for path in _files(APPS) if "static" not in path.relative_to(ROOT).parts)


def static_hash() -> str:
    """Over all that shapes the collected static files: the files, how they are named, and the libraries' versions."""
    of_apps = (path for path in _files(APPS) if "static" in path.relative_to(ROOT).parts)
    rules = (ROOT / name for name in ("leitstelle/settings.py", "leitstelle/staticfiles.py", "requirements.txt"))
    return _hash([*_files(["static"]), *of_apps, *rules])


def _files(folders: Iterable[str]) -> Iterator[Path]:
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.is_file() and path.suffix != ".pyc":
                yield path


def _hash(paths: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for path in paths:
        digest.update(f"{path.relative_to(ROOT)}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]
