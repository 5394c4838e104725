"""`make lock`: pin everything anew. Needs the registries; the lock files keep no address of any of them."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from ops import libraries
from ops.places import ROOT
from ops.terminal import Failure, Steps, report, run

OPTIONS = ("--generate-hashes", "--no-emit-index-url", "--no-emit-find-links", "--no-annotate", "--no-header")
TARGET = ("--universal", "--python-version", "3.11", "--upgrade", "--quiet")
LOCKS = ("requirements", "requirements-dev", "requirements-node")


def main() -> int:
    steps = Steps(len(LOCKS) + 1)
    tool = Path(tempfile.mkdtemp(prefix="leitstelle-lock-"))
    try:
        # Not in the project's environment: it is needed here only, and must not bind the project's pins.
        run(steps, [sys.executable, "-m", "venv", str(tool)], do="Install python3-venv.")
        run(steps, [str(tool / "bin" / "pip"), "install", "--quiet", "uv"], do=libraries.NETWORK)
        for name in LOCKS:
            steps.begin(f"{name}.txt")
            command = [str(tool / "bin" / "uv"), "pip", "compile", *OPTIONS, *TARGET]
            run(steps, [*command, f"{name}.in", "--output-file", f"{name}.txt"], do=libraries.NETWORK)
            steps.done()
        steps.begin("package-lock.json")
        npm = [libraries.npm_command(steps), "install", "--package-lock-only", "--ignore-scripts"]
        run(steps, npm, do=libraries.NETWORK, env=libraries.tool_env(), cwd=ROOT)
        steps.done()
    except Failure as failure:
        return report(failure)
    finally:
        shutil.rmtree(tool)
    return 0


if __name__ == "__main__":
    sys.exit(main())
