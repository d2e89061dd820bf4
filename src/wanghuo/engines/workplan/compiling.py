"""A text becomes a `Paper`: frame, outline, then what each item says of who, when and what."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date

from wanghuo.engines.workplan.actions import find_actions
from wanghuo.engines.workplan.bodies import is_body, is_plausible
from wanghuo.engines.workplan.body import Body, Head, Table
from wanghuo.engines.workplan.compacting import Compact
from wanghuo.engines.workplan.contents import Contents, find_contents
from wanghuo.engines.workplan.dates import Calendar, find_deadlines
from wanghuo.engines.workplan.days import planned_year, spoken_period
from wanghuo.engines.workplan.duty_tables import DutyRow, find_duty_rows
from wanghuo.engines.workplan.flattening import flatten
from wanghuo.engines.workplan.head import read_head
from wanghuo.engines.workplan.headings import run_in_chapters
from wanghuo.engines.workplan.layout import paragraphs_of, unwrapped
from wanghuo.engines.workplan.noise import Span, blanked, find_noise, particulars
from wanghuo.engines.workplan.outline import Node, Outliner
from wanghuo.engines.workplan.owners import each_once, find_owners
from wanghuo.engines.workplan.owners.names import names
from wanghuo.engines.workplan.paper import Deadline, Flag, Item, Owner, Paper
from wanghuo.engines.workplan.quality import text_flags
from wanghuo.engines.workplan.targets import find_targets

_BACKGROUND = re.compile(
    r"(?:主要|工作|取得的?|初步|发展)成[效绩]|^成[效绩]|现状|形势|回顾|存在(?:的)?问题|面临|背景|指导思想"
)
_SET_UP = re.compile(r"(?:建立|组建|成立|设立|建设|筹建).$")
_REPORT = re.compile(r"(?:主要|工作|取得的?|初步|发展)成[效绩]|^成[效绩]|现状|形势|回顾|存在(?:的)?问题|主要问题|面临")


def compile_paper(text: str, *, places: Sequence[str] = ()) -> Paper:
    """Compile a paper. `places`: names of places that may be meant, which help to find the paper's region.

    Never fails on any text: what is not understood is left out or flagged.
    """
    body, flags, noise = read_body(text, places=places)
    targets, more = find_targets(body)
    head = body.head
    return Paper(
        title=head.title,
        issuer=head.issuer,
        number=head.number,
        issued_on=head.issued_on,
        period=head.period,
        region=head.region,
        items=body.items,
        targets=tuple(targets),
        flags=tuple(sorted({*flags, *more}, key=lambda f: (f.start, f.end, f.kind))),
        noise=noise,
    )


def read_body(text: str, *, places: Sequence[str] = ()) -> tuple[Body, list[Flag], tuple[Span, ...]]:
    """The body with its items, the flags found on the way, and the noise."""
    flat = flatten(text)
    noise = find_noise(flat)
    known = particulars(flat, noise)
    flat = blanked(flat, noise)
    contents = find_contents(flat)
    if contents.end:
        flat = blanked(flat, [(contents.start, contents.end)])
    breaks = run_in_chapters(flat, contents.end, contents.entries)
    paragraphs = paragraphs_of(flat, breaks)
    flat = unwrapped(flat, paragraphs)
    front = read_head(flat, paragraphs, known, places)
    flat = _without_title(flat, front.head.title)
    duties = find_duty_rows(flat, paragraphs)
    kept = [p for at, p in enumerate(paragraphs) if at not in front.frame and p.start not in duties.headers]
    barriers = [paragraphs[at].start for at in sorted(front.frame)]
    outliner = Outliner(flat, contents.entries, barriers, duties)
    nodes = outliner.build(kept)
    calendar = _calendar(front.head, flat)
    items, flags = _items(text, flat, nodes, calendar)
    tables = tuple(Table(no, *node.grid, _title_of(flat, node)) for no, node in enumerate(nodes, 1) if node.grid)
    told = {no: node.row for no, node in enumerate(nodes, 1) if node.row is not None}
    body = Body(text, items, front.head, tables, flat, told)
    flags += [replace(flag, item=_item_at(body, flag.start)) for flag in outliner.flags]
    flags += text_flags(text, flat, body, contents, noise, paragraphs)
    return body, flags, _all_noise(noise, contents)


def _without_title(flat: str, title: str) -> str:
    """The flat text with the title made blank where a mark or a site's particulars follow it on its line."""
    first = len(flat) - len(flat.lstrip())
    dated = re.compile(r"[^\s。;][^\n。;]{3,60}\s(?:发布|更新|成文)(?:时间|日期):[\d年月日:. -]*(?=\n)").match(
        flat, first
    )
    run_in = (
        re.compile(rf"{re.escape(title)}[ \t]{{1,9}}(?=一、|\(一\)|第一[章部节])").match(flat, first) if title else None
    )
    found = dated or run_in
    return flat if found is None else flat[:first] + re.sub(r"[^\n]", " ", found[0]) + flat[found.end() :]


def _calendar(head: Head, flat: str) -> Calendar:
    begins = spoken_period(flat, head.issued_on)[0]
    planned = planned_year(flat) if head.issued_on is None and head.period == (None, None) else 0
    if planned:
        return Calendar(None, date(planned, 1, 1), date(planned, 12, 31), begins)
    return Calendar(head.issued_on, head.period[0], head.period[1], begins)


