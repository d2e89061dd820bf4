"""Made-up policy papers whose right answers are known, in the many ways that papers number, punctuate and word things.

Everything here is invented. `papers()` draws a paper together with what a perfect reader would find in it; the tests
compare. A wording is added here when real papers use it, not when the reader under test happens to manage it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from hypothesis import strategies as st

YEAR = 2024
NO_DAY = frozenset({None, date(YEAR, 12, 31)})  # a yearly paper that names no day: none, or the end of its year
CHINESE = "零一二三四五六七八九"


@dataclass(frozen=True)
class ExpectedTarget:
    """One target. A field that may be read in more than one right way is a set."""

    item: int
    ops: frozenset[str]
    value: float | tuple[float, float]
    unit: str
    deadlines: frozenset[date | None]


@dataclass
class ExpectedItem:
    """One item: where it starts, its marks, and what is found in it."""

    path: str
    start: int
    deadlines: set[date] = field(default_factory=set)
    frequencies: set[str] = field(default_factory=set)
    owners: set[tuple[str, str]] = field(default_factory=set)


@dataclass
class GeneratedPaper:
    """The text and the answers."""

    text: str
    title: str
    items: list[ExpectedItem]
    targets: list[ExpectedTarget]


def chinese(number: int) -> str:
    """1 to 9999 as papers write them: 十二, 三百零五, 二千."""
    if number < 10:
        return CHINESE[number]
    words, zero = "", False
    for place, name in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit = number // place % 10
        if digit:
            words += ("零" if zero else "") + CHINESE[digit] + name
        zero = bool(words) and digit == 0 if digit == 0 else False
    return words.removeprefix("一") if 10 <= number < 20 else words


# how numbers are written

EXACT = frozenset({"==", ">="})  # no word of comparison: the number itself, or at least it


@st.composite
def counts(draw: st.DrawFn) -> tuple[str, float]:
    """A count as written, and its value."""
    kind = draw(st.sampled_from(["plain", "wan", "chinese", "thousands"]))
    if kind == "wan":
        tenths = draw(st.integers(1, 999).filter(lambda n: n % 10))
        return f"{tenths / 10:g}万", tenths * 1000
    if kind == "chinese":
        number = draw(st.integers(2, 999))
        return chinese(number), number
    if kind == "thousands":
        number = draw(st.integers(10, 99)) * 1000
        return f"{number // 1000},000", number
    number = draw(st.integers(2, 9999).filter(lambda n: not 1900 < n < 2100))
    return str(number), number


COUNTED = [
    ("新建市政消火栓", "个"),
    ("培训消防安全管理人", "名"),
    ("推广安装独立式感烟探测器", "只"),
    ("新购消防车", "辆"),
    ("建设乡镇专职消防队", "支"),
    ("改造老旧居民楼", "栋"),
    ("打通断头消防车道", "条"),
    ("检查人员密集场所", "家"),
]
RATED = ["消防设施完好率", "重点单位达标率", "培训覆盖率", "隐患整改率", "消防控制室持证上岗率"]
CAPPED = ["火灾死亡率", "误报率", "设备故障率"]
COUNT_WORDS: list[tuple[str, frozenset[str]]] = [
    ("{what}{n}{unit}", EXACT),
    ("{what}不少于{n}{unit}", frozenset({">="})),
    ("{what}不低于{n}{unit}", frozenset({">="})),
    ("{what}至少{n}{unit}", frozenset({">="})),
    ("{what}{n}{unit}以上", frozenset({">="})),
    ("{what}达到{n}{unit}以上", frozenset({">="})),
    ("{what}超过{n}{unit}", frozenset({">"})),
]
RATE_WORDS: list[tuple[str, frozenset[str]]] = [
    ("{what}不低于{n}", frozenset({">="})),
    ("{what}达到{n}以上", frozenset({">="})),
    ("{what}达{n}", EXACT),
    ("{what}达到{n}", EXACT),
    ("{what}力争达到{n}", EXACT),
    ("{what}保持在{n}以上", frozenset({">="})),
]
CAP_WORDS: list[tuple[str, frozenset[str]]] = [
    ("{what}控制在{n}以内", frozenset({"<="})),
    ("{what}不超过{n}", frozenset({"<="})),
    ("{what}低于{n}", frozenset({"<"})),
    ("{what}控制在{n}以下", frozenset({"<=", "<"})),
]


@dataclass(frozen=True)
class Aim:
    """A clause with one target in it."""

    words: str
    ops: frozenset[str]
    value: float | tuple[float, float]
    unit: str


@st.composite
def aims(draw: st.DrawFn) -> Aim:
    """A clause that sets one measurable target."""
    kind = draw(st.sampled_from(["count", "count", "rate", "cap", "range", "fall", "money"]))
    if kind == "count":
        what, unit = draw(st.sampled_from(COUNTED))
        written, value = draw(counts())
        words, ops = draw(st.sampled_from(COUNT_WORDS))
        return Aim(words.format(what=what, n=written, unit=unit), ops, value, unit)
    if kind == "range":
        what, unit = draw(st.sampled_from(COUNTED))
        low = draw(st.integers(2, 8))
        dash = draw(st.sampled_from(["-", "—", "～", "至"]))
        if draw(st.booleans()):
            return Aim(f"{what}{low}{dash}{low + 3}{unit}", frozenset({"between"}), (low, low + 3), unit)
        return Aim(f"{what}{chinese(low)}至{chinese(low + 3)}{unit}", frozenset({"between"}), (low, low + 3), unit)
    if kind == "money":
        tenths = draw(st.integers(1, 99).filter(lambda n: n % 10))
        name, size = draw(st.sampled_from([("万", 10_000), ("亿", 100_000_000)]))
        return Aim(f"投入专项资金{tenths / 10:g}{name}元", EXACT, round(tenths * size / 10), "元")
    value = draw(st.integers(1, 19)) if kind in ("cap", "fall") else draw(st.integers(50, 100))
    percent = draw(st.sampled_from([f"{value}%", f"{value}％", f"百分之{chinese(value) if value < 100 else '百'}"]))
    if kind == "fall":
        word, ops = draw(st.sampled_from([("至少", frozenset({">="})), ("", EXACT)]))
        return Aim(f"火灾起数同比{word}下降{percent}", ops, value, "%")
    source, form = (CAPPED, CAP_WORDS) if kind == "cap" else (RATED, RATE_WORDS)
    words, ops = draw(st.sampled_from(form))
    return Aim(words.format(what=draw(st.sampled_from(source)), n=percent), ops, value, "%")


# when

WHEN: list[tuple[str, date | None]] = [
    ("", None),
    ("年内", date(YEAR, 12, 31)),
    ("年底前", date(YEAR, 12, 31)),
    (f"{YEAR}年底前", date(YEAR, 12, 31)),
    ("6月底前", date(YEAR, 6, 30)),
    ("2月底前", date(YEAR, 2, 29)),
    (f"{YEAR}年9月底前", date(YEAR, 9, 30)),
    ("3月15日前", date(YEAR, 3, 15)),
    (f"{YEAR + 1}年底前", date(YEAR + 1, 12, 31)),
    (f"到{YEAR + 1}年底", date(YEAR + 1, 12, 31)),
    (f"{YEAR}年10月31日前", date(YEAR, 10, 31)),
]
OFTEN = [("每季度", "quarter"), ("每月", "month"), ("每半年", "half_year"), ("每年", "year"), ("每半月", "half_month")]

# who

BODIES = ["县教育局", "县民政局", "县住房城乡建设局", "县消防救援大队", "县应急管理局", "县市场监管局", "县文化旅游局"]


@dataclass(frozen=True)
class Who:
    """Words that name the owners, where they go, and whom they name."""

    before: str = ""
    after: str = ""
    owners: frozenset[tuple[str, str]] = frozenset()


@st.composite
def whos(draw: st.DrawFn) -> Who:
    """Owners, in one of the usual wordings, or none."""
    lead, first, second = draw(st.permutations(BODIES))[:3]
    leads, helpers = (lead, "lead"), {(first, "support"), (second, "support")}
    form = draw(st.sampled_from(["none", "none", "by", "brackets", "duty", "only"]))
    if form == "by":
        return Who(before=f"由{lead}牵头，{first}、{second}配合，", owners=frozenset({leads, *helpers}))
    if form == "brackets":
        words = f"（牵头单位：{lead}；配合单位：{first}、{second}）"
        return Who(after=words, owners=frozenset({leads, *helpers}))
    if form == "duty":
        both = frozenset({leads, (first, "lead")})
        return Who(after=f"（责任单位：{lead}、{first}）", owners=both)
    if form == "only":
        return Who(after=f"（{lead}负责）", owners=frozenset({leads}))
    return Who()


# sentences that hold numbers and set no target

TRAPS = [
    "近年来，全县已累计建成消防站12个，消防基础不断夯实。",
    "去年全县共发生火灾236起，同比下降8.5%。",
    "认真贯彻《关于加强基层消防工作的意见》（县政办发〔2023〕17号）精神。",
    "落实“四个一”工作机制，深化“三清三关”行动。",
    "截至2023年底，全县共有市政消火栓3120个。",
    "深刻吸取“3·21”事故教训，压实各方责任。",
    "拨打119电话报警，畅通12345热线渠道。",
    "重点检查建筑面积5万平方米以上的商业综合体。",
]
PLAIN = [
    "压实消防安全责任，健全工作机制。",
    "加强宣传教育，提升群众消防安全意识。",
    "强化隐患排查治理，完善闭环管理。",
    "推动消防工作融入基层治理。",
]
HEADINGS = [
    "加强消防设施建设",
    "夯实基层基础",
    "深化隐患治理",
    "提升救援能力",
    "强化宣传培训",
    "完善责任体系",
    "健全保障机制",
]


# the outline


@dataclass(frozen=True)
class Style:
    """How a paper is written down."""

    top: Callable[[int], str]
    middle: Callable[[int], str] | None
    low: Callable[[int], str]
    running: bool  # the lowest numbers run on from section to section
    newline: str
    indent: str
    half: bool  # half-width punctuation


def _path(mark: str) -> str:
    return mark.strip(" 　、.﹒．,，").replace("（", "(").replace("）", ")")


@st.composite
def styles(draw: st.DrawFn) -> Style:
    """A way of numbering and punctuating."""
    chapters = draw(st.booleans())
    tops: list[Callable[[int], str]] = [lambda n: f"第{chinese(n)}章 "] if chapters else [lambda n: f"{chinese(n)}、"]
    brackets: list[Callable[[int], str]] = [lambda n: f"（{chinese(n)}）", lambda n: f"({chinese(n)})"]
    middles: list[Callable[[int], str] | None] = [lambda n: f"第{chinese(n)}节 "] if chapters else [*brackets, None]
    lows: list[Callable[[int], str]] = [
        lambda n: f"{n}、",
        lambda n: f"{n}.",
        lambda n: f"{n}．",
        lambda n: f"{n}﹒",
        lambda n: f"{chinese(n)}是",
    ]
    middle = draw(st.sampled_from(middles))
    low = draw(st.sampled_from(lows if middle is not None else lows[:4]))
    return Style(
        top=draw(st.sampled_from(tops)),
        middle=middle,
        low=low,
        running=low is not lows[4] and draw(st.booleans()),
        newline=draw(st.sampled_from(["\n", "\r\n", "\n\n"])),
        indent=draw(st.sampled_from(["", "　　", "    "])),
        half=draw(st.booleans()),
    )


HALF = str.maketrans("，；：（）", ",;:()")


class Writer:
    """Writes a paper line by line and keeps account of where things are."""

    def __init__(self, style: Style) -> None:
        self.style = style
        self.text = ""
        self.items: list[ExpectedItem] = []
        self.targets: list[ExpectedTarget] = []

    def line(self, words: str, path: str | None = None) -> None:
        """A line; with a path, an item begins on it."""
        if path is not None:
            self.items.append(ExpectedItem(path, len(self.text) + len(self.style.indent)))
        self.text += self.style.indent + self.punctuated(words) + self.style.newline

    def punctuated(self, words: str) -> str:
        """The words with the paper's punctuation."""
        return words.translate(HALF) if self.style.half else words


