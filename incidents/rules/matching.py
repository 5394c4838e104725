"""The cheapest assignment of workers to jobs, exactly. Pure.

Shortest augmenting paths with potentials (Kuhn 1955, Munkres 1957; in this form Jonker and Volgenant 1987): each job is
added in turn and the assignment stays optimal for the jobs so far. Costs are integers, so there is no rounding and the
result depends on nothing but the order of the arguments.
"""

from collections.abc import Mapping, Sequence

Costs = Sequence[Mapping[int, int]]


def cheapest(costs: Costs, workers: int, undone: Sequence[int]) -> list[int | None]:
    """For each job its worker, or None where leaving it undone is cheaper in total.

    costs: per job the workers (0 … workers - 1) that can do it, with their cost; undone: per job the cost of leaving
    it. No worker gets two jobs. The sum is the smallest possible.
    """
    # Column ``workers + job`` is the job's own way out: it stands for "undone".
    edges = [{**row, workers + job: undone[job]} for job, row in enumerate(costs)]
    price = [0] * len(edges)
    rebate: dict[int, int] = {}
    done_by: dict[int, int] = {}
    for job in range(len(edges)):
        _augment(edges, job, price, rebate, done_by)
    result: list[int | None] = [None] * len(edges)
    for column, job in done_by.items():
        if column < workers:
            result[job] = column
    return result


def _augment(
    edges: Sequence[Mapping[int, int]], new: int, price: list[int], rebate: dict[int, int], done_by: dict[int, int]
) -> None:
    """Find a column for ``new``, moving other jobs where that is cheaper, and keep the potentials feasible."""
    distance: dict[int, int] = {}
    came_from: dict[int, int] = {}
    settled: list[int] = []
    open_columns: set[int] = set()
    job, job_distance = new, 0
    while True:
        for column, cost in edges[job].items():
            reach = job_distance + cost - price[job] - rebate.get(column, 0)
            known = distance.get(column)
            if known is None or (column in open_columns and reach < known):
                distance[column], came_from[column] = reach, job
                open_columns.add(column)
        nearest = min(open_columns, key=lambda column: (distance[column], column))
        open_columns.discard(nearest)
        job_distance = distance[nearest]
        if nearest not in done_by:
            break
        settled.append(nearest)
        job = done_by[nearest]
    for column in settled:
        price[done_by[column]] += job_distance - distance[column]
        rebate[column] = rebate.get(column, 0) - (job_distance - distance[column])
    price[new] += job_distance
    _shift(nearest, new, came_from, done_by)


def _shift(column: int, new: int, came_from: Mapping[int, int], done_by: dict[int, int]) -> None:
    """Give ``column`` to the job that reached it, that job's old column to the one before, back to ``new``."""
    column_of = {job: taken for taken, job in done_by.items()}
    while True:
        job = came_from[column]
        previous = column_of.get(job)
        done_by[column] = job
        if job == new or previous is None:
            return
        column = previous
