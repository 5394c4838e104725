"""Rows as handlers write them: straight to SQL. A command holds its locks while its handlers run, and building a
statement through the ORM costs several times what PostgreSQL needs to carry it out."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from django.db import connection
from django.db.models import JSONField, Model
from psycopg.types.json import Jsonb


def execute(sql: str, params: Sequence[Any] = ()) -> int:
    """Run one statement; returns how many rows it touched."""
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return int(cursor.rowcount)


def insert(model: type[Model], rows: Sequence[Mapping[str, Any]], *, then: str = "DO NOTHING") -> int:
    """Insert ``rows`` in one statement; returns how many were new (or changed).

    rows: values by column name, all with the same columns; what is not named gets the model's default. Points are
    given as EWKT. then: what to do with a row whose primary key exists.
    """
    if not rows:
        return 0
    table, defaults, documents = _shape(model)
    columns = list(defaults)
    params: list[Any] = []
    for row in rows:
        values = {**defaults, **row}
        if len(values) != len(columns):
            raise KeyError(f"{table} has no columns {sorted(set(values) - set(columns))}")
        params += [Jsonb(values[name]) if name in documents else values[name] for name in columns]
    names = ", ".join(f'"{name}"' for name in columns)
    marks = "(" + ", ".join(["%s"] * len(columns)) + ")"
    key = model._meta.pk.column
    return execute(
        f'INSERT INTO "{table}" ({names}) VALUES {", ".join([marks] * len(rows))} ON CONFLICT ("{key}") {then}', params
    )


@cache
def _shape(model: type[Model]) -> tuple[str, dict[str, Any], frozenset[str]]:
    """Table, default by column, and which columns hold JSON."""
    fields = model._meta.concrete_fields
    documents = frozenset(str(f.column) for f in fields if isinstance(f, JSONField))
    return model._meta.db_table, {str(f.column): f.get_default() for f in fields}, documents
