"""Score sheets carried from deployment to deployment: as TOML, of the form of params/assessments, and as a table for a spreadsheet.

Whatever comes in goes through the same reading as the editor's form, so that nothing else is ever kept.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from wanghuo.base import Invalid, Text
from wanghuo.modules.accountability.sheets import (
    CHECKLIST,
    GRADES,
    KINDS,
    METHOD_NAMES,
    NUMBERS,
    PERIODS,
    SCHEME,
    SUBJECTS,
    Data,
    from_form,
    grades_text,
    items_of,
    shown,
    steps_text,
)


class SheetUnreadable(Invalid):
    """A file that is no score sheet."""

    code = "accountability.sheet_unreadable"
    text = Text("文件不是评分表：{why}。", "The file is no score sheet: {why}.")


# --- TOML ----------------------------------------------------------------------------------------------------------

_FORMAT = "wanghuo-score-sheet"


def as_toml(kind: str, data: Mapping[str, Any]) -> str:
    """The sheet as TOML, of the form of params/assessments."""
    lines = [f'format = "{_FORMAT}"', f'kind = "{kind}"']
    lines += [f"{key} = {_toml(value)}" for key, value in data.items() if key != "part"]
    for part in data.get("part", ()):
        lines += ["", "[[part]]", *(f"{k} = {_toml(v)}" for k, v in part.items() if k != "item")]
        for item in part["item"]:
            lines += ["", "[[part.item]]", *(f"{k} = {_toml(v)}" for k, v in item.items() if v is not None)]
    return "\n".join(lines) + "\n"


def _toml(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{k} = {_toml(v)}" for k, v in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_toml(v) for v in value) + "]"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def from_toml(text: str) -> tuple[str, Data]:
    """Kind and data of a sheet in TOML; also of the files in params/assessments. Raises SheetUnreadable."""
    try:
        raw = tomllib.loads(text)
        if "checklist" in raw and isinstance(raw["checklist"], list):
            raw = {"kind": CHECKLIST, **raw["checklist"][0]}
        kind = raw.get("kind") or (SCHEME if "part" in raw else CHECKLIST if "items" in raw else "")
        if kind not in KINDS:
            raise SheetUnreadable(why=Text("没有项目", "it holds no items"))
        return kind, _taken(kind, raw)
    except (tomllib.TOMLDecodeError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise SheetUnreadable(why=Text(f"格式不对（{error}）", f"its form is wrong ({error})")) from None


def _taken(kind: str, raw: Mapping[str, Any]) -> Data:
    """What is known of a sheet, through the same reading as a form's, so that nothing else is kept."""
    return from_form(kind, to_form(kind, raw), raw)


def to_form(kind: str, data: Mapping[str, Any]) -> dict[str, str]:
    """The sheet as the fields of the editor."""
    sent: dict[str, str] = {}
    _put_pair(sent, "title", data.get("title"))
    sent |= {k: str(data.get(k, "")) for k in ("source", "mark", "subject", "period", "grades_source")}
    sent["grades"] = grades_text(data)
    for p, part in enumerate(data.get("part", ())):
        _put_pair(sent, f"part.{p}", part.get("title"))
        sent[f"part.{p}.code"] = str(part.get("code", ""))
    n = 0
    groups = (
        [(0, data.get("items", ()))]
        if kind == CHECKLIST
        else [(p, part.get("item", ())) for p, part in enumerate(data.get("part", ()))]
    )
    for p, rows in groups:
        for item in rows:
            row = f"item.{n}"
            n += 1
            sent |= {f"{row}.part": str(p), f"{row}.code": str(item.get("no" if kind == CHECKLIST else "code", ""))}
            _put_pair(sent, f"{row}.title", item.get("text" if kind == CHECKLIST else "title"))
            _put_pair(sent, f"{row}.how", item.get("how"))
            _put_pair(sent, f"{row}.evidence", item.get("evidence"))
            sent |= {f"{row}.{k}": str(item.get(k, "")) for k in ("method", "unit", "indicator", "source", "mark")}
            sent |= {f"{row}.{k}": shown(item.get(k)) for k in NUMBERS}
            sent[f"{row}.steps"] = steps_text(item)
    return sent


def _put_pair(sent: dict[str, str], name: str, pair: Any) -> None:
    zh, en = [*(pair or ()), "", ""][:2]
    sent |= {f"{name}.zh": str(zh), f"{name}.en": str(en)}


# --- a table -------------------------------------------------------------------------------------------------------

