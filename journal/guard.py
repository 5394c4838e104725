"""Only handlers write replicated tables: the flag they run under, and the wrapper that finds everybody else."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from journal.types import replicas

_applying: ContextVar[bool] = ContextVar("journal_applying", default=False)
_WRITE = re.compile(r'^\s*(?:INSERT INTO|UPDATE|DELETE FROM|TRUNCATE(?: TABLE)?)\s+"?(\w+)"?', re.IGNORECASE)


class UnguardedWrite(AssertionError):
    """A replicated table was written outside a handler; the other centre would never hear of it."""


@contextmanager
def applying() -> Iterator[None]:
    """Marks the code inside as a handler."""
    token = _applying.set(True)
    try:
        yield
    finally:
        _applying.reset(token)


def refuse_unguarded_writes(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
    """For ``connection.execute_wrapper``: raises UnguardedWrite. On in all tests."""
    match = _WRITE.match(sql)
    if match and not _applying.get() and match[1] in {r.model._meta.db_table for r in replicas()}:
        raise UnguardedWrite(f"{match[1]} is written outside a handler: {sql[:120]}")
    return execute(sql, params, many, context)
