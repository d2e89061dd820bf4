"""The marks that number a paper's outline: 第一章, 第一节, 第一条, 一、 (一) 1. 1.1 1) (1) ① 一是 第一, 首先, 专栏, 附件."""

from __future__ import annotations

import re
from dataclasses import dataclass

_CN = "一二三四五六七八九十百零〇"
_C = rf"[{_CN}]{{1,5}}"
_ENCLOSED = {"①": "①-⑳", "⑴": "⑴-⒇", "㈠": "㈠-㈩", "❶": "❶-❿"}

# kind, from the outside in as papers nest them, and how its mark is written; `n` is the number
_FORMS: tuple[tuple[str, str], ...] = (
    ("annex", rf"附(?:件|表|录)\s*(?P<annex>\d{{1,2}}|{_C})?\s*(?:[:.、](?!\d)|(?=\s|$))"),
    ("box", rf"专栏\s*(?P<box>\d{{1,2}}|{_C})?\s*[:.、]?"),
    ("part", rf"第\s*(?P<part>{_C}|\d{{1,2}})\s*(?:编|篇|部分|大项)(?!制)\s*[:.、,]?"),
    ("chapter", rf"第\s*(?P<chapter>{_C}|\d{{1,2}})\s*章\s*[:.、]?"),
    ("section", rf"第\s*(?P<section>{_C}|\d{{1,2}})\s*节\s*[:.、]?"),
    ("article", rf"第\s*(?P<article>{_C}|\d{{1,3}})\s*条(?:之{_C})?(?![例款件])\s*[:.、]?"),
    ("cn_paren", rf"[(\[〔【]?\s*(?P<cn_paren>{_C})\s*[)\]〕】]\s*[.、:]?"),
    ("shi", rf"(?P<shi>{_C})是(?:要)?"),
    ("yao", rf"(?P<yao>{_C})要"),
    ("di", rf"第(?P<di>{_C})(?:[,、:]|件(?:民生)?实事:)"),
    ("task", rf"(?P<task>(?:任务|行动|工程|措施|举措|专项|目标|项目)(?:{_C}|\d{{1,2}}))\s*[:、.,]"),
    ("first", r"(?P<first>首先|其次|再次|再者|最后)[,、]"),
    ("cn", rf"(?P<cn>{_C})\s*(?:[、.]|(?=\s+[^\s,。;]{{2,20}}$))"),
    (
        "decimal",
        r"(?P<decimal>\d{1,2}(?:\.\d{1,2}){1,3})\.?(?=\s*[^\d\s.%,。;:、年月日万亿人个元米公户处支套台倍分起次项只辆家所km-])",
    ),
    ("top", r"(?P<top>\d{1,2})(?=\s+[\u4e00-\u9fff][\u4e00-\u9fff、“” ]{1,18}$)"),
    ("bare", r"(?P<bare>\d{1,2})(?=\s+[\u4e00-\u9fff“《]{4})"),
    ("row", r"(?P<row>\d{1,3})(?=\s*$)"),
    ("num", r"(?P<num>\d{1,3})\s*(?:、|\.(?!\d))"),
    ("glued", r"(?P<glued>\d{1,2})\.(?=\d{1,5}(?:余|多|万|亿)?[\u4e00-\u9fff])"),
    ("num_paren", r"\(\s*(?P<num_paren>\d{1,3})\s*\)\s*[.、:]?"),
    ("half", r"(?P<half>\d{1,3})\s*\)\s*[.、]?"),
    ("circled", r"(?P<circled>[①-⑳⑴-⒇㈠-㈩❶-❿])\s*[.、]?"),
)
RANK: dict[str, float] = {kind: rank for rank, kind in enumerate(
    ("annex", "part", "chapter", "section", "article", "cn", "cn_paren", "decimal", "num", "half", "num_paren", "circled",
     "di", "first", "shi", "yao"))}  # fmt: skip
