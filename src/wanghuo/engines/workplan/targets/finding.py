"""From findings in sentences to the targets of a paper, with deadline, region and flags."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import replace
from datetime import date

from wanghuo.engines.workplan.body import Body, Sentence
from wanghuo.engines.workplan.days import IS_BASE, planned_year
from wanghuo.engines.workplan.duty_tables import DutyRow
from wanghuo.engines.workplan.paper import Deadline, Flag, Item, Target
from wanghuo.engines.workplan.tables import find_rows
from wanghuo.engines.workplan.targets.clauses import Words, words_of
from wanghuo.engines.workplan.targets.frequency import find_recurring, with_frequency
from wanghuo.engines.workplan.targets.history import Tense, is_history, is_report
from wanghuo.engines.workplan.targets.implied import find_implied
from wanghuo.engines.workplan.targets.naming import strip_lead, tidy
from wanghuo.engines.workplan.targets.numbers import Finding, find_numbers
from wanghuo.engines.workplan.targets.words import BASE_YEAR_RE, VERB_RE

_PLACES = re.compile(
    r"(?:^|[,，、])(?P<all>[一-鿿]{2,4}(?:、[一-鿿]{2,4})+等(?:地|市|县|区|州|设区市)|各(?:设区市|县\(市、区\)|县市区|县区|市县|乡镇|镇街|街道|区县|市|县|区))"
)
_YEAR = re.compile(r"(?<![\d至到-])(20\d\d)年(?!(?:底|末)?(?:以?前|以来|起|\d|至|到))")
_REPORT_CELL = re.compile(r"已(?:全部|基本)?(?:完成|完工|建成|落实|实施)|正在(?:推进|实施|开展)|截至|目前")
_LONGEST = 600
_ONLY_CHANGE = re.compile(
    r"(?:同比|年均)?(?:增|降)幅|(?:力争|确保)?(?:达到?|实现|完成|新增|控制在|保持在?|稳定在|提高到?|下降到?|增长|)"
)
_TITLE = 24  # characters of a task that names what its row speaks of; a longer one tells it
_NO_NAME = re.compile(r"[\d.%、]+|不(?:低|少|高|大|小)于|不超过|(?<!不)(?:大|小|低|高)于")
_COUNTERS = frozenset("个座处支所栋幢台辆套部具")
# what opens a paragraph of aims and holds for all of it
_WHOLE_YEARS = re.compile(
    r"(?:到|至)?20\d\d年(?:底|末)?|[“\"]?十[一二三四五六]五[”\"]?(?:规划)?(?:期末|末|完成后|实施完成后|结束时)"
)
_AIMS = re.compile(r"目标")


def find_targets(body: Body) -> tuple[list[Target], list[Flag]]:
    """Every target of the paper in reading order, and the flags on those that can be read in more than one way."""
    targets: list[Target] = []
    flags: list[Flag] = []
    nouns: dict[str, str] = {}
    cells = ""
    for item in body.items:
        cells = _row_of_cells(body, item, cells)
        if is_history(body, item):
            continue
        if row := body.rows.get(item.no):
            for target, finding, at in _in_row(body, item, row):
                targets.append(target)
                flags.extend(_flags(body, target, finding, at))
            continue
        reports = is_report(body, item)
        grids = [
            grid for table in body.tables if table.item == item.no for grid in _cells_only(body, table.start, table.end)
        ]
        for sentence in body.sentences(item):
            for start, end in _outside(sentence, grids):
                if _in_report_cell(body.flat, start):
                    continue
                found = _in_sentence(body, item, start, end, reports=reports, row=cells)
                for bare in found:
                    finding = _with_noun(bare, nouns)
                    target = _target(body, item, sentence, start, finding)
                    targets.append(target)
                    flags.extend(_flags(body, target, finding, start))
    rows, row_flags = find_rows(body)
    targets = [
        t for t in targets if not any(row.start < t.end and t.start < row.end and t.start >= row.start for row in rows)
    ]
    targets = sorted([*_once(targets), *rows], key=lambda t: (t.start, t.end))
    return targets, sorted([*flags, *row_flags], key=lambda f: (f.start, f.end, f.kind))


def _with_noun(finding: Finding, nouns: dict[str, str]) -> Finding:
    """A bare verb (开工3个) takes the thing that was last counted in this unit; `nouns` remembers it."""
    name = finding.name
    if name.noun and name.metric != name.noun:
        nouns[finding.unit] = name.noun
    if finding.unit in _COUNTERS and VERB_RE.fullmatch(name.metric) and finding.unit in nouns:
        return replace(finding, name=replace(name, metric=name.metric + nouns[finding.unit]))
    return finding


def _cells_only(body: Body, start: int, end: int) -> list[tuple[int, int]]:
    """The lines of a table that are cells and nothing else; one without bars that tells several things is read as a sentence."""
    spans: list[tuple[int, int]] = []
    for line in re.finditer(r"[^\n]+\n?", body.flat[start:end]):
        told = "|" not in line[0] and re.search(r"[一-鿿\d%][,;。]", line[0]) and len(line[0]) > _TITLE
        if not told:
            spans.append((start + line.start(), start + line.end()))
    return spans


def _outside(sentence: Sentence, grids: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The parts of a sentence that lie in no table."""
    spans = [(sentence.start, sentence.end)]
    for low, high in grids:
        cut: list[tuple[int, int]] = []
        for start, end in spans:
            if high <= start or end <= low:
                cut.append((start, end))
                continue
            cut += [span for span in ((start, low), (high, end)) if span[0] < span[1]]
        spans = cut
    return [piece for span in spans for piece in _pieces(sentence, *span)]


