"""Tables of duties (任务分解表, 责任清单): a row for each task, with its aim, who leads, who helps and by when in columns.

A row is known by its header, cells parted by bars: a column of what is to be done and at least one of who does it. A merged
cell that a row leaves out stands at its left. Where the tasks themselves are numbered (1.城市道路项目), a line without a number
goes on with the task above it, its cells told by what they hold. What has no header is no table of duties.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from wanghuo.engines.workplan.bodies import is_body, is_plausible, parts_of
from wanghuo.engines.workplan.layout import Paragraph

Span = tuple[int, int]
Share = Literal["lead", "support"]

_NUMBER = re.compile(r"序号|编号|项次|号")
_TASK = re.compile(
    r"(?:主要|重点|工作|目标|具体|年度|整治|建设|责任|指标)*(?:任务|事项|项目|内容|指标|措施|工作|名称|举措|要点|清单)(?:名称|内容|分解|要求|目标)*"
)
_LEAD = re.compile(
    r"(?:(?:市|县|区)?(?:牵头|责任|主办|主责|承办|实施|落实|完成|分管|包保|挂点|联系|主管)(?:\(?(?:责任|牵头|实施)\)?)*(?:单位|部门|领导|科室|处室|人|主体|股室|县领导|市领导)+(?:及责任人)?|责任分工|责任领导及单位)"
)
_HELP = re.compile(r"(?:配合|协办|参与|协助|协同|参加|支持|会办)(?:责任)?(?:单位|部门|科室|人)+")
_NUMBERED = re.compile(r"\(?(?P<number>\d{1,3})[).、](?!\d)")
_LONGEST_NAME = 16  # characters of a column's name
_LONGEST_PART = 30  # of a line that heads a part of a table; a longer one is not in the table any more


@dataclass(frozen=True, slots=True)
class DutyLine:
    """A line of a row. `said`: the cells that may hold aims and days; `owners`: cells of bodies or persons with the part they take."""

    start: int
    end: int
    said: tuple[Span, ...]
    owners: tuple[tuple[Share, Span], ...]


@dataclass(frozen=True, slots=True)
class DutyRow:
    """A row, of one line or, where cells are merged, of several. `number`: its own, else its place in the table; `task`: the
    cell that names it, the first that is said; `cut`: it ends in its middle."""

    number: int
    task: Span
    lines: list[DutyLine]
    cut: bool = False

    @property
    def start(self) -> int:
        """Where it begins."""
        return self.lines[0].start

    @property
    def end(self) -> int:
        """Where it ends."""
        return self.lines[-1].end

    @property
    def owners(self) -> tuple[tuple[Share, Span], ...]:
        """The cells of bodies or persons, of all its lines."""
        return tuple(owner for line in self.lines for owner in line.owners)


@dataclass(frozen=True, slots=True)
class DutyTables:
    """What was found. `rows`: by the place where they begin; `headers`, `further`: where headers and further lines of rows begin."""

    rows: dict[int, DutyRow]
    headers: frozenset[int]
    further: frozenset[int]


@dataclass(frozen=True, slots=True)
class _Columns:
    """What the columns of a table hold, by their place."""

    count: int
    number: int | None
    task: int
    owners: dict[int, Share]


def find_duty_rows(flat: str, paragraphs: Sequence[Paragraph]) -> DutyTables:
    """The rows of all tables of duties."""
    rows: dict[int, DutyRow] = {}
    headers: set[int] = set()
    further: set[int] = set()
    columns: _Columns | None = None
    last: DutyRow | None = None
    for paragraph in paragraphs:
        cells = list(_cells(flat, paragraph))
        found = _header(flat, cells)
        if columns is not None and last is None and len(cells) <= columns.count and _names_columns(flat, cells):
            headers.add(paragraph.start)  # a header of two lines
        elif found is not None:
            columns, last = found, None
            headers.add(paragraph.start)
        elif columns is not None and len(cells) > 1:
            if last is not None and _goes_on(flat, cells, columns, last):
                further.add(paragraph.start)
                last.lines.append(_further_line(flat, paragraph, cells, columns))
            elif row := _row(flat, paragraph, cells, columns, last.number + 1 if last else 1):
                rows[paragraph.start] = last = row
        elif paragraph.end - paragraph.start > _LONGEST_PART:
            columns = None
    return DutyTables(rows, frozenset(headers), frozenset(further))


def _goes_on(flat: str, cells: list[Span], columns: _Columns, last: DutyRow) -> bool:
    """Whether a line goes on with the row above it: the tasks of the table are numbered, and the line has no number; or its
    cells for the number and for who answers are empty."""
    if columns.number is not None and len(cells) == columns.count:
        return all(cells[place][0] == cells[place][1] for place in (columns.number, *columns.owners))
    return (
        columns.number is None
        and _NUMBERED.match(flat, *last.task) is not None
        and _NUMBERED.match(flat, *cells[0]) is None
    )


def _further_line(flat: str, paragraph: Paragraph, cells: list[Span], columns: _Columns) -> DutyLine:
    """A line whose merged cells were left out, so that the others stand anywhere: names of bodies are owners, the rest is said."""
    share = columns.owners[min(columns.owners)]
    filled = [cell for cell in cells if cell[0] < cell[1]]
    bodies = [cell for cell in filled if _names_bodies(flat[cell[0] : cell[1]])]
    said = tuple(cell for cell in filled if cell not in bodies)
    return DutyLine(paragraph.start, paragraph.end, said, tuple((share, cell) for cell in bodies))


def _names_bodies(words: str) -> bool:
    told = [words[a:b].strip() for a, b in parts_of(words)]
    return bool(told) and all(is_plausible(name) and (is_body(name) or name.endswith("区")) for name in told)


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
    owners: dict[int, Share] = {}
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
    number = re.fullmatch(r"\(?(?P<number>\d{1,3})[).、]?", given) or _NUMBERED.match(flat, *task)
    said = [cell for column, cell in at.items() if column not in (columns.number, columns.task, *columns.owners)]
    line = DutyLine(
        paragraph.start,
        paragraph.end,
        (task, *(cell for cell in said if cell[0] < cell[1])),
        tuple((columns.owners[column], cell) for column, cell in at.items() if column in columns.owners),
    )
    return DutyRow(int(number["number"]) if number else place, task, [line], cut)
