"""Compile the translations: `locale/<language>/LC_MESSAGES/django.po`, as people edit it, to the `.mo` that is read.

By a library instead of gettext's own programs, which a fresh machine does not have. `python -m ops.languages` in the
project's environment compiles what has changed.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from ops.places import ROOT

LOCALE = ROOT / "locale"


def stale(folder: Path = LOCALE) -> list[Path]:
    """The catalogues below `folder` whose compiled form is missing or older."""
    return [
        source
        for source in sorted(folder.glob("*/LC_MESSAGES/*.po"))
        if not (target := source.with_suffix(".mo")).exists() or target.stat().st_mtime_ns < source.stat().st_mtime_ns
    ]


def compile_stale(folder: Path = LOCALE) -> int:
    """Compile what is stale, each file all at once, since a node may be reading it. Gives how many."""
    sources = stale(folder)
    if sources:
        # Not at the top: the set-up asks for `stale` before any library is there.
        from babel.messages.mofile import write_mo  # noqa: PLC0415
        from babel.messages.pofile import read_po  # noqa: PLC0415
    for source in sources:
        with source.open("rb") as text:
            catalogue = read_po(text, locale=source.parent.parent.name)
        handle, name = tempfile.mkstemp(dir=source.parent, suffix=".new")
        with os.fdopen(handle, "wb") as compiled:
            write_mo(compiled, catalogue)
        os.chmod(name, 0o644)
        os.replace(name, source.with_suffix(".mo"))
    return len(sources)


if __name__ == "__main__":
    print(f"{compile_stale()} compiled")
