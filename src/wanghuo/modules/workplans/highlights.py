"""The paper with every understood thing marked. Spans may lie across each other, so the text is cut at every boundary and
each piece carries all the lines it belongs to: nothing nests, nothing can break the page."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise

from django.utils.safestring import SafeString

from wanghuo.modules.workplans.models import PlanLine
from wanghuo.modules.workplans.words import Line

ORDER = ("noise", "flag", "target", "deadline", "owner", "action", "item")
"""The kinds of marks, the one that a press means first."""
RANKS = {kind: rank for rank, kind in enumerate(ORDER)}


@dataclass(frozen=True, slots=True)
class Mark:
    """A stretch of the text: what was understood there, and the position of its line (0: none)."""

    start: int
    end: int
    kind: str
    position: int


def marks_of(lines: Iterable[PlanLine], noise: Sequence[Sequence[int]]) -> list[Mark]:
    """Every mark of a plan: items with their actions, owners and deadlines; targets; flags; what is no part of it."""
    found = [Mark(start, end, "noise", 0) for start, end in noise]
    for line in lines:
        found.append(Mark(line.start, line.end, line.kind, line.position))
        if line.kind == Line.ITEM:
            for kind in ("action", "owner", "deadline"):
                for part in line.machine.get(f"{kind}s") or ():
                    found.append(Mark(part["start"], part["end"], kind, line.position))
    return found


def marked(text: str, marks: Sequence[Mark], verdicts: Mapping[int, str]) -> SafeString:
    """The text as paragraphs of pieces; each paragraph has its number, each line the anchor `at-POSITION`."""
    marks = [m for m in marks if 0 <= m.start < m.end <= len(text)]
    cuts = sorted({0, len(text), *(m.start for m in marks), *(m.end for m in marks)})
    opening, anchored = defaultdict(list), set()
    for mark in marks:
        opening[mark.start].append(mark)
    active: list[Mark] = []
    paragraph = _Paragraphs()
    for start, end in pairwise(cuts):
        active = [m for m in active if m.end > start]
        active += opening[start]
        anchors = []
        for mark in sorted(opening[start], key=lambda m: m.position):
            if mark.position and mark.kind in (Line.ITEM, Line.TARGET, Line.FLAG) and mark.position not in anchored:
                anchored.add(mark.position)
                anchors.append(f'<i id="at-{mark.position}"></i>')
        paragraph.add("".join(anchors), text[start:end], *_tags(active, verdicts))
    return SafeString(paragraph.html())


def _tags(active: Sequence[Mark], verdicts: Mapping[int, str]) -> tuple[str, str]:
    """The opening and closing tag of a piece under some marks."""
    if not active:
        return "", ""
    kinds = {m.kind for m in active}
    if "noise" in kinds:
        return '<del class="m-noise">', "</del>"
    ranked = sorted(active, key=_rank) if len(active) > 1 else active
    first = ranked[0]
    lines = " ".join(dict.fromkeys(str(m.position) for m in ranked))
    state = f"v-{verdicts.get(first.position, 'open')}"
    if first.kind == Line.ITEM:
        return f'<span class="i {state}" data-l="{lines}">', "</span>"
    names = " ".join(f"m-{kind}" for kind in ORDER if kind in kinds and kind != "item")
    return f'<a class="m {names} {state}" href="#line-{first.position}" data-l="{lines}" tabindex="-1">', "</a>"


def _rank(mark: Mark) -> tuple[int, int]:
    return RANKS[mark.kind], mark.end - mark.start


class _Paragraphs:
    """Puts pieces together; a line break in the text ends a paragraph, and tags do not reach over it."""

    def __init__(self) -> None:
        self._done: list[list[str]] = [[]]
        self._said = [False]

    def add(self, before: str, text: str, opening: str, closing: str) -> None:
        """One piece; it is escaped here and nowhere else."""
        self._done[-1].append(before)
        for number, words in enumerate(text.split("\n")):
            if number:
                self._done.append([])
                self._said.append(False)
            if words:
                self._done[-1].append(f"{opening}{escape(words)}{closing}")
                self._said[-1] |= bool(words.strip())

    def html(self) -> str:
        """All paragraphs that have words."""
        return "".join(self._numbered())

    def _numbered(self) -> Iterator[str]:
        number = 0
        for pieces, said in zip(self._done, self._said, strict=True):
            inside = "".join(pieces)
            if not said:  # a blank line; its anchors are kept
                yield inside
                continue
            number += 1
            yield f'<p><b class="pn" aria-hidden="true">{number}</b>{inside}</p>'
