"""Targets with a written number."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from wanghuo.engines.workplan.numerals import Quantity
from wanghuo.engines.workplan.paper import Op
from wanghuo.engines.workplan.targets import leads, sizes, sorts, standing, times
from wanghuo.engines.workplan.targets.clauses import Words
from wanghuo.engines.workplan.targets.comparison import Comparison, compare
from wanghuo.engines.workplan.targets.history import Tense, tells_past
from wanghuo.engines.workplan.targets.naming import (
    Around,
    Name,
    bare_object,
    left_noun,
    name_count,
    name_share,
    name_total,
    strip_lead,
    tidy,
    without_light,
)
from wanghuo.engines.workplan.targets.words import RATE_END_RE, SOFT_RE, VERB_RE

_JOIN = re.compile(r"、|以及|和|及(?!时)|与|或者|或|并|，|,")
_SHARES = ("percent", "permille", "points", "times")
_SCORE_UNITS = frozenset({"%", "‰", "‱", "分", "个百分点", "百分点", "倍", "比", ""})
_TIME_ALONE = re.compile(r"(?:20\d\d年|第?[一二三四]季度|[上下]半年|\d{1,2}月)(?:度|底|末)?前?")
# from where several rise together; no names of what is counted (从每月800元、600元分别提高到)
_ORIGINS = re.compile(
    r"(?:由|从)(?:每[人户]每?[年月])?的?\d[\d.]*[^,，、\d]{0,4}?(?:、\d[\d.]*[^,，、\d]{0,4}?)*(?=分别|逐步|提高|提升|增加|降)"
)
_PAUSE = re.compile("、")
_SPLIT = re.compile(r"、|以及|和(?!谐)|(?<!普)及(?!以[上下]|时|格)|(?<!参)与")
_MOVED = re.compile(r"(?:同比|较|比)[^,，]{0,14}(?:减少|下降|增加|增长|上升)$")
# what there should be little of: a bare number for it is a limit
_HARM = re.compile(
    r"^(?!.*(?:查处|调查|侦办|处置|扑救|演练|救援)).*(?:(?:死亡|伤亡|受伤|亡人)(?:人数|率)?|(?:事故|火灾)(?:起数|次数|总数|损失)?|(?:经济|财产)损失|失业率|(?:价格|物价)(?:总水平|指数)?(?:涨幅|增幅)|人口自然增长率)$"
)
# 压减一般事故15%: the share is that of the fall
_LOWERED = re.compile(r"(?:压减|压降|减少|降低|削减|缩减|压缩|下降)[^,，\d]{2,}$")
_COUNTED = re.compile(r"(?:起数|人数|损失|次数|数量|面积|率|度|总量|事故|火灾|伤亡|指数|比例|水平)$")


@dataclass(frozen=True, slots=True)
class Finding:
    """A target as found in one sentence; offsets into the sentence. `notes`: kinds of doubt about it. `within`: it is a
    part of a total named before (其中特勤站2座)."""

    name: Name
    op: Op
    value: float | tuple[float, float]
    unit: str
    start: int
    end: int
    at: int
    confidence: float
    soft: bool = False
    implied: bool = False
    change: str = ""
    base: str = ""
    frequency: str = ""
    notes: tuple[str, ...] = ()
    within: bool = False
    year: int = 0


@dataclass(frozen=True, slots=True)
class _Part:
    """A number with the stretch of the clause that is its own."""

    quantity: Quantity
    comparison: Comparison
    clause: int
    begin: int
    stop: int


def find_numbers(words: Words, tense: Tense) -> list[Finding]:
    """The aims with a number in one sentence, in order."""
    parts = _parts(words, tense)
    found: list[Finding] = []
    for place, part in enumerate(parts):
        shared = [p for p in parts[:place] if p.clause == part.clause]
        found.extend(_read(words, part, found, joined=bool(shared)))
    return _by_year(words, parts, _distributed(words, parts, found))


def _by_year(words: Words, parts: list[_Part], found: list[Finding]) -> list[Finding]:
    """Several years take several values one by one (2024年、2025年整改率分别不低于90%、95%)."""
    out = list(found)
    for clause in {part.clause for part in parts}:
        span = words.clauses[clause]
        mine = [number for number, finding in enumerate(out) if span.start <= finding.at < span.end]
        head = words.bare[span.start : out[mine[0]].at] if mine else ""
        years = [int(year) for year in re.findall(r"(20\d\d)年", head)]
        if len(mine) > 1 and len(years) == len(mine) and "分别" in head:
            for number, year in zip(mine, years, strict=True):
                out[number] = replace(out[number], year=year)
    return out


def _parts(words: Words, tense: Tense) -> list[_Part]:
    """The numbers that are aims, each with what lies between its neighbours."""
    kept: list[tuple[Quantity, Comparison, int]] = []
    for quantity in words.quantities:
        clause = words.clause_at(quantity.start)
        span = words.clauses[clause]
        begin = span.start
        if kept and kept[-1][2] == clause:
            begin = kept[-1][1].end
        joins = [match.end() for match in _JOIN.finditer(words.bare, begin, quantity.start)]
        shares = quantity.kind in _SHARES
        shares = shares or (quantity.kind == "count" and _MOVED.search(words.bare[begin : quantity.start]) is not None)
        comparison = compare(words.bare, begin, quantity.start, quantity.end, span.end, share=shares)
        left = words.bare[begin : comparison.start]
        inherits = (
            clause in words.sums
            or (clause < 2 and words.bare.lstrip().startswith("其中"))
            or (
                bool(kept)
                and (
                    (kept[-1][2] == clause and (bool(joins) or 0 <= quantity.start - kept[-1][1].end <= 4))
                    or _continues(words, kept[-1], quantity, clause)
                )
            )
        )
        if _is_none(words, quantity, comparison, left, clause, tense, inherits=inherits):
            continue
        kept.append((quantity, comparison, clause))
    return [_own_stretch(words, kept, place) for place in range(len(kept))]


def _continues(words: Words, last: tuple[Quantity, Comparison, int], quantity: Quantity, clause: int) -> bool:
    """Whether a clause carries on the list of the one before: 其中特勤站2座, or a bare noun and number."""
    span = words.clauses[clause]
    head = words.bare[span.start : quantity.start].strip()
    if head.startswith("涉及") and len(head) <= 8 and last[2] == clause - 1:  # 改造11个小区,涉及156栋
        return True
    if head.startswith("其中") or (clause and _text_of(words, clause - 1) == "其中"):
        return True
    if not head and last[2] == clause - 1 and last[0].unit == quantity.unit and quantity.kind == "count":
        return re.match(r"(?!以[上下内])[一-鿿\d]{2}", words.bare[quantity.end :]) is not None  # …3辆,1辆云梯车
    same = last[2] == clause - 1 and last[0].unit == quantity.unit and quantity.kind == last[0].kind
    if same and _TIME_ALONE.fullmatch(head):  # 完成900户,2024年300户
        return True
    alone = not words.bare[quantity.end : span.end].strip(" 以上左右")
    return last[2] == clause - 1 and alone and 2 <= len(head) <= 16 and last[0].kind == quantity.kind


def _text_of(words: Words, clause: int) -> str:
    span = words.clauses[clause]
    return words.bare[span.start : span.end].strip()


def _is_none(
    words: Words, quantity: Quantity, comparison: Comparison, left: str, clause: int, tense: Tense, *, inherits: bool
) -> bool:
    verb_near = VERB_RE.search(left[-10:]) is not None
    return (
        times.is_time(words, quantity, comparison, left)
        or standing.is_plain_noise(words, quantity, comparison, left)
        or re.search(r"每$|平均每$", words.bare[: quantity.start]) is not None
        or sizes.is_condition(words, quantity)
        or standing.is_ground(words, quantity)
        or sorts.is_included(words, quantity)
        or standing.is_past_column(words, quantity)
        or (not comparison.said and sorts.is_member(words, quantity, left))
        or standing.averts(words, quantity)
        or standing.is_origin(words, quantity)
        or standing.is_penalty(words, quantity)
        or sizes.is_age(words, quantity)
        or (not comparison.said and sizes.is_capacity(words, quantity))
        or sizes.is_retired_size(words, quantity)
        or (not comparison.said and sizes.describes_rate(words, quantity, left))
        or sizes.is_threshold(words, quantity, comparison, verb_near)
        or sorts.is_name_or_sort(words, quantity, words.bare[max(0, quantity.start - 24) : quantity.start])
        or tells_past(words, clause, quantity.start, tense)
        or leads.is_unled(words, quantity, comparison, left, inherits)
    )


def _own_stretch(words: Words, kept: list[tuple[Quantity, Comparison, int]], place: int) -> _Part:
    """Where a number's own words begin and stop: at the clause, or at the joint with its neighbour in the same clause."""
    quantity, comparison, clause = kept[place]
    span = words.clauses[clause]
    begin, stop = span.start, span.end
    if place and kept[place - 1][2] == clause:
        begin = _joint(words, kept[place - 1], kept[place])[1]
    if place + 1 < len(kept) and kept[place + 1][2] == clause and kept[place + 1][0].start > comparison.end:
        stop = _joint(words, kept[place], kept[place + 1])[0]
    return _Part(quantity, comparison, clause, begin, stop)


