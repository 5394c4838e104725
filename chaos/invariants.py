"""What must hold after every bad day, asked of both databases (I1 to I8 of the catalogue)."""

import subprocess
from contextlib import suppress
from datetime import datetime

from bench.sockets import connect
from chaos.field import Field
from chaos.traffic import SECRET
from ops.node import CommandFailed
from ops.places import ROOT, python
from ops.served import ServedNode

# Two alarms of one unit that stood at the same time at two incidents, both given with the word of the unit's node.
# Where that did not answer, a process being dead or a line cut, the alarm says so (``unconfirmed``): then they were not
# linked, and what collides is a conflict that is shown.
_DOUBLES = """
SELECT extract(epoch FROM greatest(a.alarmed_at, b.alarmed_at)), a.unit_id, a.alarmed_at, a.ended_at, b.alarmed_at,
       b.ended_at
  FROM incidents_assignment a JOIN incidents_assignment b ON a.unit_id = b.unit_id AND a.id < b.id
 WHERE a.incident_id <> b.incident_id AND a.alarmed_at IS NOT NULL AND b.alarmed_at IS NOT NULL
   AND NOT a.unconfirmed AND NOT b.unconfirmed
   AND a.alarmed_at < coalesce(b.ended_at, 'infinity') AND b.alarmed_at < coalesce(a.ended_at, 'infinity')
"""
_HIDDEN = """
SELECT a.unit_id FROM incidents_assignment a
 WHERE a.ended_at IS NULL AND a.state <> 'reserved' GROUP BY a.unit_id HAVING count(DISTINCT a.incident_id) > 1
EXCEPT SELECT unit_id FROM federation_conflict WHERE kind = 'commitment'
"""
_BACKWARDS = """
SELECT count(*) FROM (SELECT hlc, lag(hlc) OVER (PARTITION BY origin, incarnation ORDER BY seq) AS before
  FROM journal_entry) t WHERE hlc <= before
"""
_TWICE = "SELECT number FROM incidents_incident GROUP BY number HAVING count(*) > 1"


def lost(field: Field) -> list[str]:
    """I1: acknowledged words of which either database knows nothing."""
    wanted = {word.id: word for word in list(field.ledger.words)}
    missing = []
    known: dict[str, set[str]] = {}
    for node in field.network:
        found = node.sql(
            "SELECT command_id FROM journal_entry WHERE command_id IS NOT NULL UNION SELECT command_id FROM"
            " journal_receipt"
        )
        known[node.name] = set(found.split())
    with_entries = set.union(*(set(node.sql("SELECT DISTINCT command_id FROM journal_entry"
                               " WHERE command_id IS NOT NULL").split()) for node in field.network))  # fmt: skip
    for ident, word in wanted.items():
        here = [name for name, ids in known.items() if ident in ids]
        # A command that changed nothing leaves a receipt where it was asked, and nothing that could be lost.
        if not here or (ident in with_entries and len(here) < len(known)):
            missing.append(f"I1 {word.name} {ident} ({word.safety} at {word.node}) is known at {here or 'nobody'}")
    return missing


def _within(moment: float, spans: list[tuple[float, float]]) -> bool:
    return any(began <= moment <= ended for began, ended in spans)


def check(field: Field) -> list[str]:
    """Everything that can be asked quickly, after the field is quiet; one line for each violation."""
    broken = lost(field)
    broken += _journals(field)
    for node in field.network:
        if int(node.sql(_BACKWARDS)):
            broken.append(f"I7 the clock of an origin went backwards in the journal of {node.name}")
        hidden = node.sql(_HIDDEN).split()
        if hidden:
            broken.append(f"I5 committed twice and not shown at {node.name}: {hidden}")
        if numbers := node.sql(_TWICE).split():
            broken.append(f"numbers given twice at {node.name}: {numbers}")
        for line in node.sql(_DOUBLES).splitlines():
            at, unit, *times = line.split("|")
            # A time that was written by a false clock says nothing about what stood when.
            false = any(_within(datetime.fromisoformat(time).timestamp(), field.lied) for time in times if time)
            if not false and not _within(float(at), field.apart):
                broken.append(f"I5 {unit} was committed twice while linked: {times}")
    return broken + _tables(field)


def _journals(field: Field) -> list[str]:
    """I2: equal journals. An alarm may be sent again between the two readings: asked again before it counts."""
    with suppress(TimeoutError):
        field.wait("equal journals", lambda: len(set(field.chains().values())) == 1, 10)
        return []
    return [f"I2 the journals differ: {field.chains()}"]


def _tables(field: Field) -> list[str]:
    """I3: equal digests. A timer may fire between the two readings: asked again before it counts."""
    different: list[str] = []

    def equal() -> bool:
        nonlocal different
        one, other = (field.digests(node) for node in field.network)
        different = sorted(table for table in one if one[table] != other[table])
        return not different

    with suppress(TimeoutError):
        field.wait("equal tables", equal, 10)
        return []
    return [f"I3 tables differ: {different}"]


def check_slowly(field: Field) -> list[str]:
    """What takes its time, at the end: chains byte by byte, tables against a replay, logs, consoles."""
    broken = []
    for node in field.network:
        try:
            node.manage("verify")
        except CommandFailed as error:
            broken.append(f"I2 {node.name}: {error}")
        broken += _replayed(field, node)
    for log in field.logs():
        if SECRET in log.read_text(errors="replace"):
            broken.append(f"I8 personal words in {log.name}")
    return broken


_REPLAY = """
import json
from journal import feed, fold
from journal.models import Key
from journal.receive import receive
rows = [feed.read(o, i, 0, 10**9) for o, marks in feed.have().items() for i, s, h in marks]
before = fold.digests()
fold.clear()
for batch in rows:
    receive(batch)
print(json.dumps(sorted(t for t, d in fold.digests().items() if d != before[t])))
"""


def _replayed(field: Field, node: ServedNode) -> list[str]:
    """I3: a copy of the database, folded anew from its journal, is the same. Ends the node's processes."""
    node.kill_all()
    copy = f"{node.database}_replay"
    node.cluster.create_database(copy, template=node.database, replace=True)
    env = node.full_env() | {"DATABASE_URL": node.cluster.url(copy)}
    done = subprocess.run(
        [python(), "manage.py", "shell", "--no-imports", "-c", _REPLAY],
        cwd=ROOT, env=env, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        return [f"I3 {node.name} cannot be replayed: {done.stderr[-300:]}"]
    different = done.stdout.strip().splitlines()[-1]
    return [] if different == "[]" else [f"I3 {node.name} differs from its replay: {different}"]


async def consoles(field: Field) -> list[str]:
    """I4: a console that opens now has everything, at both."""
    broken = []
    for node in field.network:
        head = int(node.sql("SELECT pos FROM journal_position"))
        cookie = field.logins[node.name][0].cookie
        listener = await connect(node.sockets_url, f"/console/socket?after={head - 100}", cookie, keep=True)
        if listener.last_pos < head:
            broken.append(f"I4 a console of {node.name} is at {listener.last_pos}, the journal at {head}")
        listener.transport.abort()
    return broken
