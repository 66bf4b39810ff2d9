"""Keep what texts compile to, up to a number of characters in all.

A count of entries is no limit: authors choose how long their texts are, and what a character of
theirs compiles to may take two kilobytes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["TextCache"]

T = TypeVar("T")


class TextCache(Generic[T]):
    """Calls *make* once for each text, as long as it is kept; threads may share it.

    When there are more than *most* characters, all are let go: it costs less than to remember which
    were used last, and happens seldom. A text of more than a tenth of that is never kept.
    """

    __slots__ = ("_characters", "_kept", "_make", "_most")

    def __init__(self, make: Callable[[str], T], most: int) -> None:
        self._make = make
        self._most = most
        self._characters = 0
        self._kept: dict[str, T] = {}

    def __call__(self, text: str) -> T:
        """Return what *text* makes; what *make* raises is not kept."""
        found = self._kept.get(text)
        if found is None:
            found = self._make(text)
            if 10 * len(text) <= self._most:
                self._keep(text, found)
        return found

    def _keep(self, text: str, found: T) -> None:
        self._characters += len(text)
        if self._characters > self._most:
            self.clear()
            self._characters = len(text)
        self._kept[text] = found

    def clear(self) -> None:
        """Let go of all."""
        self._kept.clear()
        self._characters = 0
