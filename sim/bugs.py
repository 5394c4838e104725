"""Bugs to plant: what a day's carelessness would make of the house. The simulation has to find each of them.

They change a function for as long as they last, by rewriting a line of its source; nothing in the house knows of them.
"""

import inspect
import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from federation.link import restored
from federation.protocol.inbox import Inbox
from journal import fold, receive, record
from sim.machine import Machine


@contextmanager
def planted(name: str) -> Iterator[None]:
    """The bug of that name is in the house meanwhile. Raises KeyError."""
    before = [(owner, attribute, getattr(owner, attribute)) for owner, attribute, _bug in BUGS[name]()]
    for owner, attribute, bug in BUGS[name]():
        setattr(owner, attribute, bug)
    try:
        yield
    finally:
        for owner, attribute, good in before:
            setattr(owner, attribute, good)


Change = tuple[Any, str, Any]


def _rewritten(function: Callable[..., Any], old: str, new: str) -> Callable[..., Any]:
    """The function with one line of it written differently. Raises LookupError where the line is not there."""
    bare = inspect.unwrap(function)
    source = textwrap.dedent(inspect.getsource(bare))
    if source.count(old) != 1:
        raise LookupError(f"{bare.__qualname__} has no line {old!r} any more")
    names: dict[str, Any] = {}
    exec(compile(source.replace(old, new), f"<{bare.__qualname__} with a bug>", "exec"), bare.__globals__, names)
    return names[bare.__name__]  # type: ignore[no-any-return]


def _ack_before_commit() -> list[Change]:
    """Rows are acknowledged when they come, not when they are on disk."""
    old = "mark = stream.here if stream.here.seq <= mine.seq else mine"
    return [(Inbox, "acknowledge", _rewritten(Inbox.acknowledge, old, "mark = stream.here"))]


def _tie_break_without_origin() -> list[Change]:
    """Entries of the same instant stand in the order in which they came."""
    return [
        (fold, "refold", _rewritten(fold.refold, '"-hlc", "-origin", "-incarnation", "-seq"', '"-hlc", "-pos"')),
        (
            receive,
            "absorb_unknown",
            _rewritten(
                fold.absorb_unknown,
                'theirs[0].order[:2] <= before.get(subject, (0, ""))',
                'theirs[0].hlc < before.get(subject, (0, ""))[0]',
            ),
        ),
    ]


def _lost_term() -> list[Change]:
    """Entries do not say under which term their author acted."""
    return [(record, "terms_of", lambda _envelopes: {})]


def _unflushed_entry_sent() -> list[Change]:
    """The link reads what is written and not yet on disk."""
    return [(Machine, "reading", lambda self: self.writer if self.parked is not None else self.reader)]


def _number_given_twice() -> list[Change]:
    """A restored node goes on counting where its backup ends."""
    return [(restored, "keep_life", lambda _store: None), (restored, "begin_anew", lambda *_what: None)]


BUGS: dict[str, Callable[[], list[Change]]] = {
    "ack before commit": _ack_before_commit,
    "tie-break without origin": _tie_break_without_origin,
    "lost term": _lost_term,
    "unflushed entry sent": _unflushed_entry_sent,
    "number given twice after a restore": _number_given_twice,
}
