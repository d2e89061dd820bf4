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
    """One target. A field that may be read in more than one right way is a set. `item`: where its item starts, 0 for any."""

    item: int
    ops: frozenset[str]
    value: float | tuple[float, float]
    units: frozenset[str]
    deadlines: frozenset[date | None]
    implied: bool = False


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
    """The text and the answers. `begins`: where the paper itself begins, after a covering letter if there is one."""

    text: str
    title: str
    items: list[ExpectedItem]
    targets: list[ExpectedTarget]
    begins: int = 0
    table: int = -1  # where a table begins, which may be an item of its own
    issuer: str = ""
    number: str = ""
    issued_on: date | None = None


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
    ("培训重点岗位人员", "人次"),
    ("举办消防宣传活动", "场"),
    ("动工兴建养老床位", "张"),
    ("开发公益性岗位", "个"),
    ("完成危旧房改造", "平方米"),
    ("恢复防火林带", "亩"),
    ("安排消防安全课", "堂"),
    ("储备灭火药剂", "吨"),
]
RATED = ["消防设施完好率", "重点单位达标率", "培训覆盖率", "隐患整改率", "消防控制室持证上岗率"]
FALLING = ["火灾起数", "火灾死亡人数", "火灾直接财产损失", "电动自行车火灾起数", "亿元产值事故死亡率"]
CAPPED = ["火灾死亡率", "误报率", "设备故障率"]
COUNT_WORDS: list[tuple[str, frozenset[str]]] = [
    ("{what}{n}{unit}", EXACT),
    ("{what}不少于{n}{unit}", frozenset({">="})),
    ("{what}不低于{n}{unit}", frozenset({">="})),
    ("{what}至少{n}{unit}", frozenset({">="})),
    ("{what}{n}{unit}以上", frozenset({">="})),
    ("{what}达到{n}{unit}以上", frozenset({">="})),
    ("{what}超过{n}{unit}", frozenset({">"})),
    ("{what}{n}{unit}左右", EXACT),
    ("力争{what}{n}{unit}", EXACT),
    ("{what}要达到{n}{unit}", EXACT),
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


MOST_WORDS: list[tuple[str, frozenset[str]]] = [
    ("{what}控制在{n}{unit}以内", frozenset({"<="})),
    ("{what}不超过{n}{unit}", frozenset({"<="})),
    ("{what}{n}{unit}以下", frozenset({"<=", "<"})),
]


@dataclass(frozen=True)
class Aim:
    """A clause with one target in it."""

    words: str
    ops: frozenset[str]
    value: float | tuple[float, float]
    unit: str  # several right ones are separated by |


@st.composite
def aims(draw: st.DrawFn) -> Aim:
    """A clause that sets one measurable target."""
    kind = draw(
        st.sampled_from(["count", "count", "rate", "cap", "range", "fall", "money", "tenths", "points", "most"])
    )
    if kind == "tenths":
        value = draw(st.integers(5, 9))
        return Aim(f"{draw(st.sampled_from(RATED))}达到{chinese(value)}成以上", frozenset({">="}), value * 10, "%")
    if kind == "most":
        value, unit = draw(st.integers(1, 60)), draw(st.sampled_from(["人", "起"]))
        what = "火灾死亡人数" if unit == "人" else "较大火灾事故"
        words, ops = draw(st.sampled_from(MOST_WORDS))
        return Aim(words.format(what=what, n=value, unit=unit), ops, value, unit)
    if kind == "points":
        value = draw(st.integers(2, 9))
        return Aim(f"{draw(st.sampled_from(RATED))}提高{value}个百分点", EXACT, value, "个百分点|百分点")
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
    ("上半年", date(YEAR, 6, 30)),
    ("一季度末前", date(YEAR, 3, 31)),
    ("11月30日之前", date(YEAR, 11, 30)),
    (f"{YEAR}年5月至8月", date(YEAR, 8, 31)),
]
OFTEN = [("每季度", "quarter"), ("每月", "month"), ("每半年", "half_year"), ("每年", "year"), ("每半月", "half_month")]

