"""Names of the console's script modules: stable, common to the set, new whenever one of them changes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from django.core.files.storage import FileSystemStorage

from leitstelle.staticfiles import ModuleStaticFilesStorage


def collect(source: Path, target: Path) -> dict[str, str]:
    """Names after collection, for the files in `source` (and a stylesheet's own hash)."""
    target.mkdir()
    for path in source.iterdir():
        (target / path.name).write_bytes(path.read_bytes())
    storage = ModuleStaticFilesStorage(location=str(target), base_url="/static/")
    found: dict[str, Any] = {path.name: (FileSystemStorage(str(source)), path.name) for path in source.iterdir()}
    names = {}
    for name, hashed, outcome in storage.post_process(found):
        assert not isinstance(outcome, Exception), outcome
        if name in found and not hashed.endswith((".gz", ".br")):
            names[name] = hashed
    return names


def test_modules_that_import_each_other_share_one_version(tmp_path: Path, settings: Any) -> None:
    source = tmp_path / "source"
    source.mkdir()
    settings.STATICFILES_DIRS = [source]
    (source / "a.js").write_text('import { b } from "./b.js";\nexport const a = () => b;\n')
    (source / "b.js").write_text('import { a } from "./a.js";\nexport const b = () => a;\n')
    (source / "c.js").write_text("export const c = 1;\n")
    (source / "look.css").write_text("body { margin: 0 }\n")

    first = collect(source, tmp_path / "first")
    mark = first["a.js"].split(".")[1]
    assert first["b.js"] == f"b.{mark}.js"
    assert f"./b.{mark}.js" in (tmp_path / "first" / first["a.js"]).read_text()
    assert f"./a.{mark}.js" in (tmp_path / "first" / first["b.js"]).read_text()
    assert collect(source, tmp_path / "again") == first

    (source / "c.js").write_text("export const c = 2;\n")
    changed = collect(source, tmp_path / "changed")
    assert {name for name in first if changed[name] != first[name]} == {"a.js", "b.js", "c.js"}
    assert re.fullmatch(r"look\.[0-9a-f]{12}\.css", changed["look.css"])