RANK["task"] = RANK["cn_paren"] + 0.5
RANK["box"] = RANK["article"]
RANK["top"] = RANK["decimal"]
RANK["bare"] = RANK["num"]
RANK["row"] = RANK["num"]
_MARK = re.compile("|".join(form for _, form in _FORMS))
_LEAD = re.compile(r"[\s?#*>]*")
_AFTER = re.compile(r"[\s?*]*")
# what looks like a mark and is a word: 一、二级单位; 一是一 stays a mark
_NO_MARK = re.compile(rf"[{_CN}]+、[{_CN}]+(?:[级类线期产、]|\)|是)")
_ORDER = {"首先": 1, "其次": 2, "再次": 3, "再者": 3, "最后": 4}
# one candidate inside a paragraph, to be judged by what is before it and by its series
_INSIDE = re.compile(
    rf"(?P<lead>(?<=[。;:!?,”])|(?<=[)\]])|(?<=\s)|(?<=[局委队室府办厅站院])(?=(?:\d{{1,2}}|{_C})[、.])|(?<=[一-鿿])(?<!第)(?=\({_C}\)(?![项款条、和至及])))(?=(?:{_C}(?:是|要|、)|第{_C}[,、]|首先,|其次,|再次,|最后,|\({_C}\)|\(\d{{1,2}}\)|"
    rf"\d{{1,2}}(?:、|\.(?!\d)|\.(?=\d{{1,5}}[一-鿿])|\)|(?= +[一-鿿]{{4}}))|[①-⑳⑴-⒇㈠-㈩❶-❿]))"
)


@dataclass(frozen=True, slots=True)
class Mark:
    """A mark as it stands: `kind` as in RANK, `number`, `label` for the path, `end` after it and the blanks that follow.

    `sure`: False where only its series can tell a mark from a number (1.71个小区 is either).
    """

    kind: str
    number: int
    label: str
    start: int
    end: int
    sure: bool = True


def mark_at(flat: str, start: int, end: int) -> Mark | None:
    """The mark that opens at `start` (blanks, # and * before it allowed), if one does."""
    lead = _LEAD.match(flat, start, end)
    at = lead.end() if lead else start
    found = _MARK.match(flat, at, end)
    if found is None or _NO_MARK.match(flat, at, end):
        return None
    kind = str(found.lastgroup) if found.lastgroup else _kind_of(found.group())
    written = found.groupdict().get(kind) or ""
    number = _number(kind, written)
    after = _AFTER.match(flat, found.end(), end)
    stop = after.end() if after else found.end()
    if kind == "glued":
        return Mark("num", number, str(number), at, stop, sure=False)
    return Mark(kind, number, _label(kind, written, number, found.group()), at, stop)


def marks_inside(flat: str, start: int, end: int) -> list[Mark]:
    """Everything after `start` that may be a mark within a paragraph; whether it is one, its series must show."""
    found = []
    for match in _INSIDE.finditer(flat, start, end):
        if match.start() > start:
            mark = mark_at(flat, match.end(), end)
            if mark is not None and mark.kind in RANK and RANK[mark.kind] >= RANK["cn"]:
                found.append(mark)
    return found


def cn_number(written: str) -> int:
    """A small Chinese or Arabic number (up to 999); 0 when it is none."""
    if written.isdecimal():
        return int(written)
    total = unit = 0
    for char in written:
        if char in "零〇":
            continue
        digit = "一二三四五六七八九".find(char) + 1
        if digit:
            unit = digit
        else:
            total += (unit or 1) * (100 if char == "百" else 10)
            unit = 0
    return total + unit


def _kind_of(words: str) -> str:
    return "annex" if words.startswith("附") else "box"


def _number(kind: str, written: str) -> int:
    if kind == "first":
        return _ORDER[written]
    if kind == "circled":
        return next(ord(written) - ord(first) + 1 for first in reversed(_ENCLOSED) if _in(written, _ENCLOSED[first]))
    if kind == "decimal":
        return int(written.rsplit(".", 1)[-1])
    if kind == "task":
        return cn_number(written[2:])
    return cn_number(written) if written else 0


def _in(char: str, span: str) -> bool:
    return span[0] <= char <= span[-1]


def _label(kind: str, written: str, number: int, words: str) -> str:
    plain = {"cn": written, "num": str(number), "bare": str(number), "row": str(number), "num_paren": f"({number})", "half": f"{number})", "cn_paren": f"({written})",
             "shi": f"{written}是", "yao": f"{written}要", "di": f"第{written}件" if "件" in words else f"第{written}"}  # fmt: skip
    if kind in plain:
        return plain[kind]
    if kind == "top":
        return written
    if kind == "circled" and _in(written, _ENCLOSED["㈠"]):
        return f"({'一二三四五六七八九十'[number - 1]})"
    if kind == "circled" and _in(written, _ENCLOSED["⑴"]):
        return f"({number})"
    if kind in ("decimal", "first", "circled", "task"):
        return written
    return re.sub(r"[\s:.、,]", "", words)
