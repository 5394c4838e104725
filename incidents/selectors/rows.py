"""Rows that PostgreSQL has already turned into JSON: one statement, one parse, no model instances."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

import orjson
from django.db import connection


def views(sql: str, params: Iterable[Any] = ()) -> dict[str, dict[str, Any]]:
    """The rows of ``sql`` (first column: id as text, second: the view as JSON text) by id, in the statement's order."""
    with connection.cursor() as cursor:
        cursor.execute(sql, list(params))
        return {ident: orjson.loads(view) for ident, view in cursor.fetchall()}


def uuids(ids: Iterable[str | UUID]) -> list[UUID]:
    """``ids`` as UUIDs; what is none is left out, as it can be nobody's id."""
    result = []
    for ident in ids:
        try:
            result.append(ident if isinstance(ident, UUID) else UUID(ident))
        except ValueError:
            continue
    return result
