"""The screen's words and keys: English for every German sentence, an act behind every key."""

import json
import re
import subprocess

from ops.places import ROOT

CONSOLE = ROOT / "static" / "console"
SENTENCE = re.compile(r"\bt\(\s*(\"(?:[^\"\\]|\\.)*\")")
HOLE = re.compile(r"\{(\w+)\}")


def sentences() -> set[str]:
    """Every German sentence that a module hands to t()."""
    modules = [path for path in CONSOLE.rglob("*.js") if path.name not in {"en.js", "en_network.js"}]
    return {json.loads(found) for path in modules for found in SENTENCE.findall(path.read_text())}


def from_node(expression: str) -> object:
    """What a module of the console evaluates to, as JSON."""
    code = f"process.stdout.write(JSON.stringify({expression}))"
    done = subprocess.run(
        ["node", "--input-type=module", "-e", code], capture_output=True, text=True, check=True, cwd=CONSOLE
    )
    return json.loads(done.stdout)


def test_every_german_sentence_has_its_english_and_no_other() -> None:
    english = dict(from_node("(await import('./en.js')).ENGLISH"))  # type: ignore[call-overload]
    assert sentences() == set(english)


def test_english_keeps_the_values_of_the_german_sentence() -> None:
    english = dict(from_node("(await import('./en.js')).ENGLISH"))  # type: ignore[call-overload]
    assert {german for german, text in english.items() if set(HOLE.findall(german)) != set(HOLE.findall(text))} == set()


def test_no_key_has_two_meanings_in_one_scope() -> None:
    table = from_node("(await import('./shortcuts.js')).SHORTCUTS.map(({key, scope}) => scope + ' ' + key)")
    assert isinstance(table, list)
    assert len(table) == len(set(table))


def test_every_key_has_an_act() -> None:
    acts = from_node("(await import('./shortcuts.js')).SHORTCUTS.map((shortcut) => shortcut.act)")
    assert isinstance(acts, list)
    methods = set(re.findall(r"^  (?:async )?(\w+)\(", (CONSOLE / "acts.js").read_text(), re.MULTILINE))
    assert {act for act in acts if not re.fullmatch(r"(treeAnswer|attachOffer)\d", act)} <= methods
    assert {"treeAnswer", "attachOffer"} <= methods


def test_the_clock_of_the_centres_is_read_and_written_alike() -> None:
    """Summer, winter, and the night in which the clocks change."""
    fields = ["2026-07-01T09:30", "2026-12-01T09:30", "2026-10-25T01:30", "2026-10-25T03:30", "2026-03-29T03:10"]
    utc = ["2026-07-01T07:30", "2026-12-01T08:30", "2026-10-24T23:30", "2026-10-25T02:30", "2026-03-29T01:10"]
    time = "await import('./time.js')"
    moments = from_node(f"{json.dumps(fields)}.map(({time}).momentOf)")
    assert moments == [f"{moment}:00.000Z" for moment in utc]
    assert from_node(f"{json.dumps(moments)}.map(({time}).fieldMoment)") == fields