def _in_row(body: Body, item: Item, row: DutyRow) -> Iterator[tuple[Target, Finding, int]]:
    """The targets of a row of duties, with what they were found in, each due on the day that a cell of its line tells."""
    dated = [d for d in item.deadlines if d.last and d.kind != "recurring"]
    starts = [line.start for line in row.lines]
    own = {bisect_right(starts, d.start) - 1: d for d in dated}
    for place, line in enumerate(row.lines):
        due = own.get(place)
        for start, end in line.said:
            sentence = Sentence(start, end, body.flat[start:end])
            for finding in _in_cell(body, row, start, end):
                target = _target(body, item, sentence, start, finding)
                told = due is not None and (target.deadline is None or not start <= due.start < end)
                yield (replace(target, deadline=due.last) if due and told else target), finding, start


def _in_cell(body: Body, row: DutyRow, start: int, end: int) -> list[Finding]:
    """The aims of a cell. One that says no more than how much (1200人以上, 增长6%) is read behind the task that it speaks of."""
    flat, text = body.flat[start:end], body.text[start:end]
    alone = _of_words(body, flat, text, reports=False)
    task = re.sub(r"[\d|]", " ", body.flat[row.task[0] : row.task[1]])
    named = alone and not all(_ONLY_CHANGE.fullmatch(finding.name.metric) for finding in alone)
    if named or (start, end) == row.task or len(task) > _TITLE:
        return alone
    many = len(task)
    return [
        replace(found, start=max(found.start - many, 0), end=found.end - many, at=found.at - many)
        for found in _of_words(body, task + flat, task + text, reports=False)
        if found.at >= many
    ]


def _in_report_cell(flat: str, start: int) -> bool:
    """Whether a place lies in a cell between bars that tells how far things are (… | 已完成。已将标准提高到200元。 |)."""
    line = flat[flat.rfind("\n", 0, start) + 1 : start]
    return line.count("|") >= 2 and _REPORT_CELL.match(line.rpartition("|")[2].strip()) is not None