def _items(text: str, flat: str, nodes: list[Node], calendar: Calendar) -> tuple[tuple[Item, ...], list[Flag]]:
    items: list[Item] = []
    flags: list[Flag] = []
    years: dict[int, int] = {}
    before: int | None = None  # the first year that the last dated item names, where the paper has none of its own
    for no, node in enumerate(nodes, 1):
        start, end = _trimmed(flat, node.start, node.end)
        compact = Compact(text, flat, start, end)
        year = (years.get(id(node.parent)) if node.parent else None) or before
        dated = compact.at(node.grid[0]) if node.grid else len(compact.words)
        opened = min(compact.at(node.mark.end), dated) if node.mark else 0  # 1.2009年底前 begins with no 1.2009
        found = find_deadlines(compact.words, opened, dated, calendar, year=year)
        latest = _last_year(found.deadlines) or year
        if latest:
            years[id(node)] = latest
        if calendar.year is None:
            before = _first_year(found.deadlines) or before
        background = _is_background(node, flat)
        due = tuple(d for d in found.deadlines if not (_is_report(node, flat) and d.kind in ("phase", "recurring")))
        acts = compact.at(_after_heading(node, flat, end))
        actions = () if background else find_actions(compact.words, acts, len(compact.words))
        owners = () if background else _owners(compact, node)
        items.append(
            Item(
                no=no,
                path=node.path,
                heading=_heading(text, flat, node, end),
                text=text[start:end],
                start=start,
                end=end,
                actions=tuple(compact.back(action) for action in actions),
                owners=tuple(compact.back(owner) for owner in owners),
                deadlines=tuple(compact.back(deadline) for deadline in due),
            )
        )
        flags += [replace(compact.back(flag), item=no) for flag in found.flags]
    return tuple(items), flags


def _heading(text: str, flat: str, node: Node, end: int) -> str:
    first, stop = node.heading
    words = Compact(text, flat, first, min(stop, end)).words if stop > first else ""
    return re.sub(r"\s+", " ", words).strip(" #*?—●■◆▲◇□○★▶·-")


def _owners(compact: Compact, node: Node) -> tuple[Owner, ...]:
    """The owners of an item; a heading that is a body's name (1.教育部门。…) names one, a heading without a stop none."""
    words = compact.words
    if node.row is not None:
        return each_once(_of_row(compact, node.row))
    first, stop = (compact.at(place) for place in node.heading)
    if node.heading[0] >= node.heading[1] or node.mark is None:
        return find_owners(words, compact.at(node.mark.end) if node.mark else 0, len(words))
    named = words[first:stop].strip()
    told = is_body(named) and is_plausible(named) and not _SET_UP.search(words[stop : words.find(named, stop) + 1])
    own = (Owner(named, "lead", first, first + len(named)),) if told else ()
    bare = words[stop : stop + 1] != "。" and "(" not in named
    return (*own, *find_owners(words, stop if bare or own else first, len(words)))


def _of_row(compact: Compact, row: DutyRow) -> Iterator[Owner]:
    """The owners in the cells of a row."""
    for role, (first, last) in row.owners:
        start, end = compact.at(first), compact.at(last)
        words = compact.words[start:end]
        yield from (
            find_owners(compact.words, start, end) if ":" in words else names(words, start, role, sure=not row.cut)
        )


def _after_heading(node: Node, flat: str, end: int) -> int:
    """Where an item's text begins; the heading's own words when it has nothing else."""
    start = max(node.heading[1], node.mark.end if node.mark else node.start)
    return start if flat[start:end].strip(" 。:\n") else (node.mark.end if node.mark else node.start)


def _is_background(node: Node, flat: str) -> bool:
    around: Node | None = node
    while around is not None:
        if _BACKGROUND.search(flat[around.heading[0] : around.heading[1]]):
            return True
        around = around.parent
    return False


def _is_report(node: Node, flat: str) -> bool:
    """Whether the item tells how things are or were; periods in it are no deadlines."""
    around: Node | None = node
    while around is not None:
        if _REPORT.search(flat[around.heading[0] : around.heading[1]]):
            return True
        around = around.parent
    return False


def _last_year(deadlines: tuple[Deadline, ...]) -> int | None:
    for deadline in reversed(deadlines):
        day = deadline.last or deadline.first
        if day is not None and deadline.kind in ("by", "phase") and re.search(r"月|年", deadline.text):
            return day.year
    return None


def _first_year(deadlines: tuple[Deadline, ...]) -> int | None:
    """The first year that the words of the deadlines name."""
    named = [re.search(r"20\d\d(?=年)", deadline.text) for deadline in deadlines if deadline.kind in ("by", "phase")]
    return next((int(match[0]) for match in named if match), None)


def _trimmed(flat: str, start: int, end: int) -> Span:
    words = flat[start:end]
    left = start + len(words) - len(words.lstrip())
    return left, max(left, start + len(words.rstrip()))


def _title_of(flat: str, node: Node) -> str:
    grid = node.grid[0] if node.grid else node.start
    return flat[node.start : grid].strip()


def _item_at(body: Body, offset: int) -> int:
    item = body.item_at(offset)
    return item.no if item else 0


def _all_noise(noise: list[Span], contents: Contents) -> tuple[Span, ...]:
    spans = list(noise)
    if contents.end:
        spans.append((contents.start, contents.end))
    return tuple(sorted(spans))
