"""Needs of a response plan as people write them: ``2 engine/small_engine <=20; ?1 command``. Pure.

Lines of need are separated by semicolons: how many, of what, in their place what, no later than how many minutes; a
leading question mark makes a line desirable only.
"""

import re
from collections.abc import Iterable
from typing import Any, Final

from django.utils.translation import gettext as _

_NEED: Final = re.compile(
    r"(?P<nice>\?\s*)?(?P<count>\d{1,2})\s+(?P<kinds>[\w.-]+(?:/[\w.-]+)*)(?:\s*<=\s*(?P<minutes>\d{1,3}))?"
)


class BadNotation(ValueError):
    """A text cannot be read as needs; the message says which part, in German."""


def parse_needs(text: str) -> list[dict[str, Any]]:
    """The lines of need in ``text``, as response plans keep them. Raises BadNotation."""
    return [_parse(part.strip()) for part in text.replace("\n", ";").split(";") if part.strip()]


def needs_text(needs: Iterable[dict[str, Any]]) -> str:
    """The same needs as text."""
    return "; ".join(_text(need) for need in needs)


def _parse(text: str) -> dict[str, Any]:
    match = _NEED.fullmatch(text)
    if match is None or int(match["count"]) == 0:
        raise BadNotation(_("Bedarf nicht lesbar: „%s“. Erwartet wird etwa „2 engine/small_engine <=20“.") % text)
    need, *alternatives = match["kinds"].split("/")
    return {
        "need": need, "count": int(match["count"]), "alternatives": alternatives, "must": not match["nice"],
        "max_minutes": int(match["minutes"]) if match["minutes"] else None,
    }  # fmt: skip


def _text(need: dict[str, Any]) -> str:
    kinds = "/".join((need["need"], *need["alternatives"]))
    limit = f" <={need['max_minutes']}" if need["max_minutes"] is not None else ""
    return f"{'' if need['must'] else '?'}{need['count']} {kinds}{limit}"
