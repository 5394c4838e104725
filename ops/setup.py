"""Make this machine ready: `python3 -m ops.setup run` (for the demo), `… test` (for checks and tests), `… chaos`.

Runs on a bare Python 3.11; every step says what it does, and a second run only looks.
"""

from __future__ import annotations

import sys

from ops import languages, libraries, system
from ops.places import VENV
from ops.terminal import Failure, Steps, report, run

PURPOSES = {"run": "the demo", "test": "the tests", "chaos": "the tests with faults"}


def prepare(*, tests: bool, chaos: bool = False) -> None:
    """All of the set-up up to the libraries and translations. Raises Failure."""
    steps = Steps(4)
    steps.begin("System packages")
    needs = [*system.FOR_RUNNING, *(system.FOR_TESTS if tests else ()), *(system.FOR_CHAOS if chaos else ())]
    lacking = system.missing(needs)
    if lacking:
        system.install(steps, lacking)
    steps.done("installed" if lacking else "all there")
    steps.begin("Python libraries")
    steps.done(libraries.python_libraries(steps, tests=tests))
    steps.begin("Browser libraries")
    steps.done(libraries.browser_libraries(steps, tests=tests))
    steps.begin("Translations")
    stale = languages.stale()
    if stale:
        run(
            steps, [str(VENV / "bin" / "python"), "-m", "ops.languages"], do="See the line in the .po file named above."
        )
    steps.done("compiled" if stale else "up to date")


def main(arguments: list[str]) -> int:
    if len(arguments) != 1 or arguments[0] not in PURPOSES:
        print(f"usage: python3 -m ops.setup {'|'.join(PURPOSES)}", file=sys.stderr)
        return 2
    print(f"Leitstelle: set-up for {PURPOSES[arguments[0]]}", flush=True)
    try:
        prepare(tests=arguments != ["run"], chaos=arguments == ["chaos"])
    except Failure as failure:
        return report(failure)
    except KeyboardInterrupt:
        print("\nInterrupted. The same command goes on where this stopped.", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
