"""Many people reach for one seat at the same moment: one sits, the others are told who."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection

from journal.commands import execute
from leitstelle.accounts.models import User
from leitstelle.accounts.seats import person
from resources.models import SeatSession
from tests.accounts.test_login import user
from tests.world import World

PEOPLE = 6


@pytest.mark.parametrize("relieve", [False, True], ids=["polite", "relieving"])
def test_one_seat_one_person(durable_world: World, relieve: bool) -> None:
    people = [user(f"person{number}") for number in range(PEOPLE)]
    together = Barrier(PEOPLE)

    def sit(who: User) -> dict[str, Any]:
        together.wait(timeout=10)
        data = {"session": str(uuid4()), "seat": "J2", "relieve": relieve}
        try:
            return execute("seat.take", data, command_id=uuid4(), actor=person(who))
        finally:
            connection.close()

    with ThreadPoolExecutor(PEOPLE) as pool:
        answers = list(pool.map(sit, people))
    sitting = SeatSession.objects.filter(seat="J2", ended_at=None)
    assert sitting.count() == 1
    seated = [answer for answer in answers if "pos" in answer]
    assert len(seated) == (PEOPLE if relieve else 1)
    for answer in answers:
        if "refused" in answer:
            assert (answer["refused"], answer["detail"]["by"]) == ("seat_occupied", sitting.get().user_name)
    assert SeatSession.objects.filter(seat="J2").count() == len(seated)
