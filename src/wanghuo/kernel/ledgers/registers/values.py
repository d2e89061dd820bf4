"""The values of a row: what is taken, how it is kept in JSON, and how it is shown and exported.

An empty value is not kept. Days are ISO text, choices their codes, units and organisations their key with their name.
"""

from __future__ import annotations

import hashlib
import json
import math
import unicodedata
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from wanghuo.base import Invalid, Text
from wanghuo.base.text import listing
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.ledgers.registers import formulas, referring
from wanghuo.kernel.ledgers.registers.schema import Definition, Field
from wanghuo.kernel.regions import codes
from wanghuo.kernel.ui import formats

LONGEST = {"text": 400, "long": 4000}
LARGEST = 1e15
DIGITS = {"money": 2, "percent": 4}
YES, NO = Text("是", "yes"), Text("否", "no")
FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(2200, 12, 31)


class WrongValue(Invalid):
    """A value that a field does not take."""

    code = "ledgers.wrong_value"
    text = Text("“{label}”：{why}。", "“{label}”: {why}.")


def _refuse(field: Field, zh: str, en: str) -> WrongValue:
    return WrongValue(field=field.key, label=field.label, why=Text(zh, en))


def accept(field: Field, value: Any, actor: Actor) -> Any:
    """The value as it is kept; None when empty. Takes what a form, a file or JSON gives. Raises WrongValue."""
    if value is None or (isinstance(value, str | list | tuple | dict) and not value):
        return None
    return _ACCEPT[field.kind](field, value, actor)


def accept_all(definition: Definition, values: Mapping[str, Any], actor: Actor) -> dict[str, Any]:
    """The values of a whole row. Raises WrongValue for a wrong, missing or unknown one."""
    known = {f.key: f for f in definition.stored}
    for key in values:
        if key not in known:
            raise WrongValue(field=key, label=key, why=Text("没有这个字段", "there is no such field"))
    found = {}
    for field in definition.stored:
        kept = accept(field, values.get(field.key), actor)
        if kept is not None:
            found[field.key] = kept
        elif field.required:
            raise _refuse(field, "请填写", "please fill this in")
    return found


def _text(field: Field, value: Any, actor: Actor) -> str | None:
    if not isinstance(value, str | int | float):
        raise _refuse(field, "须为文字", "a text is needed")
    clean = "".join(c for c in str(value) if c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cs", "Co", "Cn"))
    clean = clean.replace("\r\n", "\n").strip()
    if field.kind == "text":
        clean = " ".join(clean.split())
    most = LONGEST[field.kind]
    if len(clean) > most:
        raise _refuse(field, f"最多 {most} 个字", f"at most {most} characters")
    return clean or None


def _number(field: Field, value: Any, actor: Actor) -> float | int:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | str):
        raise _refuse(field, "须为数字", "a number is needed")
    try:
        number = float(value)
    except (ValueError, OverflowError):
        raise _refuse(field, "须为数字", "a number is needed") from None
    if not math.isfinite(number) or abs(number) >= LARGEST:
        raise _refuse(field, "数字太大", "the number is too large")
    if field.kind == "int":
        if number != int(number):
            raise _refuse(field, "须为整数", "a whole number is needed")
        return int(number)
    return round(number, DIGITS.get(field.kind, 6)) + 0.0


def _yes_no(field: Field, value: Any, actor: Actor) -> bool:
    if isinstance(value, bool):
        return value
    if value in ("1", "true", 1):
        return True
    if value in ("0", "false", 0):
        return False
    raise _refuse(field, "须为是或否", "yes or no is needed")


def _day(field: Field, value: Any, actor: Actor) -> str:
    try:
        day = value.date() if isinstance(value, datetime) else value if isinstance(value, date) else None
        day = day or date.fromisoformat(str(value))
    except ValueError:
        raise _refuse(field, "须为日期，如 2026-03-05", "a date is needed, such as 2026-03-05") from None
    if not FIRST_DAY <= day <= LAST_DAY:
        raise _refuse(field, "日期超出范围", "the date is out of range")
    return day.isoformat()


def _choice(field: Field, value: Any, actor: Actor) -> str:
    if str(value) not in field.choices:
        raise _refuse(field, f"没有“{str(value)[:24]}”这一项", f"there is no “{str(value)[:24]}”")
    return str(value)


def _choices(field: Field, value: Any, actor: Actor) -> list[str] | None:
    given = {_choice(field, v, actor) for v in (value if isinstance(value, list | tuple | set) else [value])}
    return [code for code in field.choices if code in given] or None