_HEAD = ("名称", "名称（英文）", "来源", "对象", "周期", "等次")
_SCHEME_COLUMNS = (
    ("部分", "part"), ("部分（英文）", "part_en"), ("项目", "title.zh"), ("项目（英文）", "title.en"), ("满分", "full"),
    ("计分方法", "method"), ("目标", "target"), ("下限", "low"), ("上限", "high"), ("分档", "steps"), ("每起扣分", "each"),
    ("单位", "unit"), ("指标代码", "indicator"), ("佐证", "evidence.zh"), ("佐证（英文）", "evidence.en"),
    ("依据", "source"), ("标记", "mark"), ("代码", "code"),
)  # fmt: skip
_CHECK_COLUMNS = (
    ("编号", "code"), ("分值", "full"), ("检查内容", "title.zh"), ("检查内容（英文）", "title.en"), ("检查方法", "how.zh"),
    ("检查方法（英文）", "how.en"),
)  # fmt: skip


def as_rows(kind: str, data: Mapping[str, Any]) -> list[list[str]]:
    """The sheet as a table: a few lines of head, then a line for each item."""
    sent = to_form(kind, data)
    head = [sent["title.zh"], sent["title.en"], sent["source"]]
    if kind == SCHEME:
        subject, period = SUBJECTS.get(sent["subject"]), PERIODS.get(sent["period"] or "year")
        head += [subject.zh if subject else "", period.zh if period else "", sent["grades"].replace("\n", "；")]
    rows = [[name, value] for name, value in zip(_HEAD, head, strict=False)]
    columns = _CHECK_COLUMNS if kind == CHECKLIST else _SCHEME_COLUMNS
    rows += [[], [name for name, _ in columns]]
    for n in range(len(items_of(kind, data))):
        part = f"part.{sent[f'item.{n}.part']}"
        known = {key.removeprefix(f"item.{n}."): value for key, value in sent.items() if key.startswith(f"item.{n}.")}
        known |= {"part": sent.get(f"{part}.zh", ""), "part_en": sent.get(f"{part}.en", "")}
        known["method"] = METHOD_NAMES[known["method"]].zh if known["method"] in METHOD_NAMES else ""
        rows.append([known.get(key, "") for _, key in columns])
    return rows


def from_rows(rows: Sequence[Sequence[str]]) -> tuple[str, Data]:
    """Kind and data of a sheet from a table like that of `as_rows`. Raises SheetUnreadable."""
    for kind, columns, telling in ((SCHEME, _SCHEME_COLUMNS, "项目"), (CHECKLIST, _CHECK_COLUMNS, "检查内容")):
        at = next(
            (n for n, row in enumerate(rows[:40]) if telling in row and ("满分" in row or "分值" in row)),
            None,
        )
        if at is not None:
            sent = _head_sent(rows[:at])
            sent |= _items_sent(kind, dict(columns), rows[at], rows[at + 1 :])
            return kind, from_form(kind, sent, {"grades": GRADES})
    raise SheetUnreadable(
        why=Text("没有“项目”“满分”或“检查内容”“分值”这样的表头", "no headings such as “项目” and “满分”")
    )


def _head_sent(rows: Sequence[Sequence[str]]) -> dict[str, str]:
    said = {str(row[0]).strip(): str(row[1]).strip() for row in rows if len(row) > 1}
    back = {word.zh: code for words in (SUBJECTS, PERIODS) for code, word in words.items()}
    return {
        "title.zh": said.get("名称", ""), "title.en": said.get("名称（英文）", ""), "source": said.get("来源", ""),
        "subject": back.get(said.get("对象", ""), "region"), "period": back.get(said.get("周期", ""), "year"),
        "grades": said.get("等次") or grades_text({"grades": GRADES}),
    }  # fmt: skip


def _items_sent(
    kind: str, columns: Mapping[str, str], names: Sequence[str], rows: Sequence[Sequence[str]]
) -> dict[str, str]:
    keys = [columns.get(str(name).strip(), "") for name in names]
    methods = {word.zh: code for code, word in METHOD_NAMES.items()}
    sent: dict[str, str] = {}
    lines = [dict(zip(keys, map(str, row), strict=False)) for row in rows]
    lines = [line for line in lines if line.get("title.zh", "").strip()]
    for n, line in enumerate(lines):
        line["method"] = methods.get(line.get("method", "").strip(), line.get("method", "").strip())
        line["code"] = line.get("code", "").strip() or (str(n + 1) if kind == CHECKLIST else f"i{n + 1}")
        sent |= {f"item.{n}.{key}": value.strip() for key, value in line.items() if key}
        sent.setdefault(f"item.{n}.full", "")
    if kind == SCHEME:
        for p, (name, group) in enumerate(groupby(enumerate(lines), lambda pair: pair[1].get("part", "").strip())):
            members = list(group)
            sent |= {f"part.{p}.zh": name or "项目", f"part.{p}.en": members[0][1].get("part_en", "")}
            sent |= {f"item.{n}.part": str(p) for n, _ in members}
    return sent