def _pieces(sentence: Sentence, start: int, end: int) -> list[tuple[int, int]]:
    """A stretch in pieces of bounded length, cut behind a comma where there is one: the reading of a clause takes time with
    the square of its numbers, and no sentence that says something is this long."""
    pieces = []
    while end - start > _LONGEST:
        words = sentence.text[start - sentence.start : start - sentence.start + _LONGEST]
        cut = max(words.rfind(","), words.rfind("、"))
        pieces.append((start, start + (cut + 1 if cut > 0 else _LONGEST)))
        start = pieces[-1][1]
    return [*pieces, (start, end)]


def _in_sentence(body: Body, item: Item, start: int, end: int, *, reports: bool, row: str) -> list[Finding]:
    flat, text = body.flat[start:end], body.text[start:end]
    if start == item.start:
        flat = _unmarked(flat, item)
    return _of_words(body, flat, text, reports=reports, row=row)


def _row_of_cells(body: Body, item: Item, before: str) -> str:
    """What names a row whose cells follow it one a line (颍州区, | 不低于90%, | 100%); "" where the item is none. `before`: that
    of the item before, which goes on where a long cell parted the row."""
    if body.flat.startswith("|", item.start):
        return before
    first, _, rest = body.flat[item.start : item.end].partition("\n")
    cells = rest.count("\n|") + rest.startswith("|")
    return first.strip() if len(first) <= _TITLE and "|" not in first and cells > 1 else ""


def _of_words(body: Body, flat: str, text: str, *, reports: bool, row: str = "") -> list[Finding]:
    words = words_of("".join("，" if given == "，" else char for char, given in zip(flat, text, strict=True)))
    numbered = find_numbers(words, Tense(_first_year(body), reports))
    found = [*numbered, *find_implied(words, numbered)]
    found += find_recurring(words, found)
    found = with_frequency(words, found)
    named = [_named(words, finding) for finding in sorted(found, key=lambda f: f.at)]
    if row:
        named = [f if f.name.metric else replace(f, name=replace(f.name, metric=row)) for f in named]
    return [_trimmed(words, finding) for finding in named if finding.name.metric]


def _named(words: Words, finding: Finding) -> Finding:
    """A name for what has none of its own: the words of its clause before the number, else what is counted per whom; a number with neither stays
    without and is no target."""
    if finding.name.metric:
        return finding
    span = words.clauses[words.clause_at(finding.at)]
    said = _NO_NAME.sub("", words.text[span.start : finding.at])
    plain = tidy(said[strip_lead(said) :])[-20:] if finding.unit == "%" else ""
    per = f"{finding.name.scope}{finding.unit}数" if finding.name.scope.startswith("每") else ""
    counted = next((q for q in words.quantities if q.start == finding.at and q.kind == "count"), None)
    described = words.bare[: finding.at].endswith("的")  # 为现有的100个点加装设施: named by what is done with them
    after = tidy(words.text[counted.end : span.end])[:20] if counted and described else ""
    return replace(finding, name=replace(finding.name, metric=plain or per or after))


def _unmarked(flat: str, item: Item) -> str:
    """The words with the item's own mark made blank, so that 2.50个小区 is not read as two and a half."""
    label = item.path.rpartition("/")[2]
    if not flat.startswith(label) or not label:
        return flat
    end = len(label) + (flat[len(label) : len(label) + 1] in tuple("、.﹒．:"))
    return " " * end + flat[end:]


def _first_year(body: Body) -> int:
    first = body.head.period[0] or body.head.issued_on
    return first.year if first else planned_year(body.flat)


def _trimmed(words: Words, finding: Finding) -> Finding:
    """The quote without blanks and marks at its ends."""
    start, end = finding.start, finding.end
    while start < end and words.bare[start] in " \n、,，;；:：。":
        start += 1
    while end > start and words.bare[end - 1] in " \n、,，;；:：。":
        end -= 1
    return replace(finding, start=start, end=end)


