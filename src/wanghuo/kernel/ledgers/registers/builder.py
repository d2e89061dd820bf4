"""The builder's form as data: what was posted becomes a definition, and a button pressed changes it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial
from typing import Any

from django.http import QueryDict

from wanghuo.kernel.ledgers.registers.schema import wrong

_CHOICE = re.compile(r"\s*(?:([\w.-]{1,40})\s*[=＝])?\s*([^|｜]+?)\s*(?:[|｜]\s*(.+?))?\s*")
_CONDITION = re.compile(r"\s*([a-z][a-z0-9_]*)\s*(!=|>=|=|\?|!)\s*(.*?)\s*", re.ASCII)
_OPS = {"=": "is", "!=": "not", ">=": "least", "?": "filled", "!": "empty"}
_SIGNS = {op: sign for sign, op in _OPS.items()}
HEAD = ("topic", "subject", "fill", "confirm", "checker", "due", "met", "source")


def posted(data: QueryDict, kept: Mapping[str, Any]) -> dict[str, Any]:
    """The definition in a posted form; what the form does not show is taken from `kept`. Raises BadDefinition."""
    found = {name: data.get(name, "").strip() for name in HEAD}
    return {
        **kept,
        **found,
        "title": [data.get("title_zh", ""), data.get("title_en", "")],
        "about": [data.get("about_zh", ""), data.get("about_en", "")],
        "has_place": "has_place" in data,
        "publishes": "publishes" in data,
        "unique": [key for key in re.split(r"[\s,，、]+", data.get("unique", "")) if key],
        "field": [_field(data, i) for i in _numbers(data, "field")],
        "measure": [_measure(data, i) for i in _numbers(data, "measure")],
    }


def _numbers(data: QueryDict, name: str) -> list[int]:
    found = {int(m[1]) for key in data if (m := re.fullmatch(rf"{name}\.(\d{{1,3}})\.key", key))}
    return sorted(found)


def _at(data: QueryDict, part: str, name: str) -> str:
    return str(data.get(f"{part}.{name}", "")).strip()


def _field(data: QueryDict, i: int) -> dict[str, Any]:
    at = partial(_at, data, f"field.{i}")
    row: dict[str, Any] = {"key": at("key"), "label": [at("zh"), at("en")], "kind": at("kind") or "text"}
    row |= {name: at(name) for name in ("unit", "mark", "fill", "formula") if at(name)}
    row |= {name: True for name in ("required", "public", "personal") if at(name)}
    if at("was_key") and at("was_key") != at("key"):
        row["was"] = [*filter(None, at("was").split(",")), at("was_key")]
    elif at("was"):
        row["was"] = [key for key in at("was").split(",") if key]
    if at("help_zh"):
        row["help"] = [at("help_zh"), at("help_en")]
    if row["kind"] in ("choice", "choices"):
        row["choices"] = choices(at("choices"))
    return row


def choices(text: str) -> list[list[str]]:
    """Choices as typed, one a line: `built=已建成|built`, or the word alone. Raises BadDefinition."""
    found: list[list[str]] = []
    for number, line in enumerate(filter(str.strip, text.splitlines()), 1):
        match = _CHOICE.fullmatch(line)
        if match is None:
            raise wrong(f"选项“{line[:20]}”写法不对", f"the choice “{line[:20]}” is not well formed", "choices")
        taken = {code for code, *_ in found}
        code = match[1] or next(c for c in (f"c{n}" for n in range(number, 999)) if c not in taken)
        found.append([code, match[2], match[3] or match[2]])
    return found


def choices_text(rows: Any) -> str:
    """Choices as they are typed."""
    return "\n".join(f"{c}={zh}" + (f"|{en}" if en != zh else "") for c, zh, en in rows)


def _measure(data: QueryDict, i: int) -> dict[str, Any]:
    at = partial(_at, data, f"measure.{i}")
    row: dict[str, Any] = {"key": at("key"), "name": [at("zh"), at("en")], "kind": at("kind") or "count"}
    row |= {name: at(name) for name in ("unit", "field", "over", "period", "better", "source") if at(name)}
    row["names"] = [n for n in re.split(r"[,，、\n]+", at("names")) if n.strip()]
    row["where"], row["base"] = conditions(at("where")), conditions(at("base"))
    return row


def conditions(text: str) -> list[dict[str, Any]]:
    """Conditions as typed, one a line: `state=done,accepted`, `state!=void`, `rooms>=10`, `done_on?` (filled in), `done_on!`
    (empty). Raises BadDefinition."""
    found = []
    for line in filter(str.strip, text.splitlines()):
        match = _CONDITION.fullmatch(line)
        if match is None:
            raise wrong(f"条件“{line[:24]}”写法不对", f"the condition “{line[:24]}” is not well formed", "where")
        values = [v for v in re.split(r"[\s,，、]+", match[3]) if v]
        found.append({"field": match[1], "op": _OPS[match[2]], "values": values})
    return found


def conditions_text(rows: Any) -> str:
    """Conditions as they are typed."""
    return "\n".join(f"{c['field']}{_SIGNS[c.get('op', 'is')]}{','.join(c.get('values', ()))}" for c in rows)


def pressed(found: dict[str, Any], button: str) -> tuple[dict[str, Any], str]:
    """What a button does to the definition: add, up, down or drop, of a field or a measure. Returns it with the id of the
    element that should have the focus then."""
    act, kind, number = (*button.split("."), "", "")[:3]
    if kind not in ("field", "measure") or act not in ("add", "up", "down", "drop"):
        return found, ""
    rows = list(found[kind])
    at = int(number) if number.isdigit() else len(rows)
    if act == "add":
        rows.append(_fresh(kind, {r["key"] for r in rows}))
        at = len(rows) - 1
    elif not 0 <= at < len(rows):
        return found, ""
    elif act == "drop":
        del rows[at]
        at = min(at, len(rows) - 1)
    else:
        to = at - 1 if act == "up" else at + 1
        if 0 <= to < len(rows):
            rows[at], rows[to] = rows[to], rows[at]
            at = to
    focus = f"{kind}-{at}" + (f"-{act}" if act in ("up", "down") else "")
    return {**found, kind: rows}, focus


def _fresh(kind: str, taken: set[str]) -> dict[str, Any]:
    letter = "f" if kind == "field" else "m"
    key = next(k for k in (f"{letter}{n}" for n in range(1, 999)) if k not in taken)
    name = ["新字段", "New field"] if kind == "field" else ["新指标", "New measure"]
    return (
        {"key": key, "label": name, "kind": "text"} if kind == "field" else {"key": key, "name": name, "kind": "count"}
    )
