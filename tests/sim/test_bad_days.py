"""A fixed set of bad days: nothing on disk is lost, nothing is done twice, and all are level after healing."""

import json
from dataclasses import asdict
from io import StringIO

import pytest

from sim import plan
from sim.plan import Plan
from sim.run import Theatre, play_many, shorten

SEEDS = range(100, 106)
HOURS = 8.0


@pytest.mark.parametrize("seed", SEEDS)
def test_no_law_is_broken(stage: Theatre, seed: int) -> None:
    result = stage.play(plan.make(seed, HOURS, nodes=2 + seed % 2))
    assert result.violations == []
    assert result.entries > 0
    assert sum(result.faults.values()) > 0


def test_more_than_two(stage: Theatre) -> None:
    result = stage.play(plan.make(7, 2.0, nodes=6))
    assert result.violations == []


def test_the_same_seed_is_the_same_day(stage: Theatre) -> None:
    """What a seed finds once it finds again; without that no list of actions could be shortened."""
    episode = plan.make(5, 6.0, nodes=2)
    first, again = stage.play(episode), stage.play(episode)
    assert asdict(first) == asdict(again)


def test_a_finding_is_shortened_and_reported(stage: Theatre, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a law that forbids crashes the shortest list is one crash, and the report says which seed it was."""

    def told(episode: Plan) -> list[str]:
        return ["nobody crashes: one did"] if any(a.kind == "crash_now" for a in episode.actions) else []

    class Told(Theatre):
        def play(self, episode: Plan):  # type: ignore[no-untyped-def]
            result = stage.play(episode.only(()))
            result.plan, result.violations = episode, told(episode)
            return result

    quick = plan.make(5, 4.0, nodes=2)
    crash = plan.Action(100.0, "crash_now", "jena", "", 5.0, 1)
    episode = quick.only([*quick.actions[:6], crash, *quick.actions[6:12]])
    told_stage = Told.__new__(Told)
    assert list(shorten(told_stage, episode, told_stage.play(episode))) == [crash]

    said: list[str] = []
    lines = StringIO()
    monkeypatch.setattr(plan, "make", lambda seed: episode)
    tally = play_many(told_stage, 5, 1.0, lines, say=said.append)
    assert tally.violations == 1
    assert "SEED=5" in "\n".join(said)
    assert str(crash) in "\n".join(said)
    assert json.loads(lines.getvalue())["violations"] == ["nobody crashes: one did"]
