"""Executes commands in forked children that kill themselves at a chosen step of the write path.

Run as a program: one JSON request per line on stdin, {"name", "data", "command_id", "actor", "die_at"}; one JSON line
back, {"died", "steps", "answer"}. A step is every statement, before and after it is sent, and the commit, before and
after. Loaded once, forked per request: no connection exists before the fork.
"""

import json
import os
import signal
import sys
from typing import Any
from uuid import UUID

import django

django.setup()

from django.db import connection  # noqa: E402

from journal.actor import Actor  # noqa: E402
from journal.commands import execute  # noqa: E402


class Steps:
    """Counts, and kills the process at ``die_at`` (never at 0)."""

    def __init__(self, die_at: int) -> None:
        self.die_at, self.count = die_at, 0

    def step(self) -> None:
        self.count += 1
        if self.count == self.die_at:
            os.kill(os.getpid(), signal.SIGKILL)

    def statement(self, run: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        self.step()
        result = run(sql, params, many, context)
        self.step()
        return result

    def around_commit(self) -> None:
        commit = connection.commit

        def dying_commit() -> None:
            self.step()
            commit()
            self.step()

        connection.commit = dying_commit  # type: ignore[method-assign]  # fault injection


def child(request: dict[str, Any], answer_to: int) -> None:
    actor = request["actor"]
    steps = Steps(request["die_at"])
    steps.around_commit()
    with connection.execute_wrapper(steps.statement):
        answer = execute(
            request["name"],
            request["data"],
            command_id=UUID(request["command_id"]),
            actor=Actor(**actor | {"roles": frozenset(actor["roles"])}),
        )
    os.write(answer_to, json.dumps({"answer": answer, "steps": steps.count}).encode())
    os._exit(0)


def main() -> None:
    for line in sys.stdin:
        read_end, write_end = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(read_end)
            child(json.loads(line), write_end)
        os.close(write_end)
        with os.fdopen(read_end) as pipe:
            text = pipe.read()
        _pid, status = os.waitpid(pid, 0)
        died = os.WIFSIGNALED(status)
        print(json.dumps({"died": died} | (json.loads(text) if text else {"answer": None, "steps": 0})), flush=True)


if __name__ == "__main__":
    main()
