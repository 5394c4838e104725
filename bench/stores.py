"""The two stores that are measured: empty (reference data alone) and full."""

import hashlib
import subprocess
import time
from collections.abc import Callable

from bench.ground import EMPTY, FULL, Ground
from ops.places import ROOT, python

INCIDENTS, OPEN = 22_000, 350
CENTRES = ("jena", "gera")
SEED = 112
# What every run starts from; both hold the same demo keys, because the full one grows out of the empty one.
KEPT_EMPTY, KEPT_FULL = f"{EMPTY}_kept", f"{FULL}_kept"
# What the rows of the stores depend on.
SHAPED_BY = (
    "*/migrations/*.py",
    "*/entries.py",
    "*/entries/*.py",
    "*/data/**/*",
    "*/reference.py",
    "*/reference/*.py",
    "journal/*.py",
    "leitstelle/accounts/*.py",
    "leitstelle/accounts/migrations/*.py",
    "bench/store.py",
)


def prepare_stores(ground: Ground, say: Callable[[str], None]) -> None:
    """Both databases, ready, and the static files. They are made once and kept as long as what shapes them is."""
    cluster = ground.cluster
    noted, mark = ground.folder / "stores", _mark()
    if not (cluster.has_database(KEPT_FULL) and noted.exists() and noted.read_text() == mark):
        noted.unlink(missing_ok=True)
        cluster.create_database(KEPT_EMPTY, replace=True)
        ground.node_on(KEPT_EMPTY).prepare(static=False)
        cluster.create_database(KEPT_FULL, template=KEPT_EMPTY, replace=True)
        say(f"{INCIDENTS} Einsätze werden durch die echten Einträge angelegt, {OPEN} davon offen …")
        began = time.monotonic()
        count = _fill(ground)
        say(f"{count} Einträge in {time.monotonic() - began:.0f} s")
        noted.write_text(mark)
    cluster.create_database(EMPTY, template=KEPT_EMPTY, replace=True)
    cluster.create_database(FULL, template=KEPT_FULL, replace=True)
    ground.node_on(EMPTY).manage("collectstatic", "--no-input")


def _fill(ground: Ground) -> int:
    """Both centres at once, half of the incidents each; gives the number of entries. Raises RuntimeError."""
    env = ground.node_on(KEPT_FULL).full_env()
    closed, open_ = (INCIDENTS - OPEN) // len(CENTRES), OPEN // len(CENTRES)
    jobs = [
        subprocess.Popen(
            [python(), "-m", "bench.store", centre, str(closed), str(open_), str(SEED)],
            cwd=ROOT,
            env=env,
            text=True,
            stdout=subprocess.PIPE,
        )
        for centre in CENTRES
    ]
    outputs = [job.communicate()[0] for job in jobs]
    if any(job.returncode for job in jobs):
        raise RuntimeError("the full store could not be made, see above")
    ground.cluster.sql("VACUUM ANALYZE", KEPT_FULL)
    return sum(int(output.split()[-1]) for output in outputs)


def _mark() -> str:
    digest = hashlib.sha256(f"{INCIDENTS}/{OPEN}/{SEED}".encode())
    for path in sorted({path for pattern in SHAPED_BY for path in ROOT.glob(pattern) if path.is_file()}):
        if "__pycache__" not in path.parts:
            digest.update(f"{path.relative_to(ROOT)}\0".encode() + path.read_bytes())
    return digest.hexdigest()
