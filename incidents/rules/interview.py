"""The interview as a walk through a decision tree: answers in, next question and findings out. Pure.

A tree is a list of nodes, the first is the start::

    {"id": "atmung", "question": "Atmet die Person normal?", "question_en": "…", "hint": "für den Disponenten",
     "guide": {"metronome": 110, "lines": ["…"]},
     "answers": [{"id": "nein", "text": "Nein", "next": "tcpr", "keyword": "RD-REA", "priority": 1,
                  "prealarm": true, "instruction": "wird dem Anrufer vorgelesen"}]}

Only ``id``, ``question`` and ``answers`` are needed, of an answer ``id`` and ``text``; without ``next`` it ends the
walk. The last answer that names a keyword decides it. ``prealarm`` says that enough is known to alarm while asking on.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.utils.translation import gettext as _

Node = Mapping[str, Any]

NODE_FIELDS: Final = frozenset({"id", "question", "question_en", "hint", "guide", "answers"})
ANSWER_FIELDS: Final = frozenset({"id", "text", "next", "keyword", "priority", "prealarm", "instruction"})
# Number keys 1 to 9 pick an answer.
MAX_ANSWERS: Final = 9


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a walk stands. ``question``: id of the next node, None at the end; ``path``: the steps as they are stored,
    [{"node", "question", "answer", "text"}]; ``prealarm``: units may be alarmed now; ``instructions``: what the caller
    is to be told, in order; ``ignored``: how many of the given answers no longer belong to the path."""

    question: str | None
    keyword: str
    priority: int | None
    prealarm: bool
    instructions: tuple[str, ...]
    path: tuple[dict[str, str], ...]
    ignored: int = 0

    @property
    def done(self) -> bool:
        return self.question is None


def walk(nodes: Sequence[Node], given: Sequence[tuple[str, str]]) -> Progress:
    """Follow the answers ``given`` as (node id, answer id) from the start.

    Total: an answer that does not belong to the node that is up ends the walk there, and what follows is ignored; so a
    corrected answer drops those that hung on the old one, and a tree changed meanwhile breaks nothing.
    """
    by_id = {node["id"]: node for node in nodes}
    current: Node | None = nodes[0] if nodes else None
    keyword, priority, prealarm = "", None, False
    instructions: list[str] = []
    path: list[dict[str, str]] = []
    for node_id, answer_id in given:
        answer = _answer(current, node_id, answer_id)
        if current is None or answer is None:
            break
        path.append({"node": node_id, "question": current["question"], "answer": answer_id, "text": answer["text"]})
        if answer.get("keyword"):
            # A new keyword brings its own priority unless the answer says otherwise.
            keyword, priority = answer["keyword"], None
        priority = answer.get("priority", priority)
        prealarm = prealarm or bool(answer.get("prealarm"))
        if answer.get("instruction"):
            instructions.append(answer["instruction"])
        current = by_id.get(answer.get("next", ""))
    return Progress(
        current["id"] if current else None, keyword, priority, prealarm, tuple(instructions), tuple(path),
        len(given) - len(path),
    )  # fmt: skip


def _answer(node: Node | None, node_id: str, answer_id: str) -> Mapping[str, Any] | None:
    if node is None or node["id"] != node_id:
        return None
    return next((answer for answer in node["answers"] if answer["id"] == answer_id), None)


def problems(nodes: object, keywords: frozenset[str] | None = None) -> list[str]:
    """What is wrong with a tree, in words, empty if it is sound: for forms, imports and tests.

    keywords: those that exist; None: keywords are not looked up.
    """
    if not isinstance(nodes, list) or not nodes:
        return [_("Ein Abfrageschema braucht mindestens einen Knoten.")]
    shape = [text for number, node in enumerate(nodes, 1) for text in _shape(number, node)]
    if shape:
        return shape
    return [*_doubled([node["id"] for node in nodes], _("Knoten")), *_content(nodes, keywords), *_paths(nodes)]


def _shape(number: int, node: object) -> list[str]:
    where = _("Knoten %s") % number
    if not isinstance(node, dict):
        return [_("%s ist kein Objekt.") % where]
    found = [
        _("%(where)s: unbekanntes Feld „%(name)s“.") % {"where": where, "name": name}
        for name in sorted(set(node) - NODE_FIELDS)
    ]
    found += [
        _("%(where)s: „%(name)s“ fehlt.") % {"where": where, "name": name}
        for name in ("id", "question")
        if not isinstance(node.get(name), str)
    ]
    answers = node.get("answers")
    if not isinstance(answers, list) or not all(isinstance(answer, dict) for answer in answers):
        return [*found, _("%s: „answers“ muss eine Liste von Objekten sein.") % where]
    for answer in answers:
        found += [
            _("%(where)s: unbekanntes Antwortfeld „%(name)s“.") % {"where": where, "name": name}
            for name in sorted(set(answer) - ANSWER_FIELDS)
        ]
        found += [
            _("%(where)s: eine Antwort hat kein „%(name)s“.") % {"where": where, "name": name}
            for name in ("id", "text")
            if not isinstance(answer.get(name), str)
        ]
    return found


def _content(nodes: Sequence[Node], keywords: frozenset[str] | None) -> list[str]:
    found: list[str] = []
    known = {node["id"] for node in nodes}
    for node in nodes:
        where, answers = _("Knoten „%s“") % node["id"], node["answers"]
        found += _doubled([answer["id"] for answer in answers], _("%s: Antwort") % where)
        if len(answers) > MAX_ANSWERS:
            found.append(_("%(where)s: mehr als %(limit)s Antworten.") % {"where": where, "limit": MAX_ANSWERS})
        for answer in answers:
            if answer.get("next") is not None and answer["next"] not in known:
                values = {"where": where, "answer": answer["text"], "next": answer["next"]}
                found.append(_("%(where)s: „%(answer)s“ führt zu „%(next)s“, das es nicht gibt.") % values)
            if keywords is not None and answer.get("keyword") and answer["keyword"] not in keywords:
                values = {"where": where, "keyword": answer["keyword"]}
                found.append(_("%(where)s: Stichwort „%(keyword)s“ gibt es nicht.") % values)
            if answer.get("priority") not in (None, 1, 2, 3, 4, 5):
                found.append(_("%s: Priorität muss 1 bis 5 sein.") % where)
    return found


def _doubled(ids: Sequence[str], what: str) -> list[str]:
    return [
        _("%(what)s „%(name)s“ kommt mehrfach vor.") % {"what": what, "name": one}
        for one in sorted({i for i in ids if ids.count(i) > 1})
    ]


def _paths(nodes: Sequence[Node]) -> list[str]:
    """Every node can be reached, and no path comes back to where it was: an interview must end."""
    after = {node["id"]: [a["next"] for a in node["answers"] if a.get("next")] for node in nodes}
    state: dict[str, str] = {}
    found: list[str] = []

    def visit(node: str) -> None:
        state[node] = "open"
        for following in after.get(node, ()):
            if state.get(following) == "open":
                found.append(
                    _("Von „%(one)s“ führt ein Weg im Kreis zu „%(other)s“.") % {"one": node, "other": following}
                )
            elif following not in state:
                visit(following)
        state[node] = "done"

    visit(nodes[0]["id"])
    return found + [_("Knoten „%s“ ist nicht erreichbar.") % node["id"] for node in nodes if node["id"] not in state]