# who

BODIES = ["县教育局", "县民政局", "县住房城乡建设局", "县消防救援大队", "县应急管理局", "县市场监管局", "县文化旅游局"]


@dataclass(frozen=True)
class Who:
    """Words that name the owners, where they go, and whom they name."""

    before: str = ""
    after: str = ""
    line: str = ""  # a line of its own below the item
    owners: frozenset[tuple[str, str]] = frozenset()


@st.composite
def whos(draw: st.DrawFn) -> Who:
    """Owners, in one of the usual wordings, or none."""
    lead, first, second = draw(st.permutations(BODIES))[:3]
    leads, helpers = (lead, "lead"), {(first, "support"), (second, "support")}
    form = draw(st.sampled_from(["none", "none", "by", "brackets", "duty", "only", "mixed", "shared", "with", "line"]))
    if form == "mixed":
        words = f"（责任单位：{lead}；配合单位：{first}、{second}）"
        return Who(after=words, owners=frozenset({leads, *helpers}))
    if form == "shared":
        return Who(after=f"（{lead}、{first}按职责分工负责）", owners=frozenset({leads, (first, "lead")}))
    if form == "with":
        return Who(before=f"{lead}会同{first}、{second}开展联合检查，", owners=frozenset({leads, *helpers}))
    if form == "line":
        return Who(line=f"责任单位：{lead}、{first}", owners=frozenset({leads, (first, "lead")}))
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
    "落实安全生产十五条硬措施，聚焦9类突出问题。",
    "联系人：张三，联系电话：0000-1234567。",
    "“十三五”期间，累计培训群众3.2万人次。",
    "目前，全县仍有6个乡镇未建专职消防队。",
    "与上年相比，火灾起数减少12起。",
]
IMPLIED: list[tuple[str, float, str]] = [
    ("对存在重大火灾隐患的单位逐一建立整改台账。", 100, "%"),
    ("坚决杜绝重特大火灾事故。", 0, "|起|次"),
    ("新建小区消防车通道全部划线标识。", 100, "%"),
    ("确保不发生较大以上火灾事故。", 0, "|起|次"),
    ("严禁在疏散通道停放电动自行车。", 0, "|起|次|辆"),
]
LISTED = [("微型消防站", "个"), ("消防取水口", "处"), ("举高消防车", "辆"), ("消防宣传栏", "块")]
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


