"""The outline of a body: marks accepted by their series, items in reading order with their paths.

Every character of the body falls to exactly one item: an item runs from its mark to the next item.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from wanghuo.engines.workplan.contents import Entry, heading_after
from wanghuo.engines.workplan.duty_tables import DutyRow, DutyTables
from wanghuo.engines.workplan.headings import box_title_end, heading_end, opening
from wanghuo.engines.workplan.layout import Paragraph
from wanghuo.engines.workplan.marks import RANK, Mark, mark_at, marks_inside
from wanghuo.engines.workplan.paper import Flag

_SERIAL = ("shi", "yao", "di", "first")
# a line that names who and when for the item above it
_LABELLED = re.compile(
    r"[(\[【]?\s*(?:牵头|责任|配合|主办|协办|承办|主责|参与|参加|实施|完成|负责|组织|落实|支持)(?:责任)?(?:单位|部门|领导|人|主体|科室|时限|时间|期限)\s*:|"
    r"[(【\[][^【】\n]{4,200}[)】\]]$"
)
_PREFACE = re.compile(r"(?:前\s*言|引\s*言|序\s*言|导\s*语|编者按|说\s*明)")
_FURTHER = re.compile(
    r"(?:方案|要点|规划|计划|意见|办法|规定|预案|细则|制度|清单|标准|导则|规则|职责|分工|安排|指引)[”》]?(?:\([^()]{2,20}\))?$"
)
_GRID_HEAD = re.compile(
    r"\s*\|?\s*序\s*号[\s|]|[^。;]*(?:指标|项目|任务|名称|内容)[^。;]*[\s|][^。;]*(?:目标|单位|属性|类型|时限|数量|指标值|20\d\d年)"
)
_GRID_ROW = re.compile(r"[^。;]*(?:\S[\s|]+\S[^。;]*[\s|]+\S|\|)[^。;]*|[^。;,]{1,16}")


@dataclass
class Node:
    """An item in the making."""

    path: str
    start: int
    end: int
    mark: Mark | None = None
    parent: Node | None = None
    heading: tuple[int, int] = (0, 0)
    paragraphs: int = 0
    inline: bool = False
    plain: int = 0
    children: list[Node] = field(default_factory=list)
    grid: tuple[int, int] | None = None
    row: DutyRow | None = None
    series: dict[str, int] = field(default_factory=dict)  # the last number of each kind of mark right below

    @property
    def bare(self) -> bool:
        """Whether nothing but its heading stood on the mark's line."""
        return self.paragraphs == 0


@dataclass(frozen=True, slots=True)
class _Piece:
    """A paragraph with the marks found in it."""

    start: int
    end: int
    marks: tuple[Mark, ...]
    grid: bool = False