@st.composite
def sentences(draw: st.DrawFn, writer: Writer) -> str:
    """A sentence of the present item, entered into the account."""
    item, number = writer.items[-1], len(writer.items)
    kind = draw(st.sampled_from(["aim", "aim", "two", "plain", "trap", "often"]))
    if kind == "plain":
        return draw(st.sampled_from(PLAIN))
    if kind == "trap":
        return draw(st.sampled_from(TRAPS))
    if kind == "often":
        words, frequency = draw(st.sampled_from(OFTEN))
        times = draw(st.integers(1, 4))
        item.frequencies.add(frequency)
        writer.targets.append(ExpectedTarget(number, frozenset({">="}), times, "次", NO_DAY | item.deadlines))
        return f"{words}组织消防演练不少于{times}次。"
    # once an item has named another year, a month without a year could be meant of either
    strayed = any(day.year != YEAR for day in item.deadlines)
    words, day = draw(st.sampled_from([when for when in WHEN if not strayed or when[1] is None or "20" in when[0]]))
    # a sentence without a day may be read as being under one that an earlier sentence of its item names
    days = NO_DAY | item.deadlines if day is None else frozenset({day})
    if day is not None:
        item.deadlines.add(day)
    found = [draw(aims()) for _ in range(2 if kind == "two" else 1)]
    for aim in found:
        writer.targets.append(ExpectedTarget(number, aim.ops, aim.value, aim.unit, days))
    comma = "，" if words and draw(st.booleans()) else ""
    return f"{words}{comma}{'，'.join(aim.words for aim in found)}。"