def _joint(
    words: Words, one: tuple[Quantity, Comparison, int], other: tuple[Quantity, Comparison, int]
) -> tuple[int, int]:
    """Between two numbers of a clause: where the first one's words end and the second one's begin."""
    start, end = one[1].end, other[1].start
    between = words.bare[start:end]
    joins = list(_JOIN.finditer(between))
    if joins:
        joint = joins[0] if not between[: joins[0].start()].strip() else joins[-1]
        return start + joint.start(), start + joint.end()
    if one[0].kind == "money" or VERB_RE.match(between.strip()):
        return start, start
    return end, end


def _read(words: Words, part: _Part, before: list[Finding], *, joined: bool) -> list[Finding]:
    quantity, comparison = part.quantity, part.comparison
    around = Around(
        words.text[part.begin : comparison.start],
        words.bare[part.begin : comparison.start],
        words.text[comparison.end : part.stop],
        words.bare[comparison.end : part.stop],
    )
    within = _is_within(words, part)
    last = next((f.name for f in reversed(before) if within or not f.within), Name(""))
    if within and not joined:
        last = next((f.name for f in reversed(before) if not f.within), Name(""))
    name = _name(words, part, around, last, joined=joined)
    value: float | tuple[float, float] = quantity.low if quantity.high is None else (quantity.low, quantity.high)
    op: Op = comparison.op if quantity.high is None else "between"
    if op == ">=" and not comparison.said and not comparison.change and _HARM.search(name.metric):
        op = ">=" if quantity.kind in _SHARES and _LOWERED.search(around.bare_left) else "<="
    if op == ">=" and not comparison.said and quantity.kind == "time" and not times.is_at_least(words, quantity):
        op = "<="
    notes = _notes(words, part, name)
    unit = (
        words.text[quantity.end - len(quantity.unit) : quantity.end]
        if quantity.kind not in ("percent", "permille", "ratio")
        else quantity.unit
    )
    span = words.clauses[part.clause]
    whole = words.bare[span.start : part.stop]
    end = part.stop
    finding = Finding(
        name=name,
        op=op,
        value=value,
        unit=unit,
        start=part.begin,
        end=end,
        at=quantity.start,
        confidence=_confidence(words, part, name),
        soft=SOFT_RE.search(whole) is not None,
        change=comparison.change,
        base=comparison.base,
        notes=notes,
        within=within,
    )
    return _shared(words, part, around, finding)


