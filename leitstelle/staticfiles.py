"""Static files named by their content, ES module imports rewritten to match: cached for ever, no bundler."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class ModuleStaticFilesStorage(CompressedManifestStaticFilesStorage):
    support_js_module_import_aggregation = True
    # A module's name depends on those it imports: one pass per level of the deepest chain of imports.
    max_post_process_passes = 20