def _run_in(draw: st.DrawFn) -> Style:
    """The style of papers that a site has put on one line, headings and all."""
    low = draw(st.sampled_from([lambda n: f"{n}、", lambda n: f"{n}."]))
    return Style(lambda n: f"{chinese(n)}、", lambda n: f"（{chinese(n)}）", low, False, "", "", draw(st.booleans()))


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
    item = writer.items[-1]
    number = item.start
    kind = draw(st.sampled_from(["aim", "aim", "two", "plain", "trap", "often", "list", "staged", "implied", "falls"]))
    if kind == "plain":
        return draw(st.sampled_from(PLAIN))
    if kind == "trap":
        return draw(st.sampled_from(TRAPS))
    if kind == "often":
        words, frequency = draw(st.sampled_from(OFTEN))
        times = draw(st.integers(1, 4))
        item.frequencies.add(frequency)
        days = NO_DAY | item.deadlines
        writer.targets.append(ExpectedTarget(number, frozenset({">="}), times, frozenset({"次"}), days))
        return f"{words}组织消防演练不少于{times}次。"
    if kind == "implied":
        words, value, unit = draw(st.sampled_from(IMPLIED))
        days = NO_DAY | item.deadlines
        ops = frozenset({"==", ">=" if value else "<="})
        writer.targets.append(ExpectedTarget(number, ops, value, frozenset(unit.split("|")), days, implied=True))
        return words
    if kind == "falls":  # one shape, clause after clause; the year before is what it is measured against
        days, opening = NO_DAY | item.deadlines, draw(st.sampled_from(["", f"以{YEAR - 1}年为基数，"]))
        falls = [(what, draw(st.integers(2, 40))) for what in draw(st.permutations(FALLING))[:3]]
        for _, percent in falls:
            writer.targets.append(ExpectedTarget(number, frozenset({">="}), percent, frozenset({"%"}), days))
        standing = draw(st.sampled_from(["", f"重大火灾起数控制在{YEAR - 1}年水平，"]))
        clauses = "，".join(f"{what}下降{percent}%以上" for what, percent in falls)
        return f"{opening}{standing}{clauses}。"
    if kind == "staged":
        low, high = draw(st.integers(30, 60)), draw(st.integers(70, 100))
        first, second = date(YEAR, 12, 31), date(YEAR + 1, 12, 31)
        for value, day in ((low, first), (high, second)):
            item.deadlines.add(day)
            writer.targets.append(ExpectedTarget(number, EXACT, value, frozenset({"%"}), frozenset({day})))
        return f"{YEAR}年底前{draw(st.sampled_from(RATED))}达到{low}%，{YEAR + 1}年底前达到{high}%。"
    # once an item has named another year, a month without a year could be meant of either
    strayed = any(day.year != YEAR for day in item.deadlines)
    words, day = draw(st.sampled_from([when for when in WHEN if not strayed or when[1] is None or "20" in when[0]]))
    # a sentence without a day may be read as being under one that an earlier sentence of its item names
    days = NO_DAY | item.deadlines if day is None else frozenset({day})
    if day is not None:
        item.deadlines.add(day)
    if kind == "list":
        things = draw(st.permutations(LISTED))[:3]
        numbers = [draw(st.integers(2, 400)) for _ in things]
        found = [Aim(f"{what}{n}{unit}", EXACT, n, unit) for (what, unit), n in zip(things, numbers, strict=True)]
        clause = "新增" + "、".join(aim.words for aim in found)
    else:
        found = [draw(aims()) for _ in range(2 if kind == "two" else 1)]
        clause = "，".join(aim.words for aim in found)
    for aim in found:
        writer.targets.append(ExpectedTarget(number, aim.ops, aim.value, frozenset(aim.unit.split("|")), days))
    comma = "，" if words and draw(st.booleans()) else ""
    return f"{words}{comma}{clause}。"


def _low_items(draw: st.DrawFn, writer: Writer, around: str, first: int) -> int:
    """The items of the lowest level under one heading; the number after the last one's."""
    count = draw(st.integers(2, 3))
    for n in range(first, first + count):
        mark = writer.style.low(n)
        writer.line("", f"{around}/{_path(mark)}")
        writer.text = writer.text[: writer.items[-1].start - len(writer.style.indent)]
        who = draw(whos())
        writer.items[-1].owners |= who.owners
        body = "".join(draw(sentences(writer)) for _ in range(draw(st.integers(1, 3))))
        heading = draw(st.sampled_from(HEADINGS)) + "。"
        if draw(st.integers(0, 5)) == 0:  # the mark stands right before a number: 2.50个小区
            many = draw(st.integers(2, 90))
            heading = f"{many}个小区新增集中充电设施。"
            aim = ExpectedTarget(
                writer.items[-1].start, EXACT, many, frozenset({"个"}), NO_DAY | writer.items[-1].deadlines
            )
            writer.targets.append(aim)
        before = who.before + "抓好落实。" if who.before else ""
        writer.line(mark + heading + before + body + who.after)
        if who.line:
            writer.line(who.line)
    return first + count


def _phases(writer: Writer, around: str) -> None:
    """The steps of the work, each with its days in brackets."""
    middle = writer.style.middle or writer.style.low
    steps = [
        (f"动员部署阶段（{YEAR}年3月1日至3月31日）。制定方案，广泛动员。", date(YEAR, 3, 31)),
        (f"组织实施阶段（{YEAR}年4月至10月）。对照方案，认真落实。", date(YEAR, 10, 31)),
        (f"总结提升阶段（{YEAR}年11月底前）。总结经验，完善机制。", date(YEAR, 11, 30)),
    ]
    for n, (words, day) in enumerate(steps, 1):
        mark = middle(n)
        writer.line(mark + words, f"{around}/{_path(mark)}")
        writer.items[-1].deadlines.add(day)


