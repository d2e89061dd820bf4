"""A paper's body as the finders of targets see it: its items with offsets, their sentences, and the day that governs a clause."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from wanghuo.engines.workplan.duty_tables import DutyRow
from wanghuo.engines.workplan.flattening import flatten
from wanghuo.engines.workplan.paper import Deadline, Item

_SENTENCE = re.compile(r"[^。!?;\n]+(?:[。!?;]+[”’」』)]*)?")
_CLAUSE = re.compile(r"[^,:。!?;\n]+")


@dataclass(frozen=True, slots=True)
class Head:
    """What a paper says of itself. A field is empty (or None) where it does not say."""

    title: str = ""
    issuer: str = ""
    number: str = ""
    issued_on: date | None = None
    period: tuple[date | None, date | None] = (None, None)
    region: str = ""


@dataclass(frozen=True, slots=True)
class Sentence:
    """A stretch of an item. `text` is the flat form (see `flatten`) of the paper's words, of the same length."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Table:
    """A table in the text, often flattened to a line. `item`: the number of the item it stands in; `title`: the line above
    it, which often says what its years and columns are."""

    item: int
    start: int
    end: int
    title: str = ""


@dataclass(frozen=True)
class Body:
    """The body. `text` is the text as given, `flat` its plain form of the same length; all offsets fit both. `rows`: the items
    that are rows of a table of duties, by their numbers."""

    text: str
    items: tuple[Item, ...]
    head: Head = Head()
    tables: tuple[Table, ...] = ()
    flat: str = field(default="", repr=False)
    rows: Mapping[int, DutyRow] = field(default_factory=dict)
    _starts: tuple[int, ...] = field(init=False, repr=False, compare=False)
    _around: tuple[Item | None, ...] = field(init=False, repr=False, compare=False)
    _known: dict[int, list[Sentence]] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if len(self.flat) != len(self.text):
            object.__setattr__(self, "flat", flatten(self.text))
        object.__setattr__(self, "_starts", tuple(item.start for item in self.items))
        object.__setattr__(self, "_around", tuple(_parents(self.items)))

    def sentences(self, item: Item) -> list[Sentence]:
        """The sentences of an item, in order: stretches up to 。；！？ or the end of a paragraph."""
        if item.no not in self._known:
            self._known[item.no] = list(self._stretches(_SENTENCE, item.start, item.end))
        return list(self._known[item.no])

    def clauses(self, sentence: Sentence) -> list[Sentence]:
        """The clauses of a sentence: stretches between ，：；。"""
        return list(self._stretches(_CLAUSE, sentence.start, sentence.end))

    def parents(self, item: Item) -> list[Item]:
        """The items around this one, the nearest first."""
        found = []
        around = self._around[item.no - 1]
        while around is not None:
            found.append(around)
            around = self._around[around.no - 1]
        return found

    def deadline_at(self, item: Item, start: int, end: int) -> Deadline | None:
        """The deadline that governs the clause from `start` to `end`.

        Its own; else the last one before it in its sentence, or the first after it there; else one that opens an earlier
        sentence of the item and speaks for what follows; else that of the heading above it, a phase for instance.
        """
        sentences = self._known.get(item.no) or self.sentences(item)
        at = bisect_right(sentences, start, key=lambda sentence: sentence.start) - 1
        if at >= 0 and start < sentences[at].end:
            found = _within(item.deadlines, sentences[at], start, end)
            if found is not None:
                return found
        cell = self._cell(item, start)
        if cell is not None:
            return cell
        for around in (item, *self.parents(item)):
            found = next((d for d in around.deadlines if self._heads(around, d)), None)
            if found is not None:
                return found
        return None

    def _cell(self, item: Item, at: int) -> Deadline | None:
        """The deadline that has a line to itself, as in a row flattened to one cell a line: the first one after `at`."""
        for deadline in item.deadlines:
            start = self.flat.rfind("\n", 0, deadline.start) + 1
            end = self.flat.find("\n", deadline.end)
            around = self.flat[start : deadline.start] + self.flat[deadline.end : end if end >= 0 else len(self.flat)]
            if deadline.start > at and start > item.start and deadline.last and len(around.strip()) <= 4:
                return deadline
        return None

    def item_at(self, offset: int) -> Item | None:
        """The item that owns the character at `offset`."""
        at = bisect_right(self._starts, offset) - 1
        return self.items[at] if at >= 0 and offset < self.items[at].end else None

    def _heads(self, item: Item, deadline: Deadline) -> bool:
        """Whether a deadline stands in the heading of its item, and so speaks for all of it."""
        end = item.start + len(item.text.split("。", 1)[0].split("\n", 1)[0])
        return deadline.kind in ("phase", "by", "within") and bool(item.heading) and deadline.end <= end

    def _stretches(self, pattern: re.Pattern[str], start: int, end: int) -> Iterator[Sentence]:
        for match in pattern.finditer(self.flat, start, end):
            words = match.group()
            left = len(words) - len(words.lstrip())
            kept = words.strip()
            if kept:
                at = match.start() + left
                yield Sentence(at, at + len(kept), kept)


def _parents(items: Sequence[Item]) -> Iterator[Item | None]:
    """For each item the one right around it: the last before it whose path is the beginning of its own."""
    latest: dict[str, Item] = {}
    for item in items:
        path = item.path
        around = None
        while around is None and "/" in path:
            path = path.rpartition("/")[0]
            around = latest.get(path)
        yield around
        latest[item.path] = item


def _within(deadlines: Sequence[Deadline], sentence: Sentence, start: int, end: int) -> Deadline | None:
    """The deadline of a sentence that is nearest to a clause: its own, else the last before it, else the first after it."""
    first = bisect_left(deadlines, sentence.start, key=_begin)
    before = bisect_left(deadlines, start, key=_begin)
    own = bisect_left(deadlines, end, key=_begin)
    last = bisect_left(deadlines, sentence.end, key=_begin)
    return (
        next((d for d in deadlines[before:own] if d.kind != "vague"), None)
        or next((deadlines[at] for at in range(before - 1, first - 1, -1) if deadlines[at].kind != "vague"), None)
        or next((deadlines[at] for at in range(own, last) if deadlines[at].kind != "vague"), None)
    )


def _begin(deadline: Deadline) -> int:
    return deadline.start
