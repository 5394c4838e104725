"""Incident numbers: centre, year, serial. Pure."""


def incident_number(code: str, year: int, serial: int, stand_in: str = "") -> str:
    """``J-2026-000123``; with ``stand_in``, the code of a node that numbers for a centre not its own: ``…/G``.

    Each node counts for itself, so two that are cut apart never give one number twice.
    """
    number = f"{code}-{year}-{serial:06d}"
    return f"{number}/{stand_in}" if stand_in else number
