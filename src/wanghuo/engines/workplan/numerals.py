"""Numbers as Chinese papers write them, with their units and places.

`number("一百二十")`, `number("1.4万")` give a value; `quantities(text)` finds every number that carries a unit, a percentage,
a range or a ratio. What a number is for (an aim, a date, a name) is decided elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Literal

Kind = Literal["count", "percent", "permille", "points", "times", "money", "time", "ratio", "plain"]
About = Literal["", "over", "nearly", "about"]

_DIGITS = {c: i for i, c in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2, "壹": 1, "贰": 2, "叁": 3, "俩": 2}
_SMALL = {"十": 10, "百": 100, "千": 1000}
_LARGE = {"万": 10**4, "亿": 10**8}
_WIDE = str.maketrans(
    {chr(0xFF10 + i): str(i) for i in range(10)}
    | {"％": "%", "﹪": "%", "．": ".", "：": ":", "／": "/", "（": "(", "）": ")", "＋": "+", "＜": "<", "＞": ">"}
    | dict.fromkeys("—–－~～―‐‑−", "-")
    | {"\u00a0": " ", "\u3000": " ", "\u2009": " ", "\u202f": " "}
)

# Units. 个 before a unit of time or share belongs to the unit.
_TIME = "个工作日|工作日|个自然日|个小时|小时|分钟|秒钟|秒|个半月|个月|年|月|日|天|周|个季度|季度|旬"
_MONEY = "元|美元|港元"
_SHARE = "个百分点|百分点"
_MEASURE = "平方公里|平方千米|平方米|立方米|公里|千米|公顷|公斤|千克|毫米|厘米|海里|毫升|微克每立方米|毫克每立方米|微克|毫克|分贝|dB(A)|dB|千瓦时|千瓦|兆瓦|千伏安|千伏|米|吨|升|亩|km|t|m²|m2|m³|m3|hm2|㎡|kW|MW|kg|MPa"
_TALLY = (
    "人次|轮次|户次|家次|台次|车次|场次|批次|课次|点位|课时|学时|个班次|班次|个|处|支|座|台|套|人|名|户|家|次|场|起|分|条|件|只|具|部|辆|艘|架|间|所|栋|幢|层|床|张|份|篇|期"
    "|批|类|种|项|门|组|队|班|轮|遍|块|片|段|幅|册|本|枚|根|盏|樘|口|位|例|宗|级|节|届|堂|对|倍|岁|字|方|把|瓶|盘|顶|路|眼|面|门次|斤|头|株|棵|匹|尾|杆|桶|箱|袋|盒|罐|捆|串|颗|粒|卷|筒|挺|趟|笔|页|款|则|孔|架次|艘次|件次|项次|班次|标箱|标准箱|标台|吨公里|吨标准煤|吨标煤"
)
_BY_LENGTH = sorted("|".join((_TIME, _MONEY, _SHARE, _MEASURE, _TALLY)).split("|"), key=len, reverse=True)
# units that are none before some words (三轮消防车, 2type)
_NOT_BEFORE = {"轮": "[车椅摩胎岗]|(?:消防|摩托|电动|载货|机动)[^,，。;；、]{0,6}车", "t": "[A-Za-z]"}
_UNIT = "|".join(re.escape(unit) + (f"(?!{_NOT_BEFORE[unit]})" if unit in _NOT_BEFORE else "") for unit in _BY_LENGTH)
_UNIT_FULL = (
    rf"(?:{_UNIT})(?:\((?:{_UNIT})\))?(?:/\d*[十百千万亿]*(?:人口|人[·.]?[月年]|度|学期|小区|乡镇|村|社区|{_UNIT}))?"
)

_ARABIC = r"(?:\d{1,3}(?:,\d{3})+(?![\d,])|\d{1,3}(?: \d{3})+(?!\d| \d)|\d+)(?:\.\d+)?"
_PLAIN_HAN = r"[零〇一二三四五六七八九十百千两壹贰叁俩]+(?:点[零〇一二三四五六七八九]+)?"
_HAN = r"[零〇一二三四五六七八九十百千两壹贰叁俩]+(?:[万亿][零一二三四五六七八九十百千两]+)*(?:点[零〇一二三四五六七八九]+)?"
_SCALE = r"(?:万亿|千万|百万|十万|万|亿|千(?![瓦克米卡])|百)"
_BARE = r"(?<=[超近逾上达过每破])(?:千万|百万|十万|上万|万|亿|百|千)"
_NUMBER = rf"(?:{_ARABIC}|{_HAN}|半)(?:[余多](?={_SCALE}))?{_SCALE}*|{_BARE}"
_FULL_RE = re.compile(rf"(?P<body>{_ARABIC}|{_PLAIN_HAN}|半)?(?:[余多])?(?P<scale>{_SCALE}*)")
_RANGE_RE = re.compile(
    rf"(?P<low>{_NUMBER})(?P<lowunit>%|‰|{_UNIT_FULL})? ?(?:-{{1,2}}|至|到) ?(?P<high>{_NUMBER})(?P<more>[余多])? ?(?P<unit>%|‰|{_UNIT_FULL})?"
)
# whatever single word ends the clause right behind a number is a measure word, also one that no list knows (专线92对)
_CLOSING = r"[一-鿿](?<![号以之第多余来内外上下前后左右中强等至到的和与及或分成倍])(?=(?:及?以上|以下|以内|左右)?(?:[,，。;；、)]|$))"
_SINGLE_RE = re.compile(
    rf"(?P<number>{_NUMBER})(?P<more>[余多])? ?(?P<unit>%|‰|{_UNIT_FULL}|(?<=[0-9]){_CLOSING}|(?<=[0-9][万亿]){_CLOSING})?"
)
_PERSONS_BEFORE = re.compile(r"(?:农民|职工|群众|居民|劳动力|人口|学生|老人|人员)$")
_PERSONS_END = re.compile(r"(?:左右|以上|余)?(?:[,，。;；、]|$)")
# persons are counted without a measure word where they are many (十万职工, 20万困难群众)
_PERSONS = re.compile(
    r"(?:[一-鿿]{2}){0,2}(?:和[一-鿿]{2})?(?:带头人|职工|群众|居民|学生|农民|市民|党员|老人|老年人|儿童|残疾人|妇女|青年|青少年|农户|牧民|渔民|师生|人才|干部|从业人员|志愿者|劳动力|人口|贫困户)"
)
_PARTS_RE = re.compile(
    rf"(?P<base>万|{_HAN}|\d+)分之(?P<part>{_NUMBER})(?:(?:-|至|到)(?:百分之)?(?P<part2>{_NUMBER}))?"
)
_TENTHS_RE = re.compile(
    r"(?P<tenths>[一二两三四五六七八九]|\d(?:\.\d)?)(?:(?:-|至|到)(?P<tenths2>[一二三四五六七八九]|\d))?成(?P<half>[一二三四五六七八九半](?!个))?"
    r"(?![立为员功果效绩本长熟就品型分片不])"
)
_ALL_RE = re.compile("百分之?百(?!分)")
_NOTHING_RE = re.compile(r"(?<=[为是])零(?=[,，。;；、:\n]|$)")  # 死亡人数为零
_HALF_RE = re.compile(r"(?:一半|半数)(?!个)|(?<=[超过])半(?![年月天个日夜])")
_RATIO_RE = re.compile(
    r"(?<![\d:])(?P<a>\d+(?:\.\d+)?) ?[:∶] ?(?P<b>\d+(?:\.\d+)?)(?![\d:])|(?<![第])(?P<c>一)比(?P<d>[一二三四五六七八九十百]+)"
)
_PAIR_RE = re.compile(
    rf"(?P<pair>一两|一二|两三|二三|三四|三五|四五|五六|六七|七八|八九)(?P<scale>[十百千万]?)(?P<unit>{_UNIT_FULL})"
)
_GLUED_BEFORE = re.compile(
    r"[A-Za-z0-9·.#№第]$|[A-Za-z0-9]-$|[零〇一二三四五六七八九十百千万亿]$|[零〇一二三四五六七八九十]点$"
)
_GLUED_AFTER = re.compile(r"[A-Za-z·#]|[.-]\d|号|[:∶]\d")
_NO_UNIT = re.compile(
    r"[二三]分(?=水器)|十分(?![钟之以制及])|[零〇]|[百千](?=[家户方]|[日天](?!内))|[一两](?=[批届级])"
)
_START_RE = re.compile(r"[0-9]+|[零〇一二三四五六七八九十百千两壹贰叁俩]+|半|万|亿")
_ONE_IN_WORD = tuple("统唯同逐单专划归合之如不另")  # 统一部署, 之一
_NEARLY = re.compile(r"(?:近|接近|将近)$")
_ABOUT = re.compile(r"(?:约|大约|大概|约为)$")


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number with its unit. `low`: the value, 万 and 亿 multiplied out; `high`: the upper end of a range, else None.

    `unit`: as worded, "" when none follows; shares (百分之, 成, 分之) are given in "%", "‰" or "‱". `about`: 余 and 多 are "over",
    近 "nearly", 约 and 左右 "about". `han`: written in Chinese numerals. Offsets into the text that was searched.
    """

    low: float
    high: float | None
    unit: str
    kind: Kind
    about: About
    han: bool
    start: int
    end: int


