"""``python -m sim [--seed n] [--hours n] [--jobs n]``: play episodes until so many simulated hours have passed.

Exit code 1 where a law was broken; the seed and a short list of actions that does it again are printed. Each episode is
a line of JSON in ``.run/sim.jsonl``.
"""

import argparse
import os
import subprocess
import sys

import django


def main() -> int:
    parser = argparse.ArgumentParser(prog="sim", description="The simulator of bad days.")
    parser.add_argument("--seed", type=int, default=1, help="the first seed")
    parser.add_argument("--hours", type=float, default=100.0, help="simulated hours in all")
    parser.add_argument("--jobs", type=int, default=1, help="processes that share the seeds")
    parser.add_argument("--job", type=int, default=0, help=argparse.SUPPRESS)
    parser.add_argument("--keep-on", action="store_true", help="do not stop at the first broken law")
    options = parser.parse_args()
    if options.jobs > 1 and not options.job:
        return share(options)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "leitstelle.settings")
    django.setup()
    return play(options)


def share(options: argparse.Namespace) -> int:
    """Every job has its own server and every n-th seed."""
    children = [
        subprocess.Popen([sys.executable, "-m", "sim", *sys.argv[1:], "--job", str(number + 1)])
        for number in range(options.jobs)
    ]
    try:
        return max(child.wait() for child in children)
    except KeyboardInterrupt:
        return max(child.wait() for child in children)


def play(options: argparse.Namespace) -> int:
    # Only now: the apps have to be there.
    from ops.places import run_dir, server_home  # noqa: PLC0415
    from sim.run import main_line, play_many, theatre  # noqa: PLC0415
    from sim.stores import private_cluster  # noqa: PLC0415

    number = max(1, options.job)
    cluster = private_cluster(server_home(run_dir() / ("sim" if number == 1 else f"sim{number}")))
    cluster.start()
    try:
        with theatre(cluster) as stage, (run_dir() / "sim.jsonl").open("a") as lines:
            tally = play_many(
                stage,
                options.seed + number - 1,
                options.hours / options.jobs,
                lines,
                step=options.jobs,
                say=main_line,
                keep_on=options.keep_on,
            )
    finally:
        cluster.stop()
    main_line(str(tally))
    return 1 if tally.violations else 0


if __name__ == "__main__":
    sys.exit(main())
