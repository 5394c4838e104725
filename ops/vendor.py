"""Copy the installed browser libraries to `static/vendor`, from where the node serves them.

Nothing of them is committed and nothing comes from a CDN. `python -m ops.vendor` does the copy alone.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from ops.places import ROOT

MODULES = ROOT / "node_modules"
TARGET = ROOT / "static" / "vendor"

PARTS: dict[str, tuple[Path, tuple[str, ...]]] = {
    # Library: (its folder in node_modules, patterns of the files the browser or the type checker reads)
    "lit-html": (Path("lit-html"), ("*.js", "*.d.ts", "*.map", "directives/*", "LICENSE", "package.json")),
    "leaflet": (
        Path("leaflet"),
        (
            *(
                "dist/leaflet-src.esm.js",
                "dist/leaflet-src.esm.js.map",
                "dist/leaflet.js",
                "dist/leaflet.js.map",
            ),
            *("dist/leaflet.css", "dist/images/*", "LICENSE"),
        ),
    ),
}


def copy() -> None:
    """Replace `static/vendor` by the files of PARTS; what stood in `dist/` comes without that folder."""
    shutil.rmtree(TARGET, ignore_errors=True)
    for name, (folder, patterns) in PARTS.items():
        for pattern in patterns:
            for source in (MODULES / folder).glob(pattern):
                if source.is_file():
                    relative = source.relative_to(MODULES / folder)
                    parts = relative.parts[1:] if relative.parts[0] == "dist" else relative.parts
                    target = TARGET / name / Path(*parts)
                    target.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copyfile(source, target)
    # The type checker finds the types of an imported file beside it.
    (TARGET / "leaflet" / "leaflet-src.esm.d.ts").write_text('export * from "leaflet";\n')


def complete() -> bool:
    """Whether every library of PARTS has been copied."""
    return all((TARGET / name / "LICENSE").exists() for name in PARTS)


if __name__ == "__main__":
    copy()
