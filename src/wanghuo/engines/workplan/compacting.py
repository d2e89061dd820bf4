"""A stretch of text without the blanks that broken lines leave in the middle of words, and the way back to its offsets."""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import replace
from typing import TypeVar

from wanghuo.engines.workplan.paper import Action, Deadline, Flag, Owner

Part = TypeVar("Part", Action, Deadline, Flag, Owner)

_BROKEN = re.compile(r"(?<=[\u2e80-\u9fff，。、；：“”《》,;]) {1,60}(?=[\u2e80-\u9fff0-9《》“”、，。；：,;])")


class Compact:
    """The flat text from `start` to `end` made compact; where `text`, as given, has no line end nothing was broken."""

    def __init__(self, text: str, flat: str, start: int, end: int) -> None:
        words = flat[start:end]
        gaps = [m.span() for m in _BROKEN.finditer(words) if "\n" in text[start + m.start() : start + m.end()]]
        self._places: list[int] | None = None
        self._start = start
        if gaps:
            dropped = {at for first, last in gaps for at in range(first, last)}
            self._places = [at for at in range(len(words)) if at not in dropped]
            words = "".join(words[at] for at in self._places)
        self.words = words

    def at(self, offset: int) -> int:
        """Where a place of the whole text is in `words`."""
        offset -= self._start
        return max(0, offset) if self._places is None else bisect_left(self._places, offset)

    def back(self, part: Part) -> Part:
        """A part found in `words`, with its places in the whole text."""
        return replace(part, start=self._back(part.start), end=self._back(part.end - 1) + 1)

    def _back(self, at: int) -> int:
        return self._start + (at if self._places is None else self._places[at])