def _name(words: Words, part: _Part, around: Around, last: Name, *, joined: bool) -> Name:
    quantity, comparison = part.quantity, part.comparison
    if comparison.change:
        return _changed(words, part, around)
    if comparison.reference:
        noun, scope = left_noun(around.left, around.bare_left)
        noun = noun or _from_previous(words, part)
        noun = without_light(noun)
        return Name(noun, noun, "", scope or f"相对{tidy(comparison.reference)}")
    persons = quantity.kind == "count" and not quantity.unit
    if (quantity.unit in _SCORE_UNITS and not persons) or quantity.kind in ("percent", "time"):
        if not around.bare_left.strip() and not joined and not _own_right(around):
            name = _inherited(words, part, last)
        else:
            noun = _from_previous(words, part, only_objects=True) or (
                last.noun if last.verb or joined or not RATE_END_RE.search(last.metric) else ""
            )
            name = name_share(around, noun)
        if name.metric == name.noun and quantity.kind == "percent" and not _own_right(around) and not joined:
            name = _with_rate_of(name, last)
        if not name.metric:
            name = replace(_inherited(words, part, last), scope=name.scope or last.scope)
        same = joined or name.metric == last.metric or (last.noun and name.noun == last.noun)
        if quantity.kind == "time":
            name = replace(name, metric=re.sub(r"(?:率|比例)$", "时间", name.metric))
        return replace(name, scope=name.scope or (last.scope if same else ""))
    if told := leads.told_or_acted_on(words, quantity):
        return Name(tidy(told))
    money = quantity.kind == "money"
    if sorts.is_total(
        words, quantity, words.bare[words.clauses[part.clause].start : quantity.start]
    ) and not VERB_RE.search(around.bare_left):
        return name_total(around)
    if joined and not around.bare_left.strip() and not _own_right(around) and last.metric:
        return last
    name = name_count(
        around, last.verb if joined or _is_within(words, part) else "", last.noun, quantity.unit, money=money
    )
    if not name.metric and name.scope.startswith("每") and quantity.unit in ("人", "名"):
        return Name(f"{name.scope}人数", "", "", name.scope)
    if (
        not name.metric
        and not last.metric
        and re.match(r"\s*(?:让|使|帮助)", words.bare[words.clauses[part.clause].start :])
    ):
        return Name(f"受益{quantity.unit or '人'}数", "", "", name.scope)
    if not name.metric and name.scope and last.metric:
        return replace(last, scope=name.scope)
    if not name.metric:
        noun = _from_previous(words, part) or last.noun
        name = replace(name, metric=noun, noun=noun)
    return replace(name, scope=name.scope or (last.scope if joined else ""))


