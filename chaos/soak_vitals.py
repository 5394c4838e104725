"""What a node takes of its machine: memory, open files, threads, connections to its database."""

import contextlib
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from ops.processes import WEB_THREADS
from ops.served import ServedNode

MEMORY_GROWTH = 0.05
# Keep-alive and pools breathe: what a handful of requests at the moment of counting holds open.
FILES, THREADS, CONNECTIONS = 12, 3, 4
# By process; the others have THREADS. The pages' pool has between one thread and all.
MORE_THREADS = {"web": WEB_THREADS - 1}
_CONNECTIONS = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"


@dataclass(frozen=True, slots=True)
class Vitals:
    """``memory``: proportional set size in bytes by process, workers included; ``threads`` by process as well."""

    memory: Mapping[str, int]
    files: int
    threads: Mapping[str, int]
    connections: int

    @property
    def total(self) -> int:
        return sum(self.memory.values())

    def figures(self) -> dict[str, object]:
        """For a report, in megabytes."""
        megabytes = {name: round(size / 1e6, 1) for name, size in self.memory.items()}
        return asdict(self) | {"memory": megabytes, "total": round(self.total / 1e6, 1)}


def take(node: ServedNode) -> Vitals:
    """Of all running processes of the node, counted now."""
    groups = {child.pid: name for name, child in node.children.items() if child.running}
    memory, threads = dict.fromkeys(groups.values(), 0), dict.fromkeys(groups.values(), 0)
    files = 0
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                name = groups.get(os.getpgid(int(entry.name)))
                if name is None:
                    continue
                memory[name] += _kilobytes(entry / "smaps_rollup", "Pss:") * 1024
                threads[name] += len(list((entry / "task").iterdir()))
                files += len(list((entry / "fd").iterdir()))
    return Vitals(memory, files, threads, int(node.sql(_CONNECTIONS)))


def _kilobytes(path: Path, field: str) -> int:
    return sum(int(line.split()[1]) for line in path.read_text().splitlines() if line.startswith(field))


def grown(before: Vitals, after: Vitals) -> list[str]:
    """What has become more than it may in between, in words."""
    found = []
    if after.total > before.total * (1 + MEMORY_GROWTH):
        share = after.total / before.total - 1
        found.append(f"memory {share:+.1%}: {before.figures()['memory']} -> {after.figures()['memory']}")
    counts = [("files", before.files, after.files, FILES)]
    counts += [("connections", before.connections, after.connections, CONNECTIONS)]
    for name, now in after.threads.items():
        counts.append((f"threads of {name}", before.threads.get(name, 0), now, MORE_THREADS.get(name, THREADS)))
    return found + [f"{name}: {was} -> {now}" for name, was, now, slack in counts if now > was + slack]
