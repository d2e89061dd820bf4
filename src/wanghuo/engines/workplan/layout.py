"""Lines and paragraphs: what a reader sees as one paragraph, also where it was broken into lines or run into one."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

_LINE = re.compile(r"[^\n]+")
_WIDE = re.compile(r"(?<=\S) {3,}(?=\S)")
_FULL_STOP = "。!?;:"
_OPENS = re.compile(
    r"[#*\s]*(?:第[一二三四五六七八九十百零〇\d]{1,5}[编篇章节条部]|[一二三四五六七八九十]{1,3}[、.]|\(?[一二三四五六七八九十]{1,3}\)|"
    r"\(?\d{1,3}[)、]|\d{1,3}\.(?!\d)|[①-⑳⑴-⒇㈠-㈩]|[一二三四五六七八九十]是|专栏|附件|附表|附:)"
)


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph's place, without the blanks around it. `gap`: an empty line, or nothing, stands above it."""

    start: int
    end: int
    gap: bool = False


def lines_of(flat: str) -> list[Paragraph]:
    """All lines that hold something."""
    found: list[Paragraph] = []
    last = 0
    for match in _LINE.finditer(flat):
        words = match.group()
        kept = words.strip()
        if not kept:
            continue
        start = match.start() + len(words) - len(words.lstrip())
        found.append(Paragraph(start, start + len(kept), gap=flat.count("\n", last, start) > 1 or not found))
        last = start + len(kept)
    if len(found) > 8 and sum(line.gap for line in found) > 0.9 * len(found):
        return [replace(line, gap=False) for line in found]  # every line stands apart: a gap tells nothing
    return found


def paragraphs_of(flat: str, breaks: Sequence[int] = ()) -> list[Paragraph]:
    """The paragraphs: broken lines are put together, wide blanks in the middle of a line take them apart, and so do
    `breaks`, the places (ascending) of headings that were run into the text before them."""
    lines = lines_of(flat)
    width = _wrap_width(flat, lines)
    found: list[Paragraph] = []
    last: Paragraph | None = None
    for line in lines:
        if last is not None and _continues(flat, last, line, width):
            found[-1] = Paragraph(found[-1].start, line.end, found[-1].gap)
        else:
            found.append(line)
        last = line
    return [
        part for paragraph in found for piece in _cut(flat, paragraph, breaks) for part in _taken_apart(flat, piece)
    ]


def unwrapped(flat: str, paragraphs: list[Paragraph]) -> str:
    """The flat text with the line breaks inside paragraphs made blank."""
    parts, at = [], 0
    for paragraph in paragraphs:
        parts += [flat[at : paragraph.start], flat[paragraph.start : paragraph.end].replace("\n", " ")]
        at = paragraph.end
    return "".join((*parts, flat[at:]))


def _wrap_width(flat: str, lines: list[Paragraph]) -> int:
    """The width at which lines were broken, as in text taken from a PDF; 0 where lines are whole paragraphs.

    Where lines were broken, those that end in mid-sentence are about equally wide, and hardly any line is wider.
    """
    widths = [_width(flat, line) for line in lines]
    broken = sorted(
        widths[at]
        for at, line in enumerate(lines[:-1])
        if widths[at] >= 24
        and flat[line.end - 1] not in _FULL_STOP
        and not lines[at + 1].gap
        and not _OPENS.match(flat, lines[at + 1].start)
    )
    if len(broken) < 3:
        return 0
    width = broken[len(broken) * 2 // 3]
    near = sum(1 for w in broken if width * 0.8 <= w <= width * 1.12)
    wider = sum(1 for w in widths if w > width * 1.12)
    return width if width <= 130 and near >= 0.6 * len(broken) and wider <= max(1, 0.1 * len(lines)) else 0


def _width(flat: str, line: Paragraph) -> int:
    """How wide a line is with what it is set in by; a Chinese character counts two."""
    start = flat.rfind("\n", 0, line.start) + 1
    words = flat[start : line.end]
    return len(words) + sum(1 for char in words if char > "\u2e7f")


def _continues(flat: str, last: Paragraph, line: Paragraph, width: int) -> bool:
    if _is_torn(flat, last, line):
        return True
    if not width or _width(flat, last) < width * 0.8 or _OPENS.match(flat, line.start):
        return False
    ended = flat[last.end - 1] in _FULL_STOP
    indented = line.start - flat.rfind("\n", 0, line.start) - 1 >= 2
    if line.gap and (ended or indented):
        return False
    if ended:
        return not indented and _has_indents(flat, last)
    return True


def _is_torn(flat: str, last: Paragraph, line: Paragraph) -> bool:
    """Whether a line far longer than any heading stops in mid-sentence, and the next one goes on with it."""
    if flat[last.end - 1] in "《“、" and not line.gap and not _OPENS.match(flat, line.start):
        return True
    torn = (
        last.end - last.start > 150
        and "\u4e00" <= flat[last.end - 1] <= "\u9fff"
        and "。" in flat[last.start : last.end]
    )
    return torn and not line.gap and not _OPENS.match(flat, line.start) and "\u4e00" <= flat[line.start] <= "\u9fff"


def _has_indents(flat: str, line: Paragraph) -> bool:
    """Whether `line` is flush where its paragraph's first line would be set in, so that a full stop at its end tells nothing."""
    return line.start == 0 or flat[line.start - 1] != "\n"


def _cut(flat: str, paragraph: Paragraph, breaks: Sequence[int]) -> Iterator[Paragraph]:
    at = paragraph.start
    for place in breaks[bisect_right(breaks, paragraph.start) : bisect_left(breaks, paragraph.end)]:
        yield Paragraph(at, at + len(flat[at:place].rstrip()), paragraph.gap)
        at = place
    yield Paragraph(at, paragraph.end, paragraph.gap)


def _taken_apart(flat: str, paragraph: Paragraph) -> list[Paragraph]:
    """A line into which several paragraphs were run, each after some blanks."""
    if paragraph.end - paragraph.start < 40:
        return [paragraph]
    parts, at, gap = [], paragraph.start, paragraph.gap
    for match in _WIDE.finditer(flat, paragraph.start, paragraph.end):
        rest = flat.find("。", match.end(), match.end() + 400)
        if flat[match.start() - 1] in "。!?;:”)" or (len(match.group()) >= 4 and rest > 0 and match.start() - at > 6):
            parts.append(Paragraph(at, match.start(), gap))
            at, gap = match.end(), False
    parts.append(Paragraph(at, paragraph.end, gap))
    return parts