def _with_rate_of(name: Name, last: Name) -> Name:
    """A bare subject takes the rate told just before (重点企业检查覆盖率100%,一般企业不低于30%)."""
    told = last.metric[len(bare_object(last.metric)) :]
    if RATE_END_RE.search(name.metric) or not told.endswith("率") or told == last.metric:
        return name
    return replace(name, metric=name.metric + told)


def _is_within(words: Words, part: _Part) -> bool:
    span = words.clauses[part.clause]
    return part.clause in words.sums or words.bare[span.start : part.quantity.start].strip().startswith("其中")


def _own_right(around: Around) -> bool:
    return bool(around.bare_right.strip(" 的,，。;；、"))


def _inherited(words: Words, part: _Part, last: Name) -> Name:
    if last.metric:
        return last
    noun = _from_previous(words, part)
    return Name(noun, noun)


def _changed(words: Words, part: _Part, around: Around) -> Name:
    """A fall or rise: 一般火灾事故同比降幅. The subject may stand in the clause before."""
    noun, scope = left_noun(around.left, around.bare_left)
    noun = noun or _from_previous(words, part)
    noun = re.sub(r"(?:统计|数据|总体|整体|同期)$", "", noun)
    base = part.comparison.base
    word = "同比" if "同比" in base else "环比" if "环比" in base else "年均" if "年均" in base else ""
    return Name(f"{noun}{word}{'降幅' if part.comparison.change == 'down' else '增幅'}", noun, "", scope)


def _from_previous(words: Words, part: _Part, *, only_objects: bool = False) -> str:
    """The noun of the clause before, without its verb: 有效遏制较大火灾事故 gives 较大火灾事故."""
    if not part.clause:
        return ""
    span = words.clauses[part.clause - 1]
    begin = span.start + strip_lead(words.bare[span.start : span.end])
    text, bare = words.text[begin : span.end], words.bare[begin : span.end]
    if only_objects and not re.match(r"(?:对|针对|所有|凡)", bare):
        return ""
    noun, _ = left_noun(text, bare)
    noun = re.sub(
        r"^(?:有效|全面|坚决)?(?:压降|遏制|压减|预防|防止|减少|降低|控制|提升|提高|加大|推进|落实|实施|严防|严控)",
        "",
        noun,
    )
    return (
        tidy(noun[-24:])
        if len(noun) <= (16 if only_objects else 30) and not (only_objects and re.search(r"\d", noun))
        else ""
    )


def _notes(words: Words, part: _Part, name: Name) -> tuple[str, ...]:
    notes = []
    quantity, comparison = part.quantity, part.comparison
    if quantity.high is not None and comparison.said and comparison.op in (">=", "<=", ">", "<"):
        notes.append("range_bound")
    if comparison.change and not comparison.base:
        notes.append("no_base")
    if comparison.reference and quantity.kind == "percent":
        notes.append("share_of_reference")
    if name.scope.startswith("各") and quantity.kind == "count" and quantity.high is None:
        notes.append("each_or_all")
    if re.match(r"或(?!者?以)", words.bare[part.stop :]) or re.search(r"或(?:者)?$", words.bare[: part.begin]):
        notes.append("either")
    if sorts.is_total(words, quantity, words.bare[words.clauses[part.clause].start : quantity.start]):
        notes.append("total")
    return tuple(notes)