def _target(body: Body, item: Item, sentence: Sentence, offset: int, finding: Finding) -> Target:
    start, end = offset + finding.start, offset + finding.end
    deadline = (
        date(finding.year, 12, 31) if finding.year else _deadline(body, item, sentence, offset + finding.at, start, end)
    )
    return Target(
        item=item.no,
        metric=finding.name.metric,
        op=finding.op,
        value=finding.value,
        unit=finding.unit,
        scope=tidy(finding.name.scope)[:60],
        region=_region(body, sentence, start, end),
        deadline=deadline,
        frequency=finding.frequency,
        quote=body.text[start:end],
        start=start,
        end=end,
        confidence=round(finding.confidence, 2),
        soft=finding.soft,
        implied=finding.implied,
    )


def _deadline(body: Body, item: Item, sentence: Sentence, at: int, start: int, end: int) -> date | None:
    """The day of the governing deadline; in a list parted by semicolons also that of an earlier member; under a heading of
    aims the day that its opening paragraph sets."""
    said = _whole_period(body, start, at) or _own_year(body, start, at)
    found = body.deadline_at(item, start, end)
    if said and not (found and start <= found.start < end and found.last):
        return said
    if (
        found is not None
        and found.start >= end
        and re.search(r"\d", body.flat[found.end : _clause_end(body, found.end)])
    ):
        found = None
    this_year = body.flat.rfind("今年", sentence.start, at)
    if this_year >= 0 and (found is None or not this_year < found.start < end):
        year = _year_of(body)
        return date(year, 12, 31) if year else None
    if found is not None and found.kind == "by" and found.last is None and not said:
        return None  # 今年 of a paper without a day: no other day may stand in for it
    if found is None or found.last is None:
        found = _from_list(body, item, sentence) or _from_aims(body, item, at) or found
    if found is not None:
        return found.last
    return (
        _whole_period(body, sentence.start, at)
        or _named_year(body, sentence.start, at)
        or _named_year(body, item.start, min(at, item.start + 16))
    )


def _year_of(body: Body) -> int:
    """The year that 今年 means: the one the paper is for where it is one, else that of its issue; 0 when not known."""
    first, last = body.head.period
    if first and last and first.year == last.year:
        return first.year
    return body.head.issued_on.year if body.head.issued_on else 0


def _clause_end(body: Body, at: int) -> int:
    ends = [found for mark in ",;。\n" if (found := body.flat.find(mark, at)) >= 0]
    return min(ends, default=len(body.flat))


def _whole_period(body: Body, start: int, at: int) -> date | None:
    """全年, 规划期内: the paper's whole period."""
    start = max(start, at - _LONGEST)
    first, last = body.head.period
    years = "一两三四五"[last.year - first.year : last.year - first.year + 1] if first and last else ""
    whole = rf"|{years}年内|(?<!\d){last.year - first.year + 1}年内" if years and first and last else ""
    return last if re.search(rf"全年(?!龄)|规划期|本年度{whole}", body.flat[start:at]) else None


def _own_year(body: Body, start: int, at: int) -> date | None:
    """A year that opens the target's own clause: 2025年全部建成."""
    begin = start + (2 if body.flat.startswith("其中", start) else 0)
    return _named_year(body, begin, min(at, begin + 8)) if _YEAR.match(body.flat, begin) else None


def _named_year(body: Body, start: int, at: int) -> date | None:
    """A year named in the words before the number (各地2020年经费投入增幅) ends on its last day."""
    years = list(_YEAR.finditer(body.flat, max(start, at - _LONGEST), at))
    if not years or BASE_YEAR_RE.search(body.flat[max(start, years[-1].start() - 8) : years[-1].end()]):
        return None
    if IS_BASE.match(body.flat, years[-1].end()):
        return None
    year = int(years[-1][1])
    return date(year, 12, 31) if year >= (_first_year(body) or year) else None