def _region(field: Field, value: Any, actor: Actor) -> str:
    from wanghuo.kernel.regions import service

    code = service.resolve(str(value), within=actor.home) or service.resolve(str(value))
    if code is None:
        try:
            code = codes.normalise(str(value))
        except ValueError:
            raise _refuse(field, f"没有区划“{str(value)[:24]}”", f"there is no region “{str(value)[:24]}”") from None
    return code


def _referred(field: Field, value: Any, actor: Actor) -> dict[str, str]:
    if isinstance(value, referring.Referred):
        return value.as_json()
    words: Any = value
    if isinstance(value, Mapping):
        if set(value) == referring.Referred.KEYS and actor.is_system:
            return dict(value)
        words = value.get("id", "")
    try:
        words = UUID(str(words))
    except ValueError:
        words = str(words).strip()
    found = referring.find(field.kind, words, actor)
    if found is None:
        shown = str(words)[:40]
        raise _refuse(
            field, f"没有找到唯一的“{shown}”，请填编号或全称", f"no single “{shown}”; give its reference or full name"
        )
    return found.as_json()


def _files(field: Field, value: Any, actor: Actor) -> list[str]:
    try:
        return [str(UUID(str(v))) for v in (value if isinstance(value, list | tuple) else [value])]
    except ValueError:
        raise _refuse(field, "附件编号不对", "no valid file") from None


_ACCEPT: dict[str, Any] = {
    "text": _text, "long": _text, "int": _number, "float": _number, "money": _number, "percent": _number, "bool": _yes_no,
    "date": _day, "choice": _choice, "choices": _choices, "region": _region, "unit": _referred, "body": _referred,
    "file": _files,
}  # fmt: skip


# --- reading -------------------------------------------------------------------------------------------------------


def kept(field: Field, values: Mapping[str, Any]) -> Any:
    """The value of a field in a row, also under a key it had before; None when empty."""
    for key in (field.key, *field.was):
        if key in values:
            return values[key]
    return None


def computed(definition: Definition, values: Mapping[str, Any]) -> dict[str, float | None]:
    """The formula columns of a row."""
    known = {f.key: kept(f, values) for f in definition.stored}
    return {f.key: formulas.parse(f.formula, set(known)).value(known) for f in definition.fields if f.kind == "formula"}


def value_of(field: Field, definition: Definition, values: Mapping[str, Any]) -> Any:
    """The value of any field, formulas worked out."""
    if field.kind != "formula":
        return kept(field, values)
    known = {f.key: kept(f, values) for f in definition.stored}
    return formulas.parse(field.formula, set(known)).value(known)


def words(field: Field, value: Any) -> Text:
    """A value in words; empty for none."""
    if value is None or value == "":
        return Text("", "")
    if field.kind == "choice":
        return field.choices.get(str(value), Text(str(value), str(value)))
    if field.kind == "choices":
        return listing([field.choices.get(str(v), Text(str(v), str(v))) for v in value])
    if field.kind == "bool":
        return YES if value else NO
    if field.kind == "region":
        from wanghuo.kernel.regions import service

        return service.text(str(value))
    if field.kind in ("unit", "body"):
        name = str(value.get("name", "")) if isinstance(value, Mapping) else str(value)
        return Text(name, name)
    if field.kind == "file":
        return Text(f"{len(value)} 个", str(len(value)))
    if isinstance(value, int | float) and not isinstance(value, bool):
        return number_words(field, value)
    return Text(str(value), str(value))


def unit_of(field: Field) -> str:
    """The unit a number is shown with."""
    return field.unit or {"money": "元", "percent": "%"}.get(field.kind, "")


def number_words(field: Field, value: float) -> Text:
    """A number with its unit: 1,200.5 m²; money with two decimals."""
    if field.kind == "money":
        shown = f"{value:,.2f}"
    else:
        shown = f"{value:,.4f}".rstrip("0").rstrip(".") if value != int(value) else f"{int(value):,}"
    unit = formats.UNITS.get(unit_of(field), Text(unit_of(field), unit_of(field)))
    return Text(f"{shown} {unit.zh}".rstrip(), f"{shown} {unit.en}".rstrip())


def plain(field: Field, value: Any) -> Any:
    """A value for a spreadsheet: numbers and days as such, the rest in words."""
    if value is None:
        return None
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    if field.kind == "date":
        return date.fromisoformat(value)
    if field.kind in ("choice", "choices", "bool", "region", "unit", "body", "file"):
        return words(field, value)
    return value


def likeness(definition: Definition, values: Mapping[str, Any], region: str) -> str:
    """A digest of what tells rows apart: the unique keys where there are any, else every value; and the region."""
    keys = definition.unique or tuple(sorted(f.key for f in definition.stored if f.kind != "file"))
    told = [region, *([k, values.get(k)] for k in keys)]
    return hashlib.sha256(json.dumps(told, ensure_ascii=False, sort_keys=True).encode()).hexdigest()