def _confidence(words: Words, part: _Part, name: Name) -> float:
    quantity, comparison = part.quantity, part.comparison
    score = 0.95 if comparison.said or quantity.kind == "percent" else 0.88
    if sorts.is_listed(words, quantity, part.begin):
        score -= 0.3
    if quantity.han and quantity.low == 1:
        score -= 0.1
    if quantity.about:
        score -= 0.1
    if not name.metric:
        score -= 0.3
    return max(0.1, score)


def _shared(words: Words, part: _Part, around: Around, finding: Finding) -> list[Finding]:
    """One number for several metrics (火灾起数、死亡人数下降20%; X、Y均达到100%): one target for each."""
    around = replace(around, left=_ORIGINS.sub("", around.left), bare_left=_ORIGINS.sub("", around.bare_left))
    bare = around.bare_left
    apart = _apart(words, part, around.left)
    nouns = [noun for noun in apart.split(tidy(around.left)) if noun]
    if len(nouns) < 2 or ("“" in around.left and "、" in around.left and "、" not in bare):
        return [finding]
    tells = words.bare[part.begin : part.quantity.start]
    each = re.search(r"(?:(?<!平)均|(?<![首成])都|分别)(?!衡|匀|市)", tells) is not None
    pieces = [piece for piece in apart.split(bare) if piece.strip()]
    if len(pieces) < 2 or (
        finding.unit not in _SCORE_UNITS and "分别" not in words.bare[part.begin : part.quantity.start]
    ):
        return [finding]
    if not each and not all(_COUNTED.search(tidy(piece)) for piece in pieces):
        return [finding]
    names: list[tuple[str, str]] = []
    verb = ""
    at = 0
    for piece in pieces:
        at = bare.find(piece, at)
        noun, scope = left_noun(around.left[at : at + len(piece)], piece)
        noun, _, verb = noun.partition("分别")
        names.append((noun, scope))
        at += len(piece)
    ending = re.search(r"(?:[一-鿿]{1,3}率|满意度|知晓度|比例)$", names[-1][0])
    tail = finding.name.metric[len(finding.name.noun) :] if finding.change else ""
    told = []
    for number, (noun, scope) in enumerate(names):
        metric = noun
        if ending and number < len(names) - 1 and not RATE_END_RE.search(noun) and each:
            metric = noun + ending[0]
        if finding.change:
            metric += tail
        elif verb:
            metric = verb + noun
        elif each and number and len(noun) <= 4 and len(names[0][0]) > 5 and RATE_END_RE.search(noun):
            metric = bare_object(names[0][0]) + noun
        elif (
            not RATE_END_RE.search(metric)
            and finding.name.metric.endswith(("率", "比例"))
            and names[-1][0] in finding.name.metric
        ):
            metric += finding.name.metric.partition(names[-1][0])[2]
        told.append(replace(finding, name=Name(metric, noun, "", scope or finding.name.scope or names[0][1])))
    return told


def _apart(words: Words, part: _Part, left: str) -> re.Pattern[str]:
    """What parts the things that numbers are told of: 、 alone where that gives as many as there are numbers (城镇和工业用水、
    灌溉用水计量率分别达到85%、70%)."""
    end = words.clauses[part.clause].end
    told = sum(1 for q in words.quantities if part.quantity.start <= q.start < end)
    return (
        _PAUSE
        if "分别" in left + words.bare[part.begin : part.quantity.start] and left.count("、") + 1 == told > 1
        else _SPLIT
    )


def _distributed(words: Words, parts: list[_Part], found: list[Finding]) -> list[Finding]:
    """分别: several metrics take several numbers one by one (A、B分别达到95%、98%)."""
    for place, part in enumerate(parts):
        run = [part]
        for following in parts[place + 1 :]:
            between = words.bare[run[-1].comparison.end : following.comparison.start]
            if following.clause != part.clause or between.strip() not in ("、", "和", "及", "与", "以及"):
                break
            run.append(following)
        head = words.bare[part.begin : part.quantity.start]
        mine = [f for f in found if f.at == part.quantity.start]
        if len(run) > 1 and "分别" in head and len(mine) == len(run):
            values = {p.quantity.start: p for p in run}
            others = [f for f in found if f.at not in values]
            zipped = [
                replace(
                    f,
                    value=p.quantity.low,
                    unit=p.quantity.unit or run[-1].quantity.unit,
                    at=p.quantity.start,
                    end=run[-1].stop,
                    op=f.op,
                )
                for f, p in zip(mine, run, strict=True)
            ]
            found = sorted(others + zipped, key=lambda f: f.at)
    return found
