"""Score sheets as data: schemes of assessment and checklists of tours, drawn up in a browser, checked before they count.

The data has the form of params/assessments/*.toml. A draft may be incomplete; `problems` says what keeps it from being
published. Numbers that could not be read stay in a draft as they were typed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from wanghuo.base import Text
from wanghuo.modules.accountability.scoring import METHODS

Data = dict[str, Any]
SCHEME, CHECKLIST = "scheme", "checklist"
KINDS = {SCHEME: Text("考核方案", "scheme of assessment"), CHECKLIST: Text("巡查检查表", "checklist of tours")}
METHOD_NAMES = {
    "at_least": Text("不低于目标，按比例得分", "at least the target; in proportion below"),
    "at_most": Text("不高于上限，超出按比例扣", "at most the limit; in proportion above"),
    "linear": Text("区间内按比例", "in proportion between two values"),
    "step": Text("分档", "by steps"),
    "veto": Text("一票否决", "veto"),
    "deduct": Text("每起扣分", "points off each time"),
}
SUBJECTS = {"region": Text("下级区划", "regions below"), "body": Text("指定单位", "named bodies")}
PERIODS = {"year": Text("年度", "a year"), "half": Text("半年", "half a year"), "quarter": Text("季度", "a quarter")}
MARKS = {
    "C": Text("国家", "national"),
    "R": Text("地方", "regional"),
    "U": Text("未证实", "unconfirmed"),
    "D": Text("本平台", "ours"),
}
NUMBERS = ("full", "target", "low", "high", "each")
LONGEST, MOST_ITEMS, MOST_PARTS = 200, 120, 20
GRADES = [
    {"from": 90.0, "code": "excellent", "name": ["优秀", "excellent"]},
    {"from": 80.0, "code": "good", "name": ["良好", "good"]},
    {"from": 60.0, "code": "passed", "name": ["合格", "passed"]},
    {"from": 0.0, "code": "failed", "name": ["不合格", "failed"]},
]


def blank(kind: str) -> Data:
    """A sheet to begin with: one item, the usual grades."""
    base: Data = {"title": ["", ""], "source": "", "mark": "D"}
    if kind == CHECKLIST:
        return {**base, "items": [new_item(kind, ())]}
    part = {"code": "p1", "title": ["新部分", "New part"], "item": [new_item(kind, ())]}
    return {
        **base, "subject": "region", "period": "year", "grades": [dict(g) for g in GRADES], "grades_mark": "D",
        "grades_source": "", "part": [part],
    }  # fmt: skip


def new_item(kind: str, taken: Iterable[str]) -> Data:
    """A fresh item whose code nobody has."""
    used = set(taken)
    number = next(n for n in range(1, 9999) if f"i{n}" not in used and str(n) not in used)
    if kind == CHECKLIST:
        return {"no": str(number), "full": 10.0, "text": ["新项目", "New item"], "how": ["", ""]}
    return {
        "code": f"i{number}", "title": ["新项目", "New item"], "full": 10.0, "method": "at_least", "target": 100.0,
        "unit": "%", "evidence": ["", ""], "source": "", "mark": "D",
    }  # fmt: skip


def items_of(kind: str, data: Mapping[str, Any]) -> list[Data]:
    """Every item in order."""
    if kind == CHECKLIST:
        return list(data.get("items", ()))
    return [item for part in data.get("part", ()) for item in part.get("item", ())]


def full_of(kind: str, data: Mapping[str, Any]) -> float:
    """The full score of the sheet, of the items whose number can be read."""
    return sum(float(i["full"]) for i in items_of(kind, data) if isinstance(i.get("full"), int | float))


# --- what keeps a draft from counting ------------------------------------------------------------------------------


def problems(kind: str, data: Mapping[str, Any], indicators: Iterable[str] = ()) -> list[Text]:
    """Everything that is to be mended before the sheet can be published, each naming its item."""
    known = set(indicators)
    found = [] if str(data.get("title", [""])[0]).strip() else [Text("缺少名称", "the name is missing")]
    items = items_of(kind, data)
    if not items:
        found.append(Text("没有项目", "there is no item"))
    if len(items) > MOST_ITEMS:
        found.append(Text(f"项目最多 {MOST_ITEMS} 个", f"at most {MOST_ITEMS} items"))
    for number, item in enumerate(items, 1):
        of_item = _of_check(item) if kind == CHECKLIST else _of_item(item, known)
        found += [Text(f"第 {number} 项：{t.zh}", f"item {number}: {t.en}") for t in of_item]
    if items and full_of(kind, data) <= 0:
        found.append(Text("满分合计须大于 0", "the full scores must add up to more than 0"))
    codes = [str(item.get("no" if kind == CHECKLIST else "code", "")) for item in items]
    found += [
        Text(f"编号“{c}”重复", f"the code “{c}” comes twice") for c in sorted({c for c in codes if codes.count(c) > 1})
    ]
    return found + ([] if kind == CHECKLIST else _of_grades(data))


def _number(item: Mapping[str, Any], name: str) -> float | None:
    value = item.get(name)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _of_check(item: Mapping[str, Any]) -> list[Text]:
    found = []
    if not str(item.get("no", "")).isalnum():
        found.append(Text("编号只用字母和数字", "its number is of letters and digits"))
    if not str(item.get("text", [""])[0]).strip():
        found.append(Text("缺少检查内容", "what is checked is missing"))
    if (_number(item, "full") or 0) <= 0:
        found.append(Text("分值须大于 0", "its points must be more than 0"))
    return found


def _of_item(item: Mapping[str, Any], known: set[str]) -> list[Text]:
    found = []
    if not str(item.get("title", [""])[0]).strip():
        found.append(Text("缺少项目名称", "its name is missing"))
    method = item.get("method")
    if method not in METHODS:
        found.append(Text("请选计分方法", "choose how it is scored"))
    full = _number(item, "full")
    if full is None or full < 0:
        found.append(Text("满分须是不小于 0 的数", "its full score must be a number, 0 or more"))
    elif full == 0 and method not in ("veto", "deduct"):
        found.append(Text("满分须大于 0", "its full score must be more than 0"))
    if method in ("at_least", "at_most") and (_number(item, "target") or 0) <= 0:
        found.append(Text("目标须大于 0", "its target must be more than 0"))
    if method == "linear" and None in (_number(item, "low"), _number(item, "high")):
        found.append(Text("区间须有下限和上限", "the range needs both ends"))
    if method == "step" and not item.get("steps"):
        found.append(Text("分档须写成“95=1；85=0.8”", "steps are written as “95=1; 85=0.8”"))
    if method == "deduct" and (_number(item, "each") or 0) <= 0:
        found.append(Text("每起扣分须大于 0", "the points off each time must be more than 0"))
    code = str(item.get("indicator", ""))
    if code and known and code not in known:
        found.append(Text(f"没有指标“{code}”", f"there is no indicator “{code}”"))
    if not code and not str(item.get("evidence", [""])[0]).strip():
        found.append(Text("请写佐证，或选一个指标", "name the evidence, or choose an indicator"))
    return found


def _of_grades(data: Mapping[str, Any]) -> list[Text]:
    floors = [g.get("from") for g in data.get("grades", ())]
    if not floors or not all(isinstance(f, int | float) for f in floors) or min(floors) > 0:
        return [Text("等次须写到 0 分，如“0=不合格”", "the grades must reach down to 0, such as “0=failed”")]
    if len(floors) != len(set(floors)):
        return [Text("等次的分数线重复", "two grades begin at the same score")]
    return []


# --- what a form sends ---------------------------------------------------------------------------------------------


def number(text: Any) -> float | str | None:
    """A number as typed; the words themselves where it is none; None for nothing."""
    words = str(text).strip().replace("％", "").replace("%", "")
    if not words:
        return None
    try:
        value = float(words)
    except ValueError:
        return words[:20]
    return value if abs(value) < 1e12 else words[:20]


def steps(text: str) -> list[Data]:
    """Steps as typed: `95=1；85=0.8`, the share of the full score from each value on."""
    found = re.findall(r"(-?\d+(?:\.\d+)?)\s*[=＝:：]\s*(\d+(?:\.\d+)?)", text)
    return [{"from": float(a), "part": min(1.0, float(b))} for a, b in found][:20]


def steps_text(item: Mapping[str, Any]) -> str:
    """Steps as a person types them."""
    return "；".join(f"{s['from']:g}={s['part']:g}" for s in item.get("steps", ()))


def grades(text: str, before: Sequence[Mapping[str, Any]] = ()) -> list[Data]:
    """Grades as typed, one a line: `90=优秀|excellent`; a grade whose name stood before keeps its code."""
    codes = {g["name"][0]: g["code"] for g in before}
    found = []
    for n, line in enumerate(re.split(r"[\n；;]+", text), 1):
        floor, equals, words = line.replace("＝", "=").partition("=")
        zh, _, en = words.strip().partition("|")
        if equals and zh.strip():
            name = [zh.strip()[:20], (en.strip() or zh.strip())[:30]]
            found.append({"from": number(floor), "code": codes.get(name[0], f"g{n}"), "name": name})
    return found[:12]


def grades_text(data: Mapping[str, Any]) -> str:
    """Grades as a person types them."""
    return "\n".join(f"{shown(g['from'])}={g['name'][0]}|{g['name'][1]}" for g in data.get("grades", ()))


def as_typed(item: Mapping[str, Any]) -> Data:
    """An item with its numbers as a person types them."""
    return {**item, **{name: shown(item[name]) for name in NUMBERS if name in item}}


def shown(value: Any) -> str:
    return f"{value:g}" if isinstance(value, int | float) else str(value or "")


def from_form(kind: str, post: Mapping[str, str], before: Mapping[str, Any]) -> Data:
    """The sheet as the editor sent it. Rows are `item.N.name` and `part.N.name`; an item names its part by number."""
    data: Data = {
        "title": _pair(post, "title"),
        "source": post.get("source", "").strip()[:LONGEST],
        "mark": post.get("mark", "D") if post.get("mark") in MARKS else "D",
    }
    numbers = sorted({int(m[1]) for m in (re.fullmatch(r"item\.(\d{1,3})\.full", key) for key in post) if m})
    if kind == CHECKLIST:
        return {**data, "items": [_check_sent(post, f"item.{n}") for n in numbers]}
    parts = sorted({int(m[1]) for m in (re.fullmatch(r"part\.(\d{1,2})\.zh", key) for key in post) if m})
    data |= {
        "subject": post.get("subject") if post.get("subject") in SUBJECTS else "region",
        "period": post.get("period") if post.get("period") in PERIODS else "year",
        "grades": grades(post.get("grades", ""), before.get("grades", ())),
        "grades_mark": "D",
        "grades_source": post.get("grades_source", "").strip()[:LONGEST],
    }
    data["part"] = [
        {
            "code": post.get(f"part.{p}.code") or f"p{p + 1}",
            "title": _pair(post, f"part.{p}"),
            "item": [_item_sent(post, f"item.{n}") for n in numbers if post.get(f"item.{n}.part") == str(p)],
        }
        for p in parts
    ]
    return data


def _pair(post: Mapping[str, str], name: str) -> list[str]:
    zh = post.get(f"{name}.zh", "").strip()[:LONGEST]
    return [zh, post.get(f"{name}.en", "").strip()[:LONGEST] or zh]


def _check_sent(post: Mapping[str, str], row: str) -> Data:
    return {
        "no": post.get(f"{row}.code", "").strip()[:8],
        "full": number(post.get(f"{row}.full", "")),
        "text": _pair(post, f"{row}.title"),
        "how": _pair(post, f"{row}.how"),
    }


def _item_sent(post: Mapping[str, str], row: str) -> Data:
    method = post.get(f"{row}.method", "")
    item: Data = {
        "code": post.get(f"{row}.code", "").strip()[:32],
        "title": _pair(post, f"{row}.title"),
        "method": method,
        "unit": post.get(f"{row}.unit", "").strip()[:12],
        "indicator": post.get(f"{row}.indicator", "").strip()[:96],
        "evidence": _pair(post, f"{row}.evidence"),
        "source": post.get(f"{row}.source", "").strip()[:LONGEST],
        "mark": post.get(f"{row}.mark") if post.get(f"{row}.mark") in MARKS else "D",
    }
    item |= {name: value for name in NUMBERS if (value := number(post.get(f"{row}.{name}", ""))) is not None}
    item.setdefault("full", None)
    if found := steps(post.get(f"{row}.steps", "")):
        item["steps"] = found
    return item


def pressed(kind: str, data: Data, button: str) -> Data:
    """The sheet after a button of the editor: add, drop, up or down, of an item or a part (`drop.item.3`)."""
    act, what, at = (*button.split("."), "", "")[:3]
    number_of = int(at) if at.isdigit() else 0
    if what == "part" and kind == SCHEME:
        return {**data, "part": _rows_after(data["part"], act, number_of, lambda: _new_part(data))}
    if what != "item":
        return data
    if kind == CHECKLIST:
        fresh = new_item(kind, (i["no"] for i in data["items"]))
        return {**data, "items": _rows_after(data["items"], act, number_of, lambda: fresh)}
    taken = [i["code"] for i in items_of(kind, data)]
    parts, first = [], 0
    for place, part in enumerate(data["part"]):
        rows = part["item"]
        if act == "add":
            rows = [*rows, new_item(kind, taken)] if place == number_of else rows
        elif first <= number_of < first + len(rows):
            rows = _rows_after(rows, act, number_of - first, dict)
        first += len(part["item"])
        parts.append({**part, "item": rows})
    return {**data, "part": parts}


def _new_part(data: Data) -> Data:
    used = {p["code"] for p in data["part"]}
    code = next(f"p{n}" for n in range(1, 999) if f"p{n}" not in used)
    first = new_item(SCHEME, [i["code"] for i in items_of(SCHEME, data)])
    return {"code": code, "title": ["新部分", "New part"], "item": [first]}


def _rows_after(rows: Sequence[Data], act: str, at: int, fresh: Any) -> list[Data]:
    found = list(rows)
    if act == "add":
        return [*found, fresh()]
    if not 0 <= at < len(found):
        return found
    if act == "drop":
        del found[at]
        return found
    to = at - 1 if act == "up" else at + 1
    if act in ("up", "down") and 0 <= to < len(found):
        found[at], found[to] = found[to], found[at]
    return found