def level(text: str) -> str:
    """The text with full-width digits, signs and dashes made plain. Every character keeps its place."""
    return text.translate(_WIDE)


def number(text: str) -> float | None:
    """The value of a number standing alone (`1,000`, `１２`, `二〇二五`, `一百二`, `1.4万`, `百万`, `半`); None when it is none."""
    plain = level(text).strip()
    value = _parse(plain) if plain else None
    return None if value is None else float(value)


def _value(body: str, scale: str) -> Decimal | None:
    """A number's body times its scale words; a body of "" is one (百万)."""
    if not body and not scale:
        return None
    value = Decimal(1) if not body else _body(body)
    if value is None:
        return None
    for word in re.findall("万|亿|千|百|十", scale):
        value *= _SMALL.get(word) or _LARGE[word]
    return value


def _body(body: str) -> Decimal | None:
    if body == "半":
        return Decimal("0.5")
    if body[0].isdigit() and body.isascii():
        return Decimal(re.sub("[, ]", "", body))
    whole, _, fraction = body.partition("点")
    value = _han(whole)
    if value is None:
        return None
    if not fraction:
        return Decimal(value)
    return Decimal(f"{value}.{''.join(str(_DIGITS[c]) for c in fraction)}")


def _han(text: str) -> int | None:
    """A whole number below 万 in Chinese numerals, or digits in a row (二〇二五). A digit after 百 or 千 counts tens or hundreds
    when nothing follows (一百二 is 120)."""
    if all(c in _DIGITS for c in text):
        return int("".join(str(_DIGITS[c]) for c in text))
    total, digit, last, zero = 0, -1, 0, False
    for char in text:
        if char in _DIGITS:
            if digit > 0:
                return None
            digit, zero = _DIGITS[char], zero or _DIGITS[char] == 0
            continue
        unit = _SMALL[char]
        if last and unit >= last:
            return None
        total += (1 if digit < 0 else digit) * unit
        digit, last, zero = -1, unit, False
    if digit > 0:
        total += digit * (last // 10) if last > 10 and not zero else digit
    return total


def _parse(text: str) -> Decimal | None:
    """A number with scale words anywhere in it (一亿三千万, 30余万, 1.4万); a last digit counts tenths of them (三万五)."""
    total, last, rest = Decimal(0), Decimal(0), re.sub("[余多]", "", text)
    while rest:
        match = _FULL_RE.match(rest)
        value = _value(match["body"] or "", match["scale"] or "") if match and match[0] else None
        if match is None or value is None:
            return None
        if last and not match["scale"] and match["body"] in _DIGITS and len(match["body"]) == 1:
            value *= last / 10
        elif last and (value >= last or ((match["body"] or "0")[0].isdigit() and match["body"].isascii())):
            return None
        total, rest = total + value, rest[match.end() :]
        last = _value("", match["scale"]) or Decimal(0) if match["scale"] else Decimal(0)
    return total


def quantities(text: str) -> list[Quantity]:
    """Every quantity in `text`, left to right, none overlapping another.

    A Chinese numeral counts only with a unit after it (三十个, 百分之八十, 八成); an Arabic one also alone, with unit "" (0.15).
    Numbers glued to letters, to a middle dot or to 第 and 号 (5G, 3·21, 第14号) are names and left out.
    """
    plain = level(text)
    found: list[Quantity] = []
    at = 0
    while start := _START_RE.search(plain, at):
        quantity = _read(plain, start.start())
        if quantity is None:
            at = start.end()
            continue
        found.append(quantity)
        at = quantity.end
    return found


def _read(plain: str, at: int) -> Quantity | None:
    """The quantity that starts at `at`: the most specific reading that holds."""
    for pattern, reader in _READERS:
        match = pattern.match(plain, at)
        quantity = reader(match, plain) if match else None
        if quantity is not None:
            return quantity
    return None


def _quantity(
    low: Decimal, high: Decimal | None, unit: str, about: About, han: bool, span: tuple[int, int]
) -> Quantity:
    return Quantity(
        round(float(low), 6), None if high is None else round(float(high), 6), unit, _kind(unit), about, han, *span
    )


def _kind(unit: str) -> Kind:
    head = unit.partition("/")[0].partition("(")[0]
    if head in ("%", "‰", "‱"):
        return "percent" if head == "%" else "permille"
    if head in _SHARE.split("|"):
        return "points"
    if head in _MONEY.split("|") and "/" not in unit:
        return "money"
    if head in _TIME.split("|"):
        return "time"
    if head == "倍":
        return "times"
    return "count" if unit else "plain"


def _about(match: re.Match[str], plain: str) -> About:
    words = match.groupdict()
    if words.get("more") or re.search("[余多]", match[0][: len(match[0]) - len(words.get("unit") or "")]):
        return "over"
    before = plain[max(0, match.start() - 3) : match.start()]
    if _NEARLY.search(before):
        return "nearly"
    if _ABOUT.search(before) or plain.startswith(("左右", "上下"), match.end()):
        return "about"
    return ""


def _is_arabic(text: str) -> bool:
    return text[:1].isascii()


def _is_glued(match: re.Match[str], plain: str) -> bool:
    """Whether the number belongs to a name or a longer code."""
    before = plain[max(0, match.start() - 2) : match.start()]
    first = plain[match.start()]
    if _GLUED_BEFORE.search(before) or (first == "一" and before.endswith(_ONE_IN_WORD)):
        return True
    if first in "十百千万" and before.endswith(("数", "几")):
        return True
    return not match.groupdict().get("unit") and _GLUED_AFTER.match(plain, match.end()) is not None


def _range(match: re.Match[str], plain: str) -> Quantity | None:
    unit = match["unit"] or ""
    low, high = _parse(match["low"]), _parse(match["high"])
    if low is None or high is None or _is_glued(match, plain):
        return None
    low_unit = match["lowunit"] or ""
    if low_unit and unit and low_unit != unit:
        return None
    if not unit and (low_unit or not _is_arabic(match["low"])):
        return None
    scale = re.search(f"{_SCALE}+$", match["high"])
    if scale and _is_arabic(match["high"]) and not re.search(_SCALE, match["low"]) and not low_unit:
        low *= _value("", scale[0]) or 1
    if low >= high:
        return None
    han = not _is_arabic(match["low"])
    return _quantity(low, high, unit, _about(match, plain), han, match.span())


def _pair(match: re.Match[str], plain: str) -> Quantity | None:
    """Two digits in a row, said loosely: 两三次 is two to three times."""
    if match.start() and plain[match.start() - 1] in "零一二三四五六七八九十百千万第〇":
        return None
    low, high = (_value(digit, match["scale"]) for digit in match["pair"])
    if low is None or high is None:
        return None
    return _quantity(low, high, match["unit"], "", True, match.span())


def _single(match: re.Match[str], plain: str) -> Quantity | None:
    unit = match["unit"] or ""
    han = not _is_arabic(match["number"])
    if _is_glued(match, plain) or (
        han
        and (not unit or _NO_UNIT.match(plain, match.start()))
        and not _is_bare(match, plain)
        and not _counts_persons(match, plain)
    ):
        return None
    value = _parse(match["number"])
    if value is None:
        return None
    found = _quantity(value, None, unit, _about(match, plain), han, match.span())
    return replace(found, kind="count") if not unit and _counts_persons(match, plain) else found


def _counts_persons(match: re.Match[str], plain: str) -> bool:
    """Whether many persons are counted, who need no measure word: 十万职工."""
    if not match["number"].endswith(("万", "亿")):
        return False
    named = _PERSONS_BEFORE.search(plain[max(0, match.start() - 8) : match.start()])
    return _PERSONS.match(plain, match.end()) is not None or (
        named is not None and _PERSONS_END.match(plain, match.end()) is not None
    )


def _is_bare(match: re.Match[str], plain: str) -> bool:
    """Whether it is an order of magnitude that counts without a unit: 超百万量级."""
    return bool(re.fullmatch(_SCALE, match["number"])) and plain.startswith("量级", match.end())


def _parts(match: re.Match[str], plain: str) -> Quantity | None:
    base, part = _parse(match["base"]), _parse(match["part"])
    if not base or part is None:
        return None
    unit, times = {1000: ("‰", 1000), 10000: ("‱", 10000)}.get(int(base), ("%", 100))
    low = part * times / base
    second = _parse(match["part2"]) if match["part2"] else None
    high = None if second is None else second * times / base
    if high is not None and high <= low:
        return None
    return _quantity(low, high, unit, "", True, match.span())


def _tenths(match: re.Match[str], plain: str) -> Quantity | None:
    before = plain[match.start() - 1] if match.start() else ""
    if before and before in "零一二三四五六七八九十百千万第0123456789.〇":
        return None
    low = _body(match["tenths"])
    high = _body(match["tenths2"]) if match["tenths2"] else None
    if low is None or (high is not None and high <= low):
        return None
    if match["half"]:
        extra = _body(match["half"]) or Decimal(0)
        low += extra if match["half"] == "半" else extra / 10
    high = None if high is None else high * 10
    return _quantity(low * 10, high, "%", "", True, match.span())


def _half(match: re.Match[str], plain: str) -> Quantity | None:
    del plain
    return _quantity(Decimal(50), None, "%", "", True, match.span())


def _ratio(match: re.Match[str], plain: str) -> Quantity | None:
    a, b = _body(match["a"] or match["c"]), _body(match["b"] or match["d"])
    if a is None or not b or _is_glued(match, plain):
        return None
    return Quantity(round(float(a / b), 6), None, "比", "ratio", "", match["a"] is None, *match.span())


def _nothing(match: re.Match[str], plain: str) -> Quantity | None:
    del plain
    return _quantity(Decimal(0), None, "", "", True, match.span())


def _everything(match: re.Match[str], plain: str) -> Quantity | None:
    del plain
    return _quantity(Decimal(100), None, "%", "", True, match.span())


_READERS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str], str], Quantity | None]], ...] = (
    (_ALL_RE, _everything),
    (_PARTS_RE, _parts),
    (_TENTHS_RE, _tenths),
    (_HALF_RE, _half),
    (_RATIO_RE, _ratio),
    (_RANGE_RE, _range),
    (_PAIR_RE, _pair),
    (_NOTHING_RE, _nothing),
    (_SINGLE_RE, _single),
)