def _low_items(draw: st.DrawFn, writer: Writer, around: str, first: int) -> int:
    """The items of the lowest level under one heading; the number after the last one's."""
    count = draw(st.integers(2, 3))
    for n in range(first, first + count):
        mark = writer.style.low(n)
        writer.line("", f"{around}/{_path(mark)}")
        writer.text = writer.text[: -len(writer.style.newline) - len(writer.style.indent)]
        who = draw(whos())
        writer.items[-1].owners |= who.owners
        body = "".join(draw(sentences(writer)) for _ in range(draw(st.integers(1, 3))))
        heading = draw(st.sampled_from(HEADINGS)) + "。"
        before = who.before + "抓好落实。" if who.before else ""
        writer.line(mark + heading + before + body + who.after)
    return first + count


@st.composite
def papers(draw: st.DrawFn) -> GeneratedPaper:
    """A paper with its answers."""
    writer = Writer(draw(styles()))
    style = writer.style
    title = f"{YEAR}年全县消防工作要点"
    writer.text = title + style.newline
    writer.line("为做好全年消防工作，制定本要点。", "¶1")
    number = 1
    for top in range(1, draw(st.integers(2, 3)) + 1):
        mark = style.top(top)
        writer.line(mark + draw(st.sampled_from(HEADINGS)), _path(mark))
        if style.middle is None:
            number = _low_items(draw, writer, _path(mark), number if style.running else 1)
            continue
        for middle in range(1, draw(st.integers(1, 2)) + 1):
            under = style.middle(middle)
            writer.line(under + draw(st.sampled_from(HEADINGS)), f"{_path(mark)}/{_path(under)}")
            first = number if style.running else 1
            number = _low_items(draw, writer, f"{_path(mark)}/{_path(under)}", first)
    return GeneratedPaper(writer.text, title, writer.items, writer.targets)


def describe(paper: Any) -> str:
    """A compiled paper in a few lines, for the message of a failing test."""
    rows = [f"{item.no} {item.path}" for item in paper.items]
    rows += [f"  {t.item}: {t.op} {t.value} {t.unit} {t.deadline} 「{t.quote}」" for t in paper.targets]
    return "\n".join(rows)
