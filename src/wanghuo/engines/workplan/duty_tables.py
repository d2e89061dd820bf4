"""Tables of duties (任务分解表, 责任清单): a row for each task, with its aim, who leads, who helps and by when in columns.

A row is known by its header, cells parted by bars: a column of what is to be done and at least one of who does it. A merged
cell that a row leaves out stands at its left. What has no header is no table of duties.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from wanghuo.engines.workplan.layout import Paragraph

Span = tuple[int, int]

_NUMBER = re.compile(r"序号|编号|项次|号")
_TASK = re.compile(
    r"(?:主要|重点|工作|目标|具体|年度|整治|建设|责任|指标)*(?:任务|事项|项目|内容|指标|措施|工作|名称|举措|要点|清单)(?:名称|内容|分解|要求)*"
)
_LEAD = re.compile(
    r"(?:(?:市|县|区)?(?:牵头|责任|主办|主责|承办|实施|落实|完成|分管|包保|挂点|联系|主管)(?:\(?(?:责任|牵头|实施)\)?)*(?:单位|部门|领导|科室|处室|人|主体|股室|县领导|市领导)+(?:及责任人)?|责任分工|责任领导及单位)"
)
_HELP = re.compile(r"(?:配合|协办|参与|协助|协同|参加|支持|会办)(?:责任)?(?:单位|部门|科室|人)+")
_LONGEST_NAME = 16  # characters of a column's name
_LONGEST_PART = 30  # of a line that heads a part of a table; a longer one is not in the table any more


@dataclass(frozen=True, slots=True)
class DutyRow:
    """A row. `number`: its own, else its place in the table; `task`: the cell that names it; `said`: the cells that may hold
    aims and days, the task first; `owners`: cells of bodies or persons with the part they take; `cut`: it ends in its middle."""

    start: int
    end: int
    number: int
    task: Span
    said: tuple[Span, ...]
    owners: tuple[tuple[Literal["lead", "support"], Span], ...]
    cut: bool = False


@dataclass(frozen=True, slots=True)
class _Columns:
    """What the columns of a table hold, by their place."""

    count: int
    number: int | None
    task: int
    owners: dict[int, Literal["lead", "support"]]


def find_duty_rows(flat: str, paragraphs: Sequence[Paragraph]) -> tuple[dict[int, DutyRow], frozenset[int]]:
    """The rows of all tables of duties, by the place where they begin; and where their headers begin."""
    rows: dict[int, DutyRow] = {}
    headers: set[int] = set()
    columns: _Columns | None = None
    place = 0
    for paragraph in paragraphs:
        cells = list(_cells(flat, paragraph))
        found = _header(flat, cells)
        if columns is not None and place == 0 and len(cells) <= columns.count and _names_columns(flat, cells):
            headers.add(paragraph.start)  # a header of two lines
        elif found is not None:
            columns, place = found, 0
            headers.add(paragraph.start)
        elif columns is not None and len(cells) > 1:
            if row := _row(flat, paragraph, cells, columns, place + 1):
                rows[paragraph.start], place = row, place + 1
        elif paragraph.end - paragraph.start > _LONGEST_PART:
            columns = None
    return rows, frozenset(headers)


def _cells(flat: str, paragraph: Paragraph) -> Iterator[Span]:
    """The places of the cells without the blanks around them; bars at either end part nothing."""
    start, end = paragraph.start, paragraph.end
    start += flat[start:end].startswith("|")
    end -= end > start and flat[end - 1] == "|"
    at = start
    for piece in flat[start:end].split("|"):
        left = at + len(piece) - len(piece.lstrip())
        yield left, max(left, at + len(piece.rstrip()))
        at += len(piece) + 1


def _plain(flat: str, cell: Span) -> str:
    return re.sub(r"\s+", "", flat[cell[0] : cell[1]])


def _header(flat: str, cells: list[Span]) -> _Columns | None:
    words = [_plain(flat, cell) for cell in cells]
    if len(words) < 3 or any(len(word) > _LONGEST_NAME for word in words):
        return None
    owners: dict[int, Literal["lead", "support"]] = {}
    for place, word in enumerate(words):
        if _HELP.fullmatch(word):
            owners[place] = "support"
        elif _LEAD.fullmatch(word):
            owners[place] = "lead"
    tasks = [place for place, word in enumerate(words) if place not in owners and _TASK.fullmatch(word)]
    if not owners or not tasks:
        return None
    number = next((place for place, word in enumerate(words) if _NUMBER.fullmatch(word)), None)
    return _Columns(len(words), number, tasks[0], owners)


def _names_columns(flat: str, cells: list[Span]) -> bool:
    """Whether each cell is a column's name."""
    words = [word for cell in cells if (word := _plain(flat, cell))]
    return bool(words) and all(
        len(word) <= _LONGEST_NAME and any(p.fullmatch(word) for p in (_NUMBER, _TASK, _LEAD, _HELP)) for word in words
    )


def _row(flat: str, paragraph: Paragraph, cells: list[Span], columns: _Columns, place: int) -> DutyRow | None:
    """A row; None for a line that heads a part of the table, and for one with more cells than columns."""
    cut = columns.number == 0 and len(cells) < columns.count and _plain(flat, cells[0]).isdecimal()
    if cut:
        cells = [*cells, *[(paragraph.end, paragraph.end)] * (columns.count - len(cells))]
    missing = columns.count - len(cells)
    if missing < 0 or columns.task - missing < 0 or min(columns.owners) - missing < 0:
        return None
    at = {column: cells[column - missing] for column in range(missing, columns.count)}
    task = at[columns.task]
    if task[0] == task[1]:
        return None
    given = _plain(flat, at[columns.number]) if columns.number in at else ""
    number = re.fullmatch(r"\(?(\d{1,3})[).、]?", given)
    said = [cell for column, cell in at.items() if column not in (columns.number, columns.task, *columns.owners)]
    return DutyRow(
        paragraph.start,
        paragraph.end,
        int(number[1]) if number else place,
        task,
        (task, *(cell for cell in said if cell[0] < cell[1])),
        tuple((columns.owners[column], cell) for column, cell in at.items() if column in columns.owners),
        cut,
    )
