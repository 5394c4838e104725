"""Incident numbers: centre, year, serial. Pure."""


def incident_number(code: str, year: int, serial: int, stand_in: str = "", life: int = 1) -> str:
    """``J-2026-000123``; with ``stand_in``, the code of a node that numbers for a centre not its own: ``…/G``; in a
    further ``life`` of the node, after a restore: ``…/2``, ``…/G2``.

    Each node counts for itself and in each life anew, so no two ever give one number twice.
    """
    number = f"{code}-{year}-{serial:06d}"
    mark = stand_in + (str(life) if life > 1 else "")
    return f"{number}/{mark}" if mark else number