def _table(draw: st.DrawFn, writer: Writer) -> None:
    """A table of indicators with a column for each of two years, as a table in the text or flattened to rows of words."""
    rule = " | " if draw(st.booleans()) else " "
    edge = "|" if rule != " " else ""
    writer.text += f"{edge}{rule.join(('序号', '指标', f'{YEAR}年', f'{YEAR + 1}年', '属性'))}{edge}\n"
    for row, name in enumerate(draw(st.permutations(RATED))[:3], 1):
        low = draw(st.integers(60, 80))
        high = low + draw(st.integers(1, 19))
        writer.text += f"{edge}{rule.join((str(row), name, f'≥{low}%', f'≥{high}%', '预期性'))}{edge}\n"
        for value, year in ((low, YEAR), (high, YEAR + 1)):
            days = frozenset({date(year, 12, 31)})
            writer.targets.append(ExpectedTarget(0, frozenset({">="}), value, frozenset({"%"}), days))


COUNTY = "清溪县"
OFFICE = f"{COUNTY}消防安全委员会"
SITE = ["", f"当前位置：首页 > 政务公开 > 通知公告\n发布时间：{YEAR}-03-06 来源：{COUNTY}人民政府 浏览次数：32\n"]
FOOT = ["", "\n上一篇：关于开展防汛检查的通知\n下一篇：关于召开工作会议的通知\n", "\n【打印本页】【关闭窗口】\n"]


def _cover(writer: Writer, title: str) -> None:
    """The letter that sends the paper out."""
    for words in (
        f"{OFFICE}关于印发《{title}》的通知",
        f"清消安委〔{YEAR}〕3号",
        "各乡镇人民政府，县直有关单位：",
        f"现将《{title}》印发给你们，请认真贯彻执行。",
        OFFICE,
        f"{YEAR}年3月5日",
    ):
        writer.line(words)


@st.composite
def papers(draw: st.DrawFn, one_line: bool = False) -> GeneratedPaper:
    """A paper with its answers. `one_line`: everything but the title stands on one line."""
    writer = Writer(_run_in(draw) if one_line else draw(styles()))
    style = writer.style
    title = f"{YEAR}年{draw(st.sampled_from(['全县', COUNTY]))}消防工作要点"
    writer.text = draw(st.sampled_from(SITE))
    covered = not one_line and draw(st.booleans())
    if covered:
        _cover(writer, title)
    begins = len(writer.text)
    writer.text += title + (style.newline or "\n")
    writer.line("为做好全年消防工作，制定本要点。", "¶1")
    number, top, table = 1, 0, -1
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
    if draw(st.booleans()) and not style.running:
        top += 1
        writer.line(style.top(top) + "工作步骤", _path(style.top(top)))
        _phases(writer, _path(style.top(top)))
    if not one_line and draw(st.booleans()):
        top += 1
        writer.line(style.top(top) + "主要指标", _path(style.top(top)))
        table = len(writer.text)
        _table(draw, writer)
    writer.text += draw(st.sampled_from(FOOT))
    head = (OFFICE, f"清消安委〔{YEAR}〕3号", date(YEAR, 3, 5)) if covered else ("", "", None)
    return GeneratedPaper(writer.text, title, writer.items, writer.targets, begins, table, *head)


def describe(paper: Any) -> str:
    """A compiled paper in a few lines, for the message of a failing test."""
    rows = [f"{item.no} {item.path}" for item in paper.items]
    rows += [f"  {t.item}: {t.op} {t.value} {t.unit} {t.deadline} 「{t.quote}」" for t in paper.targets]
    return "\n".join(rows)
