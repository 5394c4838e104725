"""The simulator of bad days: the real protocol, journal and services of several nodes in one process, on a clock, a
network and disks that a seed decides about. ``python -m sim``; see ``docs/simulation.md``."""
