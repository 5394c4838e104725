"""Static files named by their content, ES module imports rewritten to match: cached for ever, no bundler."""

import hashlib
from functools import cached_property
from pathlib import Path
from typing import Any

from django.conf import settings
from whitenoise.storage import CompressedManifestStaticFilesStorage


class ModuleStaticFilesStorage(CompressedManifestStaticFilesStorage):
    """Gives all our script modules one common hash, that of the whole set.

    A hash for each would depend on the names of the modules it imports: with two that import each other (a type
    in a comment is enough) there is no such hash. In common, a console never mixes modules of two versions.
    """

    support_js_module_import_aggregation = True

    def file_hash(self, name: str, content: Any = None) -> str | None:
        """The mark in the file's name: of the set for our modules, of the content for everything else."""
        if name in self._modules:
            return self._modules_hash
        mark: str | None = super().file_hash(name, content)
        return mark

    @cached_property
    def _modules(self) -> dict[str, Path]:
        return {
            path.relative_to(folder).as_posix(): path
            for folder in map(Path, settings.STATICFILES_DIRS)
            for path in sorted(folder.rglob("*.js"))
        }

    @cached_property
    def _modules_hash(self) -> str:
        digest = hashlib.sha256()
        for name, path in self._modules.items():
            digest.update(f"{name}\0".encode() + path.read_bytes())
        return digest.hexdigest()[:12]
