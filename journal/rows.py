"""Rows as handlers write them: straight to SQL. A command holds its locks while its handlers run, and building a
statement through the ORM costs several times what PostgreSQL needs to carry it out.

When a batch from another node is applied, facts of different aggregates run under ``gathered``: their statements are
put together and sent as one. Between such facts no order is needed; within each the order stays, because what every
fact does first is sent before what any does second."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import Any
from uuid import UUID

import orjson
from django.contrib.gis.geos import GEOSGeometry
from django.db import connection
from django.db.models import Model
from psycopg.types.json import Jsonb

Statement = tuple[Any, ...]


@contextmanager
def sent_together() -> Iterator[None]:
    """Statements inside are on their way before the one before them is answered; what is fetched inside waits for its
    own answer, and an error comes out there or at the end, as Django's."""
    connection.ensure_connection()
    with connection.wrap_database_errors, connection.connection.pipeline():
        yield


class Gathering:
    """Statements of the facts at hand, by what each fact does first, second …"""

    def __init__(self) -> None:
        self.steps: list[dict[Statement, list[Any]]] = []
        self.step = 0
        self._sending = False

    def next_fact(self) -> None:
        self.step = 0

    def add(self, statement: Statement, values: list[Any]) -> None:
        if self.step == len(self.steps):
            self.steps.append({})
        self.steps[self.step].setdefault(statement, []).extend(values)
        self.step += 1

    def send(self) -> None:
        """Carry out everything so far."""
        steps, self.steps, self.step = self.steps, [], 0
        self._sending = True
        try:
            with sent_together():
                for step in steps:
                    for (send, *what), values in step.items():
                        send(*what, values)
        finally:
            self._sending = False

    def before_others(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        """For ``connection.execute_wrapper``: a statement that was not gathered, a read above all, finds the work of
        the facts before it done."""
        if not self._sending:
            self.send()
        return execute(sql, params, many, context)


_gathering: ContextVar[Gathering | None] = ContextVar("journal_rows_gathering", default=None)


@contextmanager
def gathered() -> Iterator[Gathering]:
    """Put together what handlers inside do by this module; call ``next_fact`` before each fact."""
    gathering = Gathering()
    token = _gathering.set(gathering)
    try:
        with connection.execute_wrapper(gathering.before_others):
            yield gathering
            gathering.send()
    finally:
        _gathering.reset(token)


def execute(sql: str, params: Sequence[Any] = ()) -> None:
    """Run one statement."""
    _do((_execute, sql), [params])


def count(sql: str, params: Sequence[Any] = ()) -> int:
    """Run one statement at once and tell how many rows it touched."""
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return int(cursor.rowcount)


def update(
    model: type[Model],
    pk: Any,
    *,
    first: Mapping[str, Any] | None = None,
    only: Mapping[str, Any] | None = None,
    unless: Mapping[str, Any] | None = None,
    **columns: Any,
) -> None:
    """Set columns (by column name) of the row with this primary key, if it exists.

    first: columns that are set only where they are NULL. only: values the row must have, unless: values that it must
    not have, else it stays as it is.
    """
    parts = {"": columns, "first": first or {}, "only": only or {}, "unless": unless or {}}
    shape = tuple((part, name) for part, names in parts.items() for name in names)
    _do((_update, model, shape), [(pk, *(value for names in parts.values() for value in names.values()))])


def delete(model: type[Model], pks: Sequence[UUID]) -> None:
    """Delete the rows with these primary keys, if they exist."""
    _do((_delete, model), list(pks))


def insert(model: type[Model], rows: Sequence[Mapping[str, Any]], *, then: str = "DO NOTHING") -> None:
    """Insert ``rows`` in one statement.

    rows: values by column name, all with the same columns; what is not named gets the model's default. Points are
    given as EWKT or geometries. then: what to do with a row whose primary key exists.
    """
    if rows:
        _do((_insert, model, then), list(rows))


def _do(statement: Statement, values: list[Any]) -> None:
    gathering = _gathering.get()
    if gathering is None:
        send, *what = statement
        send(*what, values)
    else:
        gathering.add(statement, values)


def _execute(sql: str, runs: Sequence[Sequence[Any]]) -> None:
    with connection.cursor() as cursor:
        if len(runs) == 1:
            cursor.execute(sql, runs[0])
        else:
            cursor.executemany(sql, runs)


# (part of ``update``, column)
Shape = tuple[tuple[str, str], ...]


def _update(model: type[Model], shape: Shape, rows: Sequence[tuple[Any, ...]]) -> None:
    names = ("pk", *(part + name for part, name in shape))
    _execute(_update_sql(model, shape), [[_document([dict(zip(names, row, strict=True)) for row in rows])]])


@cache
def _update_sql(model: type[Model], shape: Shape) -> str:
    pk = str(model._meta.pk.column)
    forms = {
        "": '"{0}" = v."{1}"',
        "first": '"{0}" = coalesce(t."{0}", v."{1}")',
        "only": 't."{0}" IS NOT DISTINCT FROM v."{1}"',
        "unless": 't."{0}" IS DISTINCT FROM v."{1}"',
    }
    written = [(part, forms[part].format(name, part + name)) for part, name in shape]
    changes = ", ".join(form for part, form in written if part in ("", "first"))
    conditions = [f't."{pk}" = v."pk"', *(form for part, form in written if part in ("only", "unless"))]
    source = _recordset(model, {"pk": pk} | {part + name: name for part, name in shape})
    return f'UPDATE "{model._meta.db_table}" t SET {changes} FROM {source} WHERE {" AND ".join(conditions)}'


def _delete(model: type[Model], pks: Sequence[UUID]) -> None:
    _execute(f'DELETE FROM "{model._meta.db_table}" WHERE "{model._meta.pk.column}" = ANY(%s)', [[list(pks)]])


def _insert(model: type[Model], then: str, rows: Sequence[Mapping[str, Any]]) -> None:
    defaults = _shape(model)[0]
    key = str(model._meta.pk.column)
    # One statement must not meet a row twice: as one after another, the first stays or the last wins.
    by_key = {row[key]: row for row in (rows if then != "DO NOTHING" else reversed(rows))}
    for row in by_key.values():
        if not row.keys() <= defaults.keys():
            raise KeyError(f"{model._meta.db_table} has no columns {sorted(row.keys() - defaults.keys())}")
    _execute(_insert_sql(model, then), [[_document([{**defaults, **row} for row in by_key.values()])]])


@cache
def _insert_sql(model: type[Model], then: str) -> str:
    names = tuple(_shape(model)[0])
    listed = ", ".join(f'"{name}"' for name in names)
    table, key, source = model._meta.db_table, model._meta.pk.column, _recordset(model, {name: name for name in names})
    return f'INSERT INTO "{table}" ({listed}) SELECT {listed} FROM {source} ON CONFLICT ("{key}") {then}'


def _recordset(model: type[Model], names: Mapping[str, str]) -> str:
    """Rows as one JSON parameter: however many they are, the statement and its plan stay the same, and encoding them
    costs a tenth of as many parameters. ``names``: the column each value is of, by the value's name."""
    types = _shape(model)[1]
    return "jsonb_to_recordset(%s) v (" + ", ".join(f'"{name}" {types[names[name]]}' for name in names) + ")"


def _document(rows: list[dict[str, Any]]) -> Jsonb:
    return Jsonb(rows, dumps=_dumps)


def _dumps(value: Any) -> bytes:
    return orjson.dumps(value, default=_text)


def _text(value: Any) -> str:
    if isinstance(value, GEOSGeometry):
        return str(value.ewkt)
    raise TypeError(f"{type(value).__name__} has no place in a row")


@cache
def _shape(model: type[Model]) -> tuple[dict[str, Any], dict[str, str]]:
    """Default by column, type by column."""
    fields = model._meta.concrete_fields
    defaults = {str(f.column): f.get_default() for f in fields}
    return defaults, {str(f.column): str(f.db_type(connection)) for f in fields}
