"""Headings: those run into the text before them, and where a heading ends and the text begins."""

from __future__ import annotations

import re

from wanghuo.engines.workplan.contents import Entry, heading_after
from wanghuo.engines.workplan.marks import Mark, cn_number, mark_at

_CHAPTER = re.compile(r"第\s*(?P<n>[一二三四五六七八九十百]{1,4}|\d{1,2})\s*(?P<of>[章节])(?=[\s?]|(?<=章)|(?<=节))")
_ARTICLE = re.compile(r"(?<![^。;:,!?\s])第(?P<n>[一二三四五六七八九十百]{1,5}|\d{1,3})条(?![例款件、和至及规])")
_BOX = re.compile(r"(?<=[。;!?])\s*(专栏\s*(?:\d{1,2}|[一二三四五六七八九十]{1,3})\s*[:.、\s])")
_STOP = re.compile(r"[。;!?\n]")
_BRACKETED = re.compile(r"\([^()]*\)|“[^”]*”|《[^》]*》")
_BOX_TITLE = re.compile(
    r"[^。,;:]{3,24}?(?:内容|任务|工程|项目|指标|行动|计划|清单|措施|目标|体系)(?=[^。,;:\s]{4,20}[:])"
)
_VERBAL = re.compile(r"(?:如下|为|是|要求|包括|即|分为|负责|做到)$")
_NARRATES = re.compile(
    r"^(?:为|根据|当前|目前|近年|近期|今年|去年|现|按照|经|从|在|随着|由于|\d{4}年|“十|全市|全县|全省|一些)|[^问]题?是[^否]|已[^有]|取得|共[^同享建治]"
)
LONGEST = 34


def run_in_chapters(flat: str, start: int, entries: tuple[Entry, ...]) -> list[int]:
    """Where, after `start` and not at the head of a line, a 第X章 or 第X节 or a 专栏 begins.

    A mention (“按照第三章规定”) is none: a heading has the number that comes next and a blank after it, or the words that the
    table of contents gives it.
    """
    found = []
    chapter = section = 0
    left = list(entries)
    for match in _CHAPTER.finditer(flat, start):
        number, of_chapter = cn_number(match["n"]), match["of"] == "章"
        mark = mark_at(flat, match.start(), min(len(flat), match.end() + 8))
        promised = heading_after(flat, mark, left, mark.end + 80) if mark else None
        at_line = not flat[flat.rfind("\n", 0, match.start()) + 1 : match.start()].strip(" #*?")
        follows = number == (chapter if of_chapter else section) + 1 or (not of_chapter and number == 1)
        blank = match.end() < len(flat) and flat[match.end()] in " ?"
        if not (at_line or promised or (follows and blank)):
            continue
        if promised:
            left = left[promised[1] :]
        chapter, section = (number, 0) if of_chapter else (chapter, number)
        if not at_line:
            found.append(match.start())
    found += _run_in_articles(flat, start)
    found += [match.start(1) for match in _BOX.finditer(flat, start)]
    return sorted(found)


def _run_in_articles(flat: str, start: int) -> list[int]:
    """Where 第一条, 第二条 … begin in running text: right behind a stop, in order from the first."""
    found, number = [], 0
    for match in _ARTICLE.finditer(flat, start):
        if cn_number(match["n"]) == number + 1:
            number += 1
            if flat[flat.rfind("\n", 0, match.start()) + 1 : match.start()].strip(" #*?"):
                found.append(match.start())
    return found if number > 2 else []


def heading_end(flat: str, mark: Mark, end: int, *, last: bool) -> int:
    """Where the heading after `mark` ends within its segment, which ends at `end`; `mark.end` when there is none.

    `last`: nothing else belongs to the item, so that a lone sentence is its text rather than its heading.
    """
    if mark.kind == "article":
        line = re.match(r"【[^】]{2,30}】|[^。;,:!?\n]{2,20}:?(?=\n|$)", flat[mark.end : end])
        return mark.end + len(line.group().rstrip(":")) if line and not last else mark.end
    words = flat[mark.end : end].rstrip()
    stop = _STOP.search(words)
    if stop is None:
        return _unstopped(mark, words, last=last)
    first = words[: stop.start()]
    whole = not words[stop.end() :].strip("”’)")
    if (whole and last) or stop.group() != "。":
        return mark.end + _colon(words, mark)
    if _is_heading(first):
        return mark.end + len(first)
    return mark.end + _colon(first, mark)


def opening(flat: str, start: int, end: int) -> int:
    """Where the heading that opens a plain paragraph ends (强化单位责任。全面推行…; 乡村防控升级:加强…); `start` if none does."""
    words = flat[start:end]
    stop = _STOP.search(words)
    if stop is not None and stop.group() == "。" and stop.end() < len(words) and _opens_item(words[: stop.start()]):
        return start + stop.start()
    return start + _colon(words, None)


def box_title_end(flat: str, start: int, end: int) -> int:
    """Where the title of a 专栏 ends that was run into its first row."""
    match = _BOX_TITLE.match(flat, start, end)
    return match.end() if match else start


def _unstopped(mark: Mark, words: str, *, last: bool) -> int:
    if len(_BRACKETED.sub("", words)) <= LONGEST + 16 and not (last and mark.kind in ("shi", "yao", "di", "first")):
        return mark.end + len(words.rstrip(":"))
    return mark.end + _colon(words, mark)


def _opens_item(words: str) -> bool:
    return _is_heading(words) and len(_BRACKETED.sub("", words)) <= 24 and not _NARRATES.search(words)


def _is_heading(words: str) -> bool:
    plain = _BRACKETED.sub("", words)
    return 2 <= len(plain) <= LONGEST and plain.count(",") <= 2 and not re.search(r"(?:如下|包括|分为)$", plain)


def _colon(words: str, mark: Mark | None) -> int:
    """Length of a heading that a colon ends, 0 when the colon does something else."""
    at = words.find(":", 0, 26)
    if at < 3 or (mark is None and not words[at + 1 :].strip()):
        return 0
    head = words[:at]
    if re.search(r"[,。;!?“”《》]", head) or _VERBAL.search(head) or (mark and mark.kind in ("shi", "yao")):
        return 0
    return at
