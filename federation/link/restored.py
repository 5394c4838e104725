"""A database that was restored from an old backup must not give its numbers out twice (see ``journal.incarnation``).

Two ways to notice. ``<run_dir>/life.json`` keeps, outside the database, how far the own chain once was: a database
behind it was restored, also when no other node can be asked. And a peer that knows more of our chain, or another end of
it, says so in the link; then the two find the last common entry by asking for hashes.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import orjson
from django.conf import settings
from django.db.models import QuerySet

from federation.post import InDoubt, NotSent, post
from federation.protocol import Mark, Restored
from journal import feed, incarnation
from journal.models import Chain, Entry

logger = logging.getLogger(__name__)

FILE = "life.json"
MARKS_PATH = "/federation/marks"
# Hashes asked for in one round trip; a million entries are searched in four.
WIDTH = 48


class NoAnswer(Exception):
    """The peer did not say what it has. The line begins anew, and with it this question."""


@dataclass(frozen=True, slots=True)
class Life:
    """How far our chain was, with the clock of its last entry then."""

    store: str
    incarnation: int
    seq: int
    hlc: int


def keep_life(store: str) -> int | None:
    """Note how far our chain is; if it was further before, begin a new incarnation and return its number."""
    path = Path(settings.LEITSTELLE_RUN_DIR) / FILE
    chain = Chain.objects.filter(origin=settings.LEITSTELLE_NODE).order_by("-incarnation").first()
    mark = (chain.incarnation, chain.seq) if chain else (1, 0)
    life = _read_life(path)
    if life is not None and life.store == store:
        if mark < (life.incarnation, life.seq):
            return _begin_after(mark, life)
        if mark == (life.incarnation, life.seq):
            return None
    if mark[1]:
        hlc = _own(mark[0]).filter(seq=mark[1]).values_list("hlc", flat=True).get()
        new = path.with_suffix(".new")
        new.write_bytes(orjson.dumps(Life(store, *mark, hlc)))
        new.replace(path)
    return None


def _read_life(path: Path) -> Life | None:
    try:
        life = orjson.loads(path.read_bytes())
        return Life(str(life["store"]), int(life["incarnation"]), int(life["seq"]), int(life["hlc"]))
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError):
        logger.error("%s cannot be read; a restored database will only be noticed by the other nodes", path)
        return None


def _begin_after(mark: tuple[int, int], life: Life) -> int | None:
    """What bears a later time than our last known entry was written after the restore, whatever its number."""
    logger.error("our chain is at %s and was at %s/%s: restored from a backup", mark, life.incarnation, life.seq)
    written_on = _own(mark[0]).filter(hlc__gt=life.hlc).order_by("seq").values_list("seq", flat=True).first()
    return incarnation.begin(life.incarnation, written_on - 1 if written_on is not None else None)


def _own(number: int) -> "QuerySet[Entry]":
    return Entry.objects.filter(origin=settings.LEITSTELLE_NODE, incarnation=number)


def begin_anew(peer: str, effect: Restored, theirs: tuple[Mark, ...]) -> int | None:
    """Begin a new incarnation after the last entry that ``peer`` has in common with us; None if a newer one runs, or
    if the peer turns out to have nothing of our chain that we have not.

    theirs: what the peer has of our chain. Raises NoAnswer.
    """
    own = settings.LEITSTELLE_NODE
    running = incarnation.current(own)
    if running > effect.incarnation:
        return None
    chain = Chain.objects.filter(origin=own, incarnation=running).first()
    told = [(effect.incarnation, effect.seq), *((mark.incarnation, mark.seq) for mark in theirs)]
    later = max(number for number, _seq in told)
    there = max((seq for number, seq in told if number == running), default=0)
    height = min(chain.seq if chain else 0, there)
    common = last_common(height, lambda seqs: _ours(running, seqs), lambda seqs: _ask(peer, running, seqs))
    if later == running and common == there:
        return None
    at_end = chain is not None and common == chain.seq
    return incarnation.begin(later, None if at_end else common)


def last_common(
    height: int, ours: Callable[[list[int]], Mapping[int, str]], theirs: Callable[[list[int]], Mapping[int, str]]
) -> int:
    """The highest number up to ``height`` at which both have the same hash; 0 for none. Chained hashes: below a common
    entry everything is common."""
    low, high = 0, height
    while low < high:
        step = max(1, (high - low) // WIDTH)
        seqs = sorted({high, *range(low + step, high, step)})
        mine, other = ours(seqs), theirs(seqs)
        same = [seq for seq in seqs if seq in mine and mine[seq] == other.get(seq)]
        differing = [seq for seq in seqs if seq not in same]
        low = max(same, default=low)
        high = min((seq for seq in differing if seq > low), default=low + 1) - 1
    return low


def _ours(number: int, seqs: list[int]) -> dict[int, str]:
    return {seq: digest.hex() for seq, digest in feed.entries_at(settings.LEITSTELLE_NODE, number, seqs).items()}


def _ask(peer: str, number: int, seqs: list[int]) -> dict[int, str]:
    try:
        question = {"origin": settings.LEITSTELLE_NODE, "incarnation": number, "seqs": seqs}
        said = post(peer, MARKS_PATH, question, keys=frozenset({"marks"}))
        return {int(seq): str(digest) for seq, digest in said["marks"].items()}
    except (NotSent, InDoubt, ValueError, KeyError, AttributeError) as error:
        raise NoAnswer(f"{peer}: {type(error).__name__}: {error}") from error


def marks(question: Mapping[str, object]) -> dict[str, dict[str, str]]:
    """The other end of ``_ask``: our hashes of a chain at some numbers. Raises ValueError for another question."""
    origin, number, seqs = question.get("origin"), question.get("incarnation"), question.get("seqs")
    if not (isinstance(origin, str) and type(number) is int and isinstance(seqs, list) and len(seqs) <= 2 * WIDTH + 2):
        raise ValueError("not a question for marks")
    if not all(type(seq) is int and 0 < seq < 2**63 for seq in seqs) or not 0 < number < 2**31:
        raise ValueError("not a question for marks")
    return {"marks": {str(seq): digest.hex() for seq, digest in feed.entries_at(origin, number, seqs).items()}}