def _from_list(body: Body, item: Item, sentence: Sentence) -> Deadline | None:
    """年内建成3个;新增5个: the first member of the list speaks for the later ones; 其中 goes on with the sentence before."""
    at = sentence.start
    if not item.deadlines:
        return None
    opening = _opening(body, item, at)
    within = body.flat.startswith("其中", opening + 1)
    if within:
        opening = _opening(body, item, opening)
    if not within and ";" not in body.flat[opening + 1 : at]:
        return None
    inside = [d for d in item.deadlines if opening < d.start < at and d.kind in ("by", "within", "phase") and d.last]
    return inside[-1] if inside else None


def _opening(body: Body, item: Item, at: int) -> int:
    """The full stop before the sentence that holds `at`; one before the item where it is the first."""
    found = max(body.flat.rfind(mark, item.start, at) for mark in "。!?\n")
    return max(found, item.start - 1)


def _from_aims(body: Body, item: Item, at: int) -> Deadline | None:
    """到2025年 at the opening of 主要目标 governs the numbered aims below it."""
    for around in body.parents(item):
        if not _AIMS.search(around.heading or ""):
            continue
        before = [
            i
            for i in body.items[: item.no - 1]
            if i.no >= around.no and (i.path == around.path or i.path.startswith(around.path + "/¶"))
        ]
        days = [d for i in before for d in i.deadlines if d.kind == "by" and d.last]
        if days:
            return days[-1]
    own = [d for d in item.deadlines if d.kind == "by" and d.last and d.start < at]
    opens = own and body.flat[item.start : own[0].start].strip() == "" and _WHOLE_YEARS.fullmatch(own[0].text)
    return own[-1] if own and (opens or _AIMS.search(item.heading or "")) else None


def _region(body: Body, sentence: Sentence, start: int, end: int) -> str:
    """The places named with the target, else the paper's own."""
    match = _PLACES.search(body.flat, max(sentence.start, start), end) or _PLACES.match(body.flat, sentence.start, end)
    return match["all"] if match else body.head.region


def _once(targets: list[Target]) -> list[Target]:
    """Without what was found twice in the same words."""
    seen: set[tuple[object, ...]] = set()
    kept = []
    for target in targets:
        key = (target.start, target.end, target.metric, target.value, target.op, target.deadline)
        if key not in seen:
            seen.add(key)
            kept.append(target)
    return kept


def _flags(body: Body, target: Target, finding: Finding, offset: int) -> list[Flag]:
    flags = []
    for kind, readings in _readings(target, finding):
        flags.append(Flag(target.item, kind, readings, target.quote, target.start, target.end))
    return flags


def _readings(target: Target, finding: Finding) -> list[tuple[str, tuple[str, ...]]]:
    low = target.value[0] if isinstance(target.value, tuple) else target.value
    high = target.value[1] if isinstance(target.value, tuple) else target.value
    told: list[tuple[str, tuple[str, ...]]] = []
    if "range_bound" in finding.notes:
        told.append(
            (
                "value_unclear",
                (f"不少于{low:g}{target.unit}", f"{low:g}至{high:g}{target.unit}之间", f"不少于{high:g}{target.unit}"),
            )
        )
    if "no_base" in finding.notes:
        told.append(("growth_basis", ("与上年同期相比", "与规划或行动开始前的基期相比", "与上一周期的年均值相比")))
    elif (
        finding.change
        and "同比" in finding.base
        and target.deadline is not None
        and (target.deadline.month, target.deadline.day) != (12, 31)
    ):
        told.append(("growth_basis", ("截至期限的一年与此前一年相比", "期限所在的自然年与上一自然年相比")))
    if "share_of_reference" in finding.notes:
        told.append(
            ("growth_basis", (f"达到参照值的{100 + low:g}%", f"比参照值高{low:g}个百分点", f"参照值的{low:g}%"))
        )
    if "each_or_all" in finding.notes:
        told.append(("scope_open", (f"每个各{low:g}{target.unit}", f"合计{low:g}{target.unit}")))
    if "either" in finding.notes:
        told.append(("value_unclear", ("两项任选其一", "两项都要")))
    return told
