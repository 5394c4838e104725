"""The interview: sound trees end, corrected answers drop what hung on them, the shipped trees are sound."""

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from incidents import reference
from incidents.entries.plans import InterviewTreeSaved, KeywordSaved
from incidents.rules.interview import Node, problems, walk

TREES = [e for e in reference.entries() if isinstance(e, InterviewTreeSaved)]
KEYWORDS = frozenset(e.id for e in reference.entries() if isinstance(e, KeywordSaved))


@st.composite
def trees(draw: st.DrawFn) -> list[Node]:
    """Sound trees: each node leads only to later ones, and to the next one at least once."""
    size = draw(st.integers(1, 7))
    nodes: list[Node] = []
    for number in range(size):
        answers = [{"id": "a", "text": "weiter", **({"next": str(number + 1)} if number + 1 < size else {})}]
        for extra in range(draw(st.integers(0, 3))):
            answer: dict[str, object] = {"id": f"x{extra}", "text": "anders"}
            if number + 1 < size and draw(st.booleans()):
                answer["next"] = str(draw(st.integers(number + 1, size - 1)))
            if draw(st.booleans()):
                answer["keyword"] = draw(st.sampled_from(["B1", "RD1", "RD2"]))
            if draw(st.booleans()):
                answer["priority"] = draw(st.integers(1, 5))
            answer["prealarm"] = draw(st.booleans())
            answers.append(answer)
        nodes.append({"id": str(number), "question": f"Frage {number}?", "answers": answers})
    return nodes


def choose(nodes: list[Node], data: st.DataObject) -> list[tuple[str, str]]:
    """Answer until the end."""
    given_answers: list[tuple[str, str]] = []
    progress = walk(nodes, given_answers)
    while progress.question is not None:
        node = next(node for node in nodes if node["id"] == progress.question)
        given_answers.append((progress.question, data.draw(st.sampled_from(node["answers"]))["id"]))
        progress = walk(nodes, given_answers)
    return given_answers


@given(trees(), st.data())
def test_every_interview_ends_and_its_path_tells_it_again(nodes: list[Node], data: st.DataObject) -> None:
    assert problems(nodes) == []
    answers = choose(nodes, data)
    progress = walk(nodes, answers)
    assert progress.done
    assert progress.ignored == 0
    assert len(answers) <= len(nodes)
    assert walk(nodes, [(step["node"], step["answer"]) for step in progress.path]) == progress


@given(trees(), st.data())
def test_a_corrected_answer_drops_what_hung_on_the_old_one(nodes: list[Node], data: st.DataObject) -> None:
    answers = choose(nodes, data)
    changed = data.draw(st.integers(0, len(answers) - 1))
    node = next(node for node in nodes if node["id"] == answers[changed][0])
    new = data.draw(st.sampled_from(node["answers"]))["id"]
    corrected = [*answers[:changed], (answers[changed][0], new), *answers[changed + 1 :]]
    progress = walk(nodes, corrected)
    assert [(s["node"], s["answer"]) for s in progress.path[: changed + 1]] == corrected[: changed + 1]
    assert len(progress.path) + progress.ignored == len(corrected)


@given(trees(), st.lists(st.tuples(st.text(max_size=3), st.text(max_size=3))))
def test_answers_from_nowhere_break_nothing(nodes: list[Node], noise: list[tuple[str, str]]) -> None:
    progress = walk(nodes, noise)
    assert len(progress.path) + progress.ignored == len(noise)


def test_the_last_keyword_counts_and_brings_its_own_priority() -> None:
    nodes: list[Node] = [
        {"id": "1", "question": "?", "answers": [
            {"id": "a", "text": "A", "next": "2", "keyword": "RD1", "priority": 3},
        ]},
        {"id": "2", "question": "?", "answers": [
            {"id": "a", "text": "A", "keyword": "RD2", "prealarm": True}, {"id": "b", "text": "B", "priority": 2},
        ]},
    ]  # fmt: skip
    raised = walk(nodes, [("1", "a"), ("2", "a")])
    assert (raised.keyword, raised.priority, raised.prealarm) == ("RD2", None, True)
    kept = walk(nodes, [("1", "a"), ("2", "b")])
    assert (kept.keyword, kept.priority, kept.prealarm) == ("RD1", 2, False)


@pytest.mark.parametrize("tree", TREES, ids=lambda tree: tree.id)
def test_the_shipped_trees_are_sound_and_name_known_keywords(tree: InterviewTreeSaved) -> None:
    assert problems(orjson.loads(orjson.dumps(tree.nodes)), KEYWORDS) == []


def test_not_breathing_means_alarm_now_and_compress_to_a_beat() -> None:
    """Telephone CPR: gasping or doubt counts as not breathing, units go before the guidance ends."""
    nodes = next(tree.nodes for tree in TREES if tree.id == "notruf")
    for answer in ("nein", "schnapp", "unklar"):
        progress = walk(nodes, [("was", "med"), ("wach", "nein"), ("atmung", answer), ("tcpr", "ja")])
        assert (progress.keyword, progress.priority, progress.prealarm) == ("RD-REA", 1, True)
        guide = next(node for node in nodes if node["id"] == progress.question)["guide"]
        assert 100 <= guide["metronome"] <= 120


@pytest.mark.parametrize(
    ("nodes", "word"),
    [
        ([], "mindestens"),
        ([{"id": "a", "question": "?", "answers": [{"id": "x", "text": "X", "next": "b"}]}], "nicht gibt"),
        ([{"id": "a", "question": "?", "answers": [{"id": "x", "text": "X", "next": "a"}]}], "im Kreis"),
        ([{"id": "a", "question": "?", "answers": []}, {"id": "b", "question": "?", "answers": []}], "erreichbar"),
        ([{"id": "a", "question": "?", "answers": []}, {"id": "a", "question": "?", "answers": []}], "mehrfach"),
        ([{"id": "a", "question": "?", "answers": [{"id": "x", "text": "X", "keyword": "Z9"}]}], "Z9"),
        ([{"id": "a", "question": "?", "answers": [{"id": "x"}]}], "text"),
        ([{"id": "a", "frage": "?", "answers": []}], "frage"),
        ([{"id": "a", "question": "?", "answers": "x"}], "Liste"),
        (["a"], "kein Objekt"),
    ],
)
def test_what_is_wrong_with_a_tree_is_said(nodes: object, word: str) -> None:
    assert word in " ".join(problems(nodes, KEYWORDS))
