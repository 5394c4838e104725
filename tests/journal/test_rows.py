"""Rows as handlers write them: the same whether each statement is sent alone or a batch puts them together."""

from collections.abc import Sequence
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import transaction
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from incidents.models import Timer
from journal import rows
from resources.models import Centre

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
TIMES = st.none() | st.integers(0, 1).map(lambda hours: BEGIN + timedelta(hours=hours))
VALUES = {"seen_by": st.sampled_from(["", "Ber'g"]), "fired_at": TIMES, "seen_at": TIMES}


@st.composite
def changes(draw: st.DrawFn) -> dict[str, dict[str, Any]]:
    """The arguments of one ``rows.update``: a column is set, or set first, or left; one may be a condition."""
    change: dict[str, dict[str, Any]] = {"columns": {}, "first": {}, "only": {}, "unless": {}}
    for name in draw(st.sets(st.sampled_from(sorted(VALUES)), min_size=1)):
        change[draw(st.sampled_from(["columns", "first"]))][name] = draw(VALUES[name])
    part = draw(st.sampled_from(["", "only", "unless"]))
    if part:
        name = draw(st.sampled_from(sorted(VALUES)))
        change[part][name] = draw(VALUES[name])
    return change


# What each of some facts does to its own row, step by step.
FACTS = st.lists(st.lists(changes(), max_size=4), min_size=1, max_size=4)

Row = dict[str, Any]


def expected(row: Row, change: dict[str, Row]) -> Row:
    """What the documentation of ``rows.update`` says."""
    if any(row[name] != value for name, value in change["only"].items()):
        return row
    if any(row[name] == value for name, value in change["unless"].items()):
        return row
    first = {name: value for name, value in change["first"].items() if row[name] is None}
    return row | first | change["columns"]


class TestUpdates(TestCase):
    @given(FACTS)
    def test_one_by_one_and_gathered_do_what_is_written(self, facts: list[list[dict[str, Row]]]) -> None:
        Centre.objects.get_or_create(id="jena", defaults={"name": "Jena"})
        wanted = []
        for changes in facts:
            row: Row = {"seen_by": "", "fired_at": None, "seen_at": None}
            for change in changes:
                row = expected(row, change)
            wanted.append(row)
        assert self.outcome(facts, together=False) == wanted
        assert self.outcome(facts, together=True) == wanted

    def outcome(self, facts: Sequence[Sequence[dict[str, Row]]], *, together: bool) -> list[Row]:
        with transaction.atomic():
            new = {"kind": "unit_silent", "aggregate_id": UUID(int=0), "centre_id": "jena", "due_at": BEGIN}
            rows.insert(Timer, [{"id": UUID(int=n), "subject": str(n), **new} for n in range(len(facts))])
            with rows.gathered() if together else nullcontext() as gathering:
                for number, changes in enumerate(facts):
                    if gathering:
                        gathering.next_fact()
                    for change in changes:
                        conditions = {name: change[name] for name in ("first", "only", "unless")}
                        rows.update(Timer, UUID(int=number), **conditions, **change["columns"])
            found: list[Row] = [dict(row) for row in Timer.objects.order_by("pk").values(*VALUES)]
            transaction.set_rollback(True)
        return found


@pytest.mark.django_db
def test_an_unknown_column_is_refused_before_anything_is_sent() -> None:
    with pytest.raises(KeyError):
        rows.insert(Timer, [{"id": UUID(int=1), "no_such_column": 1}])
    with pytest.raises(KeyError):
        rows.update(Timer, UUID(int=1), only={"no_such_column": 1}, seen_by="")
