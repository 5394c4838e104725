"""``python -m bench``: measure everything against the goals of the house. Exit code 1 where a goal is missed.

python -m bench                  all of it; twenty-odd minutes, ten of them the storm
python -m bench --quick          the same parts, shorter; for the hand, not for the record
python -m bench commands push    only these parts
"""

import argparse
import sys

from bench.run import PARTS, QUICK, Bench, Scale


def main() -> int:
    parser = argparse.ArgumentParser(prog="bench", description="Measure a node against its goals.")
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="default: all")
    parser.add_argument("--quick", action="store_true", help="shorter runs and a smaller storm")
    options = parser.parse_args()
    return Bench(QUICK if options.quick else Scale(), frozenset(options.parts or PARTS)).run()


if __name__ == "__main__":
    sys.exit(main())