class Outliner:
    """Builds the nodes of one body, paragraph by paragraph."""

    def __init__(
        self,
        flat: str,
        entries: Sequence[Entry] = (),
        barriers: Sequence[int] = (),
        duties: DutyTables | None = None,
    ) -> None:
        self.flat = flat
        self.nodes: list[Node] = []
        self.flags: list[Flag] = []
        self._stack: list[Node] = []
        self._entries = list(entries)
        self._running: dict[str, int] = {}
        self._loose = 0
        self._series: dict[str, int] = {}
        self._annexes = 0
        self._decimals: set[str] = set()
        self._barriers = barriers
        self._rows: Mapping[int, DutyRow] = duties.rows if duties else {}
        self._further = duties.further if duties else frozenset[int]()

    def build(self, paragraphs: Sequence[Paragraph]) -> list[Node]:
        """All nodes in reading order."""
        pieces = self._pieces(paragraphs)
        at = 0
        while at < len(pieces):
            upto = at
            while upto < len(pieces) and not self._leads(pieces[upto]):
                upto += 1
            if upto > at:
                following = pieces[upto].marks[0] if upto < len(pieces) else None
                self._place_plain(pieces[at:upto], following)
                at = upto
                continue
            self._place_marked(pieces[at], pieces[at + 1] if at + 1 < len(pieces) else None)
            at += 1
        return self.nodes

    # -- marks ---------------------------------------------------------------------------------------------------

    def _pieces(self, paragraphs: Sequence[Paragraph]) -> list[_Piece]:
        candidates = [self._candidates(p) for p in paragraphs]
        self._decimals = {mark.label for marks in candidates for mark in marks if mark.kind == "decimal"}
        following = _next_of_kind([mark for marks in candidates for mark in marks])
        seen: dict[str, int] = {}
        pieces, in_grid = [], False
        for paragraph, marks in zip(paragraphs, candidates, strict=True):
            if row := self._rows.get(paragraph.start):
                mark = Mark("row", row.number, str(row.number), row.start, row.task[0])
                pieces.append(_Piece(paragraph.start, paragraph.end, (mark,)))
                in_grid = False
                continue
            if paragraph.start in self._further:
                pieces.append(_Piece(paragraph.start, paragraph.end, ()))
                continue
            in_grid = self._in_grid(paragraph, marks, already=in_grid)
            kept = [] if in_grid else self._accepted(paragraph, marks, seen, following)
            pieces.append(_Piece(paragraph.start, paragraph.end, tuple(kept), in_grid))
        return pieces

    def _candidates(self, paragraph: Paragraph) -> list[Mark]:
        """The marks that open the paragraph, one after another, and all that may be marks further in."""
        found: list[Mark] = []
        mark = mark_at(self.flat, paragraph.start, paragraph.end)
        while mark is not None:
            found.append(mark)
            mark = mark_at(self.flat, mark.end, paragraph.end) if mark.end < paragraph.end else None
            if mark is not None and RANK[mark.kind] <= RANK[found[-1].kind]:
                break
        inside = marks_inside(self.flat, found[-1].end if found else paragraph.start, paragraph.end)
        outer = [mark for mark in (*found[-1:], *inside) if RANK[mark.kind] < RANK["decimal"]]
        inside += [inner for mark in outer for inner in self._after_heading(mark, paragraph.end)]
        return sorted({m.start: m for m in (*found, *inside)}.values(), key=lambda m: m.start)

    def _after_heading(self, mark: Mark, end: int) -> list[Mark]:
        """A first mark of a lower level that follows a heading without any stop: 二、重点任务(一)提升…"""
        match = re.compile(
            r"[^。,;:!?\n]{2,40}?(?=\([一1]\)|1(?:、|\.(?!\d)|\.(?=\d{1,5}[一-鿿])|(?= +[一-鿿]{4}))|①)"
        ).match(self.flat, mark.end, end)
        inner = mark_at(self.flat, match.end(), end) if match else None
        return [inner] if inner is not None and RANK[inner.kind] > RANK[mark.kind] else []

    def _accepted(
        self, paragraph: Paragraph, marks: list[Mark], seen: dict[str, int], following: dict[int, Mark]
    ) -> list[Mark]:
        kept: list[Mark] = []
        edge = paragraph.start
        for at, mark in enumerate(marks):
            leads = not self.flat[edge : mark.start].strip(" #*?>")
            headed = bool(kept) and mark.number == 1 and self._plain_heading(kept[-1], mark)
            heads = self._heads_series(marks[at:], following)
            if heads or self._in_series(mark, seen, following, leads=leads or headed):
                kept.append(mark)
                if leads:
                    edge = mark.end
                for kind in [k for k in seen if RANK[k] > RANK[mark.kind]]:
                    if kind != "num":
                        del seen[kind]
                seen[mark.kind] = mark.number
        return kept

    def _plain_heading(self, outer: Mark, mark: Mark) -> bool:
        between = self.flat[outer.end : mark.start]
        return len(between) <= 40 and RANK[outer.kind] < RANK[mark.kind] and not re.search(r"[。,;:!?]", between)

    def _heads_series(self, marks: list[Mark], following: dict[int, Mark]) -> bool:
        """Whether a 一、 or (一) in running text is followed by a heading and then by a series of a lower level, perhaps under
        a heading of its own (…。三、任务(一)…1.…2.…)."""
        if len(marks) < 2 or marks[0].kind not in ("cn", "cn_paren") or not marks[0].number:
            return False
        inner = marks[1]
        after = following.get(inner.start)
        opens = (after is not None and after.number == 2) or self._heads_series(marks[1:], following)
        return inner.number == 1 and opens and self._plain_heading(marks[0], inner)

    def _in_series(self, mark: Mark, seen: dict[str, int], following: dict[int, Mark], *, leads: bool) -> bool:
        after = following.get(mark.start)
        paired = after is not None and after.number == mark.number + 1
        continues = seen.get(mark.kind, 0) + 1 == mark.number and mark.number > 1
        if not mark.sure:
            opens = leads or self.flat[mark.start - 1 : mark.start] in tuple("。)局委队室府办厅站院")
            return opens and (continues or (leads and mark.number == 1 and paired))
        if not leads:
            if mark.number == 1:
                return paired and (mark.kind in _SERIAL or (after is not None and after.start - mark.start < 6000))
            return continues or (mark.kind == "first" and "first" in seen)
        if mark.kind == "part" and "篇" in mark.label:
            return continues or paired
        if mark.kind in _SERIAL:
            return continues or paired or (mark.kind == "shi" and mark.number == 1)
        if mark.kind == "decimal":
            return f"{mark.label.rpartition('.')[0]}.1" in self._decimals
        if mark.kind in ("bare", "row"):
            return continues or paired
        return mark.kind != "top" or f"{mark.number}.1" in self._decimals or (continues and bool(self._decimals))

    def _in_grid(self, paragraph: Paragraph, marks: list[Mark], *, already: bool) -> bool:
        words = self.flat[paragraph.start : paragraph.end]
        if marks and RANK[marks[0].kind] < RANK["decimal"] and marks[0].start == paragraph.start:
            return False
        if already:
            return _GRID_ROW.fullmatch(words) is not None and not (len(words) > 12 and words.endswith(":"))
        return len(words) < 120 and "。" not in words and _GRID_HEAD.match(words) is not None

    # -- places --------------------------------------------------------------------------------------------------

    def _leads(self, piece: _Piece) -> bool:
        return bool(piece.marks) and not self.flat[piece.start : piece.marks[0].start].strip(" #*?>")

    def _place_marked(self, piece: _Piece, following: _Piece | None) -> None:
        marks = piece.marks
        edge = piece.start
        for at, mark in enumerate(marks):
            end = marks[at + 1].start if at + 1 < len(marks) else piece.end
            leads = not self.flat[edge : mark.start].strip(" #*?>")
            if leads:
                edge = mark.end
            inner = marks[at + 1] if at + 1 < len(marks) else self._first_mark(following)
            last = inner is not None and RANK[inner.kind] <= RANK[mark.kind]
            self._open(mark, end, inline=not leads, last=last or (inner is None and following is None))

    def _first_mark(self, piece: _Piece | None) -> Mark | None:
        return piece.marks[0] if piece is not None and self._leads(piece) else None

    def _open(self, mark: Mark, end: int, *, inline: bool, last: bool) -> None:
        parent = self._parent_of(mark)
        self._check_number(mark, parent)
        path = f"{parent.path}/{mark.label}" if parent else mark.label
        node = Node(path, mark.start, end, mark, parent, inline=inline)
        promised = heading_after(self.flat, mark, self._entries, end)
        stop = heading_end(self.flat, mark, end, last=last)
        if row := self._rows.get(mark.start):
            node.row, stop = row, row.task[1]
        elif promised:
            stop, self._entries = promised[0], self._entries[promised[1] :]
        elif mark.kind == "box":
            titled = box_title_end(self.flat, mark.end, end)
            stop = titled if titled > mark.end else stop
        node.heading = (mark.end, stop)
        node.paragraphs = 1 if self.flat[stop:end].strip(" 。:?*") else 0
        self._add(node, parent)
        self._stack.append(node)
        if mark.kind != "box" and promised and node.paragraphs:
            self._split_text(node, stop, end)

    def _split_text(self, node: Node, start: int, end: int) -> None:
        """The text run into a chapter's heading, as an item of its own where it opens with a heading of its own."""
        cut = start + len(self.flat[start:end]) - len(self.flat[start:end].lstrip(" :?"))
        if opening(self.flat, cut, end) == cut:
            return
        node.end = cut
        node.paragraphs = 0
        self._add_plain(node, cut, end)

    def _parent_of(self, mark: Mark) -> Node | None:
        kinds = [node.mark.kind for node in self._stack if node.mark]
        if mark.kind == "annex":
            self._stack.clear()
            self._running.clear()
        elif mark.kind in ("decimal", "top"):
            depth = mark.label.count(".")
            self._pop_while(lambda top: RANK[top.kind] >= RANK[mark.kind] and top.label.count(".") >= depth)
        elif mark.kind == "box":
            self._pop_while(lambda top: top.kind == "box" or RANK[top.kind] >= RANK["decimal"])
        elif mark.kind in kinds and self._is_row(mark):
            pass
        elif mark.kind in kinds:
            del self._stack[kinds.index(mark.kind) :]
        else:
            self._pop_while(lambda top: RANK[top.kind] > RANK[mark.kind] and top.kind != "annex")
        return self._stack[-1] if self._stack else None

    def _is_row(self, mark: Mark) -> bool:
        """Whether a number belongs to the rows of the box that is open, though the same kind of number is in use around it."""
        box = self._stack[-1] if self._stack[-1].mark and self._stack[-1].mark.kind == "box" else None
        return box is not None and mark.number == 1

    def _pop_while(self, test: object) -> None:
        while self._stack and self._stack[-1].mark and callable(test) and test(self._stack[-1].mark):
            self._stack.pop()

    def _check_number(self, mark: Mark, parent: Node | None) -> None:
        """Say where a number comes twice or is left out."""
        series = parent.series if parent else self._series
        kin = mark.kind in series
        last = series.get(mark.kind, 0)
        series[mark.kind] = mark.number
        running = self._running.get(mark.kind, 0)
        self._running[mark.kind] = mark.number
        if mark.kind in ("box", "annex", "first", "decimal", "top") or not mark.number:
            return
        if mark.number in (last + 1, running + 1) or (mark.number == 1 and not kin):
            return
        kind = "repeated_number" if kin and mark.number <= last else "skipped_number"
        self.flags.append(Flag(0, kind, (), self.flat[mark.start : mark.end].strip(), mark.start, mark.end))

    # -- paragraphs without a mark -------------------------------------------------------------------------------

    def _place_plain(self, group: list[_Piece], following: Mark | None) -> None:
        self._leave_box(group[0])
        current = self._structural()
        headed = [opening(self.flat, p.start, p.end) > p.start for p in group]
        resumed = current is not None and any(n.mark is None for n in current.children)
        each_headed = (len(group) > 1 or resumed) and sum(headed) >= 0.6 * len(group)
        for at, piece in enumerate(group):
            if piece.start in self._further or (self.nodes and self._is_cell(piece)):
                self.nodes[-1].end = piece.end
                continue
            title = self._title_of_annex(piece, current, following if at + 4 > len(group) else None)
            if title is not None:
                current = title
            elif current is None and at and self._heads_next(piece):
                self.nodes[-1].end = piece.end
            elif current is not None and not piece.grid and _LABELLED.match(self.flat, piece.start, piece.end):
                self._extend_last(piece)
            elif piece.grid or current is None:
                above = group[at - 1] if at else None
                joins = piece.grid and (
                    self._awaits_table() if above is None else above.grid or self._is_caption(above)
                )
                self._plain_alone(piece, current, following, joins=joins)
            elif current.bare and each_headed and headed[at]:
                self._add_plain(current, piece.start, piece.end)
            elif self._closes(current, following) or (
                at + 1 < len(group) and group[at + 1].grid and self._is_caption(piece)
            ):
                self._plain_alone(piece, current, following)
            else:
                self._extend(current, piece)
            self._open_inside(piece)

    def _title_of_annex(self, piece: _Piece, current: Node | None, following: Mark | None) -> Node | None:
        """The title of a further paper in the same text, or of an annex whose number stood on a line of its own."""
        words = self.flat[piece.start : piece.end]
        if current is None or len(words) > 60 or re.search(r"[。;:!?|]", words):
            return None
        if current.mark and current.mark.kind == "annex" and current.bare and self.nodes[-1] is current:
            if current.heading[1] <= current.heading[0] and len(words) >= 3:
                current.heading = (piece.start, piece.end)
                current.end = piece.end
                return current
            return None
        restarts = following is not None and following.number == 1 and following.kind in ("cn", "chapter", "part")
        if not restarts or not _FURTHER.search(words) or not self._running.get(following.kind if following else ""):
            return None
        self._annexes += 1
        mark = Mark("annex", self._annexes, f"附{self._annexes}", piece.start, piece.start)
        self._open(mark, piece.end, inline=False, last=False)
        return self.nodes[-1]

    def _is_cell(self, piece: _Piece) -> bool:
        """A line that is one cell behind its bar, of a table that was flattened so (| 100%)."""
        words = self.flat[piece.start : piece.end]
        return words.startswith("|") and words.count("|") == 1 and not piece.marks

    def _awaits_table(self) -> bool:
        """Whether the last item is a 专栏 or an annex with nothing but its title so far."""
        last = self.nodes[-1] if self.nodes else None
        return last is not None and last.mark is not None and last.mark.kind in ("box", "annex") and last.bare

    def _heads_next(self, piece: _Piece) -> bool:
        """Whether the item before is nothing but 前言 and the like, so that this paragraph is its text."""
        last = self.nodes[-1] if self.nodes else None
        if last is None or last.mark is not None or not _PREFACE.fullmatch(self.flat[last.start : last.end]):
            return False
        last.heading = (last.start, last.end)
        return True

    def _is_caption(self, piece: _Piece) -> bool:
        """The line above a table that says what it is."""
        words = self.flat[piece.start : piece.end]
        return len(words) <= 40 and not piece.grid and re.search(r"[。;,]", words) is None

    def _leave_box(self, piece: _Piece) -> None:
        """A box is over where its rows were run into its line, or where paragraphs like those before the box go on."""
        box = self._stack[-1] if self._stack else None
        if box is None or box.mark is None or box.mark.kind != "box" or box.parent is None:
            return
        resumes = any(n.mark is None and n.heading[1] > n.heading[0] for n in box.parent.children)
        stop = opening(self.flat, piece.start, piece.end)
        if box.paragraphs or (resumes and stop > piece.start and self.flat[stop] == "。"):
            self._stack.pop()

    def _structural(self) -> Node | None:
        """The innermost item whose mark stood at the head of a paragraph."""
        for node in reversed(self._stack):
            if not node.inline:
                return node
        return None

    def _closes(self, current: Node, following: Mark | None) -> bool:
        """Whether a further paragraph after `current` speaks for what is around it rather than for it: the series is over, and
        each earlier one of the series had the same number of paragraphs as `current` has now."""
        mark = current.mark
        if mark is None or mark.kind == "article" or current.paragraphs == 0:
            return False
        if following is not None and RANK[following.kind] >= RANK[mark.kind]:
            return False
        kin = [
            n
            for n in (current.parent.children if current.parent else self.nodes)
            if n.parent is current.parent and n.mark and n.mark.kind == mark.kind
        ]
        earlier = [n.paragraphs for n in kin if n is not current]
        return bool(earlier) and all(count == current.paragraphs for count in earlier)

    def _plain_alone(self, piece: _Piece, current: Node | None, following: Mark | None, *, joins: bool = False) -> None:
        if joins:
            self.nodes[-1].end = piece.end
            if self.nodes[-1].grid is None and self.nodes[-1].mark is None:
                self.nodes[-1].heading = (
                    self.nodes[-1].start,
                    self.nodes[-1].start + len(self.flat[self.nodes[-1].start : piece.start].rstrip()),
                )
            self._mark_grid(self.nodes[-1], piece)
            return
        around = current
        while around is not None and around.paragraphs and self._is_over(around, following):
            around = around.parent
            if around is None or around.children:
                break
        node = self._add_plain(around, piece.start, piece.end)
        if piece.grid:
            self._mark_grid(node, piece)

    def _is_over(self, node: Node, following: Mark | None) -> bool:
        return node.mark is not None and (following is None or RANK[following.kind] < RANK[node.mark.kind])

    def _mark_grid(self, node: Node, piece: _Piece) -> None:
        node.grid = (node.grid[0] if node.grid else piece.start, piece.end)

    def _extend(self, current: Node, piece: _Piece) -> None:
        last = self.nodes[-1]
        if bisect_left(self._barriers, last.end) < bisect_left(self._barriers, piece.start):
            self._add_plain(current, piece.start, piece.end)
        elif last is current or (last.mark is None and last.parent is current):
            last.end = self._own_end(piece)
            last.paragraphs += 1
        elif last.inline and last.parent is not current and not last.mark:
            last.end = self._own_end(piece)
        else:
            self._add_plain(current, piece.start, piece.end)

    def _extend_last(self, piece: _Piece) -> None:
        if bisect_left(self._barriers, self.nodes[-1].end) < bisect_left(self._barriers, piece.start):
            self._add_plain(self._structural(), piece.start, piece.end)
        else:
            self.nodes[-1].end = self._own_end(piece)

    def _own_end(self, piece: _Piece) -> int:
        return piece.marks[0].start if piece.marks else piece.end

    def _open_inside(self, piece: _Piece) -> None:
        for at, mark in enumerate(piece.marks):
            if at == 0 and self.nodes[-1].end > mark.start:
                self.nodes[-1].end = mark.start
            end = piece.marks[at + 1].start if at + 1 < len(piece.marks) else piece.end
            inner = piece.marks[at + 1] if at + 1 < len(piece.marks) else None
            self._open(mark, end, inline=True, last=inner is None or RANK[inner.kind] <= RANK[mark.kind])

    def _add_plain(self, parent: Node | None, start: int, end: int) -> Node:
        if parent is None:
            self._loose += 1
            label = f"¶{self._loose}"
        else:
            parent.plain += 1
            label = f"{parent.path}/¶{parent.plain}"
        stop = opening(self.flat, start, end)
        node = Node(label, start, end, None, parent, heading=(start, stop), paragraphs=1)
        self._add(node, parent)
        return node

    def _add(self, node: Node, parent: Node | None) -> None:
        self.nodes.append(node)
        if parent is not None:
            parent.children.append(node)


def _next_of_kind(marks: list[Mark]) -> dict[int, Mark]:
    """For each mark's place, the next candidate of its kind."""
    following: dict[int, Mark] = {}
    latest: dict[str, Mark] = {}
    for mark in reversed(marks):
        if mark.kind in latest:
            following[mark.start] = latest[mark.kind]
        latest[mark.kind] = mark
    return following
