"""A paper's table of contents: where it is, and the headings it promises."""

from __future__ import annotations

import re
from dataclasses import dataclass

from wanghuo.engines.workplan.layout import lines_of
from wanghuo.engines.workplan.marks import Mark, mark_at

_WITHIN = 60_000  # characters: a table of contents stands near the beginning
_LONGEST = 160
_AHEAD = 60  # entries: how far headings may be left out of the body
_TITLE = re.compile(r"目[\s?]*录[\s?]*")
_LEADER = re.compile(r"(?P<words>[^\n]*?)[\s?]*(?:[·.…⋯_-]{3,}|\s{3,}|\t)[\s·.…⋯_-]*\(?(?P<page>\d{1,3})\)?\s*")


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the table of contents: the mark's label as in paths, and the heading after it."""

    label: str
    heading: str


@dataclass(frozen=True, slots=True)
class Contents:
    """The table's place (start = end = 0 when there is none) and its lines."""

    start: int = 0
    end: int = 0
    entries: tuple[Entry, ...] = ()


def find_contents(flat: str) -> Contents:
    """The table of contents: under 目录, or three and more lines that lead to page numbers."""
    lines = lines_of(flat[:_WITHIN])
    for at, line in enumerate(lines):
        words = flat[line.start : line.end]
        if line.end - line.start > _LONGEST:
            continue
        titled = _TITLE.fullmatch(words) is not None
        if not titled and _LEADER.fullmatch(words) is None:
            continue
        entries: list[Entry] = []
        last = line.end
        for entry_line in lines[at + 1 if titled else at :]:
            entry = _entry(flat[entry_line.start : entry_line.end], entries, titled=titled)
            if entry is None:
                break
            entries.append(entry)
            last = entry_line.end
        if len(entries) >= 3:
            return Contents(line.start, last, tuple(entries))
    return Contents()


def heading_after(flat: str, mark: Mark, entries: list[Entry], limit: int) -> tuple[int, int] | None:
    """Where the heading after `mark` ends by the table of contents, and how many of `entries` are done with it."""
    rest = flat[mark.end : min(limit, mark.end + 80)]
    for at, entry in enumerate(entries[:_AHEAD]):
        if entry.label == mark.label and entry.heading and rest.startswith(entry.heading):
            return mark.end + len(entry.heading), at + 1
    return None


def _entry(words: str, earlier: list[Entry], *, titled: bool) -> Entry | None:
    led = _LEADER.fullmatch(words) if len(words) <= _LONGEST else None
    words = led["words"] if led else words
    mark = mark_at(words, 0, len(words))
    if led is None and (not titled or mark is None or len(words) > 40 or "。" in words):
        return None
    entry = Entry(mark.label, words[mark.end :].strip(" ?·.…")) if mark else Entry("", words.strip())
    # the body's own first heading ends a table without page numbers
    return None if led is None and entry in earlier else entry
