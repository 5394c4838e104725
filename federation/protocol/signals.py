"""Signals on their way out: newest wins, and a full link makes them fewer, never later ones of itself."""

from collections.abc import Iterator, Mapping
from typing import Any

from federation.protocol import messages
from federation.protocol.messages import Malformed
from federation.protocol.values import Limits


class Waiting:
    """The newest value per kind and key that was not sent yet. Beyond its bound the oldest key is forgotten."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._items: dict[tuple[str, str], Any] = {}
        self.due = False

    def add(self, kind: str, items: Mapping[str, Any]) -> None:
        for key, value in items.items():
            self._items.pop((kind, key), None)
            self._items[kind, key] = value
        while len(self._items) > self._limits.signal_keys:
            del self._items[next(iter(self._items))]

    def take(self) -> Iterator[dict[str, Any]]:
        """Everything as messages within the size limit; a value that is too large for one, or no JSON, is left out."""
        self.due = False
        items, self._items = self._items, {}
        kinds: dict[str, dict[str, Any]] = {}
        for (kind, key), value in items.items():
            kinds.setdefault(kind, {})[key] = value
        for kind, values in kinds.items():
            chunk: dict[str, Any] = {}
            filled = 0
            for key, value in values.items():
                try:
                    size = messages.size({key: value})
                except Malformed:
                    continue
                if size > self._limits.signal_bytes:
                    continue
                if chunk and filled + size > self._limits.signal_bytes:
                    yield messages.signal(kind, chunk)
                    chunk, filled = {}, 0
                chunk[key] = value
                filled += size
            if chunk:
                yield messages.signal(kind, chunk)
