"""What a register consists of, as data: its fields, its deadline, how it is confirmed, and what is measured from it.

The same shape stands in a preset's TOML file, in the builder and in the table; `read` judges it, wherever it comes from.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from wanghuo.base import Invalid, Text
from wanghuo.kernel.ledgers.registers import formulas

KINDS: dict[str, Text] = {
    "text": Text("单行文字", "text"),
    "long": Text("多行文字", "long text"),
    "int": Text("整数", "whole number"),
    "float": Text("数字", "number"),
    "money": Text("金额", "money"),
    "percent": Text("百分比", "percentage"),
    "bool": Text("是否", "yes or no"),
    "date": Text("日期", "date"),
    "choice": Text("单选", "one of a list"),
    "choices": Text("多选", "several of a list"),
    "region": Text("区划", "region"),
    "unit": Text("单位", "unit"),
    "body": Text("机构", "organisation"),
    "file": Text("附件", "file"),
    "formula": Text("公式", "formula"),
}
NUMBERS = frozenset({"int", "float", "money", "percent"})
LISTED = frozenset({"choice", "choices"})
REFERRED = frozenset({"unit", "body"})
MARKS = ("", "C", "R", "U", "D")
SUBJECTS: dict[str, Text] = {
    "free": Text("自由", "anything"),
    "unit": Text("单位", "units"),
    "place": Text("场所或设施", "places and facilities"),
    "region": Text("区划", "regions"),
    "body": Text("机构", "organisations"),
}
LEVELS: dict[str, Text] = {
    "": Text("不限", "any"),
    "province": Text("省", "province"),
    "city": Text("市", "city"),
    "county": Text("县", "county"),
    "town": Text("乡镇", "township"),
    "village": Text("村居", "village"),
}
CONFIRM: dict[str, Text] = {
    "": Text("不需要", "never"),
    "month": Text("每月", "each month"),
    "quarter": Text("每季度", "each quarter"),
    "half": Text("每半年", "each half-year"),
    "year": Text("每年", "each year"),
}
MEASURES: dict[str, Text] = {
    "count": Text("条数", "count"),
    "sum": Text("合计", "sum"),
    "rate": Text("占比", "share"),
    "ratio": Text("合计之比", "ratio of sums"),
    "complete": Text("完整率", "complete share"),
    "on_time": Text("按期率", "on-time share"),
}
OPS: dict[str, Text] = {
    "is": Text("是", "is"),
    "not": Text("不是", "is not"),
    "least": Text("不小于", "at least"),
    "filled": Text("已填", "filled in"),
    "empty": Text("未填", "empty"),
}
_KEY = re.compile(r"[a-z][a-z0-9_]{0,39}", re.ASCII)
_CODE = re.compile(r"[a-z][a-z0-9_]{1,39}", re.ASCII)
MOST_FIELDS, MOST_CHOICES, MOST_MEASURES = 60, 200, 30
PERSONAL_WORDS = (
    "姓名",
    "电话",
    "手机",
    "联系人",
    "联系方式",
    "身份证",
    "负责人",
    "责任人",
    "管理人",
    "户主",
    "住址",
    "人员名单",
)
"""Words in a label that speak of a person: such a field is never shown to the public."""


class BadDefinition(Invalid):
    """A definition that cannot be used; `field` names the part."""

    code = "ledgers.bad_definition"
    text = Text("台账定义有误：{what}。", "The register's definition is not valid: {what}.")


def wrong(zh: str, en: str, where: str = "") -> BadDefinition:
    """One thing wrong in a definition."""
    return BadDefinition(field=where, what=Text(zh, en))


@dataclass(frozen=True, slots=True)
class Field:
    """One column. `was`: earlier keys, under which older rows keep its value. `mark`: where it comes from (C, R, U, D).

    `fill`: the level that fills it in. `public`: shown at /p/ledgers. `personal`: about a person, so never public.
    """

    key: str
    label: Text
    kind: str
    required: bool = False
    unit: str = ""
    choices: Mapping[str, Text] = field(default_factory=dict)
    mark: str = ""
    fill: str = ""
    public: bool = False
    personal: bool = False
    formula: str = ""
    help: Text = Text("", "")  # noqa: RUF009 - frozen
    was: tuple[str, ...] = ()

    @property
    def is_number(self) -> bool:
        """Whether its values can be added up."""
        return self.kind in NUMBERS

    @property
    def is_personal(self) -> bool:
        """Whether it is about a person, by its mark or by its words."""
        return self.personal or any(word in self.label.zh for word in PERSONAL_WORDS)


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition on one field: `is`/`not` some values (codes of a choice, "1"/"0" of a yes or no), `least` a number,
    `filled` or `empty`."""

    field: str
    op: str
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Measure:
    """A number drawn from the register. `names`: what papers call it. `period`: the date that must lie in the period; "":
    the stock. `where` narrows the numerator, `base` both. `sum` and `ratio` add up `field` (÷ `over`)."""

    key: str
    name: Text
    kind: str
    unit: str = ""
    field: str = ""
    over: str = ""
    where: tuple[Condition, ...] = ()
    base: tuple[Condition, ...] = ()
    period: str = ""
    better: str = "up"
    names: tuple[str, ...] = ()
    source: str = ""


@dataclass(frozen=True, slots=True)
class Definition:
    """A register: `due` and `met` are the date fields of its deadline; `unique` the keys that tell rows apart.

    `fill`: the level that keeps it; `checker`: the level at or above which a line is confirmed; `confirm`: how often.
    `has_place`: rows have coordinates. `source`: the paper or seed it comes from; `topic`: its shelf in the gallery.
    """

    title: Text
    fields: tuple[Field, ...]
    measures: tuple[Measure, ...] = ()
    topic: str = "other"
    about: Text = Text("", "")  # noqa: RUF009 - frozen
    subject: str = "free"
    fill: str = ""
    confirm: str = ""
    checker: str = ""
    due: str = ""
    met: str = ""
    unique: tuple[str, ...] = ()
    has_place: bool = False
    publishes: bool = False
    source: str = ""
    seeds: tuple[str, ...] = ()
    mark: str = "D"

    def field(self, key: str) -> Field:
        """The field with this key. Raises KeyError."""
        return next(f for f in self.fields if f.key == key) if key in self.keys else _missing(key)

    @property
    def keys(self) -> frozenset[str]:
        """The keys of its fields."""
        return frozenset(f.key for f in self.fields)

    @property
    def stored(self) -> tuple[Field, ...]:
        """The fields that people fill in: all but formulas."""
        return tuple(f for f in self.fields if f.kind != "formula")

    @property
    def name_field(self) -> Field | None:
        """The field that names a row: the first text, unit or organisation."""
        return next((f for f in self.fields if f.kind in ("text", "unit", "body")), None)

    @property
    def public_fields(self) -> tuple[Field, ...]:
        """What the public may see; none unless the register publishes."""
        return tuple(f for f in self.fields if f.public and not f.is_personal) if self.publishes else ()

    def measure(self, key: str) -> Measure | None:
        """The measure with this key, or None."""
        return next((m for m in self.measures if m.key == key), None)

    def as_json(self) -> dict[str, Any]:
        """The definition as the table keeps it; `read` gives it back."""
        return {
            "title": _pair(self.title), "about": _pair(self.about), "topic": self.topic, "subject": self.subject,
            "fill": self.fill, "confirm": self.confirm, "checker": self.checker, "due": self.due, "met": self.met,
            "unique": list(self.unique), "has_place": self.has_place, "publishes": self.publishes, "source": self.source,
            "seeds": list(self.seeds), "mark": self.mark, "field": [_field_json(f) for f in self.fields],
            "measure": [_measure_json(m) for m in self.measures],
        }  # fmt: skip


def _missing(key: str) -> Field:
    raise KeyError(key)


def valid_code(code: str) -> str:
    """A code of a register. Raises BadDefinition."""
    if not _CODE.fullmatch(code) or code == "new":
        raise wrong("代码用小写字母、数字、下划线，以字母开头，2 至 40 个字符",
                    "the code is 2 to 40 small letters, digits and underscores, a letter first", "code")  # fmt: skip
    return code


# --- reading -------------------------------------------------------------------------------------------------------


def read(data: Mapping[str, Any]) -> Definition:
    """A definition from its data. Raises BadDefinition, whose `field` names the part that is wrong."""
    fields = tuple(_field(raw, i) for i, raw in enumerate(_rows(data, "field", MOST_FIELDS), 1))
    measures = tuple(_measure(raw) for raw in _rows(data, "measure", MOST_MEASURES))
    found = Definition(
        title=_text(data.get("title"), "title", needed=True),
        about=_text(data.get("about"), "about"),
        topic=str(data.get("topic", "") or "other"),
        fields=fields,
        measures=measures,
        subject=_one(data, "subject", SUBJECTS, "free"),
        fill=_one(data, "fill", LEVELS),
        confirm=_one(data, "confirm", CONFIRM),
        checker=_one(data, "checker", LEVELS),
        due=str(data.get("due", "")),
        met=str(data.get("met", "")),
        unique=tuple(map(str, data.get("unique", ()))),
        has_place=bool(data.get("has_place", False)),
        publishes=bool(data.get("publishes", False)),
        source=str(data.get("source", ""))[:200],
        seeds=tuple(map(str, data.get("seeds", ()))),
        mark=str(data.get("mark", "D")),
    )
    check(found)
    return found


def check(found: Definition) -> None:
    """Raise BadDefinition where the parts of a definition do not fit together."""
    if not found.stored:
        raise wrong("至少要有一个要填的字段", "at least one field to fill in is needed", "field")
    _once([f.key for f in found.fields], "field")
    _once([m.key for m in found.measures], "measure")
    earlier = [w for f in found.fields for w in f.was]
    if set(earlier) & found.keys or len(earlier) != len(set(earlier)):
        raise wrong("旧字段名与现有字段重名", "an earlier key is in use", "field")
    for one in found.fields:
        _check_field(one, found)
    for name in ("due", "met"):
        _date_of(found, getattr(found, name), name)
    if found.met and not found.due:
        raise wrong("有完成日期就要有期限字段", "a date of completion needs a deadline", "met")
    for key in found.unique:
        if key not in {f.key for f in found.stored}:
            raise wrong(f"没有字段 {key}", f"there is no field {key}", "unique")
    for measure in found.measures:
        _check_measure(measure, found)


def _check_field(one: Field, found: Definition) -> None:
    if one.key in formulas.WORDS:
        raise wrong(f"字段名 {one.key} 是公式里的词", f"{one.key} is a word of formulas", one.key)
    if one.kind in LISTED and not one.choices:
        raise wrong(f"“{one.label.zh}”没有选项", f"“{one.label.en}” has no choices", one.key)
    if one.kind == "formula":
        others = {f.key for f in found.stored if f.kind in NUMBERS | {"bool", "date", "text", "choice", "file"}}
        formulas.parse(one.formula, others)
    if one.public and one.is_personal:
        raise wrong(
            f"“{one.label.zh}”涉及个人信息，不能公开",
            f"“{one.label.en}” is about a person and cannot be public",
            one.key,
        )
    if one.public and one.kind == "file":
        raise wrong(f"附件“{one.label.zh}”不能公开", f"the file “{one.label.en}” cannot be public", one.key)


def _check_measure(m: Measure, found: Definition) -> None:
    where = f"measure.{m.key}"
    for condition in (*m.where, *m.base):
        if condition.field not in {f.key for f in found.stored}:
            raise wrong(
                f"指标 {m.key} 用到的字段 {condition.field} 不存在",
                f"measure {m.key}: no field {condition.field}",
                where,
            )
        kind = found.field(condition.field).kind
        if condition.op in ("is", "not") and kind not in ("choice", "choices", "bool", "text", "region"):
            raise wrong(
                f"指标 {m.key} 的条件不适合字段 {condition.field}",
                f"measure {m.key}: condition on {condition.field}",
                where,
            )
        if (
            condition.op in ("is", "not")
            and kind in LISTED
            and set(condition.values) - set(found.field(condition.field).choices)
        ):
            raise wrong(f"指标 {m.key} 的条件用了不存在的选项", f"measure {m.key}: unknown choice", where)
        if condition.op == "least" and kind not in NUMBERS:
            raise wrong(f"指标 {m.key} 的条件须为数字字段", f"measure {m.key}: `least` needs a number", where)
    for key in (m.field,) * (m.kind in ("sum", "ratio")) + (m.over,) * (m.kind == "ratio"):
        if key not in found.keys or not found.field(key).is_number:
            raise wrong(f"指标 {m.key} 须指明要合计的数字字段", f"measure {m.key}: name the number to add up", where)
    _date_of(found, m.period, where)
    if m.kind == "on_time" and not (found.due and found.met):
        raise wrong(
            f"指标 {m.key} 需要期限和完成日期字段", f"measure {m.key} needs a deadline and a date of completion", where
        )


def _date_of(found: Definition, key: str, where: str) -> None:
    if key and (key not in found.keys or found.field(key).kind != "date"):
        raise wrong(f"{key} 不是日期字段", f"{key} is no date field", where)


def _once(keys: Iterable[str], where: str) -> None:
    keys = list(keys)
    for key in keys:
        if not _KEY.fullmatch(key):
            raise wrong(f"“{key}”不能作字段名", f"“{key}” cannot be a key", where)
        if keys.count(key) > 1:
            raise wrong(f"{key} 重复", f"{key} stands twice", where)


def _field(raw: Mapping[str, Any], number: int) -> Field:
    where = str(raw.get("key", "")) or f"field {number}"
    kind = str(raw.get("kind", "text"))
    if kind not in KINDS:
        raise wrong(f"字段 {where} 的类型 {kind} 不存在", f"field {where}: no kind {kind}", where)
    mark = str(raw.get("mark", ""))
    if mark not in MARKS:
        raise wrong(f"字段 {where} 的标记 {mark} 不存在", f"field {where}: no mark {mark}", where)
    return Field(
        key=str(raw.get("key", "")),
        label=_text(raw.get("label"), where, needed=True),
        kind=kind,
        required=bool(raw.get("required", False)) and kind != "formula",
        unit=str(raw.get("unit", ""))[:12],
        choices=_choices(raw.get("choices", ()), where) if kind in LISTED else {},
        mark=mark,
        fill=_one(raw, "fill", LEVELS),
        public=bool(raw.get("public", False)),
        personal=bool(raw.get("personal", False)),
        formula=str(raw.get("formula", "")) if kind == "formula" else "",
        help=_text(raw.get("help"), where),
        was=tuple(map(str, raw.get("was", ()))),
    )


def _choices(raw: Any, where: str) -> dict[str, Text]:
    found: dict[str, Text] = {}
    for row in raw:
        code, zh, en = (*row, row[1])[:3] if isinstance(row, list | tuple) and len(row) in (2, 3) else (row, row, row)
        if not re.fullmatch(r"[\w.-]{1,40}", str(code)) or not str(zh).strip():
            raise wrong(f"“{where}”的选项 {code} 写法不对", f"“{where}”: the choice {code} is not well formed", where)
        if str(code) in found:
            raise wrong(f"“{where}”的选项 {code} 重复", f"“{where}”: the choice {code} stands twice", where)
        found[str(code)] = Text(str(zh).strip()[:80], str(en).strip()[:120])
    if len(found) > MOST_CHOICES:
        raise wrong(f"“{where}”的选项太多", f"“{where}” has too many choices", where)
    return found


def _measure(raw: Mapping[str, Any]) -> Measure:
    key, kind = str(raw.get("key", "")), str(raw.get("kind", "count"))
    where = f"measure.{key}"
    if kind not in MEASURES:
        raise wrong(f"指标 {key} 的算法 {kind} 不存在", f"measure {key}: no kind {kind}", where)
    name = _text(raw.get("name"), where, needed=True)
    percent = kind in ("rate", "complete", "on_time") or (kind == "ratio" and "unit" not in raw)
    return Measure(
        key=key,
        name=name,
        kind=kind,
        unit="%" if percent else str(raw.get("unit", ""))[:12],
        field=str(raw.get("field", "")),
        over=str(raw.get("over", "")),
        where=tuple(_condition(c, where) for c in raw.get("where", ())),
        base=tuple(_condition(c, where) for c in raw.get("base", ())),
        period=str(raw.get("period", "")),
        better="down" if raw.get("better") == "down" else "up",
        names=tuple(dict.fromkeys(str(n).strip() for n in raw.get("names", ()) if str(n).strip())),
        source=str(raw.get("source", ""))[:120],
    )


def _condition(raw: Any, where: str) -> Condition:
    if not isinstance(raw, Mapping) or raw.get("op", "is") not in OPS:
        raise wrong("指标的条件写法不对", "a measure's condition is not well formed", where)
    values = raw.get("values", ())
    listed = values if isinstance(values, list | tuple) else (values,)
    return Condition(str(raw.get("field", "")), str(raw.get("op", "is")), tuple(_word(v) for v in listed))


def _word(value: Any) -> str:
    return str(int(value)) if isinstance(value, bool) else str(value)


def _rows(data: Mapping[str, Any], name: str, most: int) -> list[Mapping[str, Any]]:
    rows = data.get(name, ())
    if not isinstance(rows, list | tuple) or not all(isinstance(r, Mapping) for r in rows):
        raise wrong(f"{name} 须为列表", f"{name} must be a list", name)
    if len(rows) > most:
        raise wrong(f"{name} 最多 {most} 个", f"at most {most} of {name}", name)
    return list(rows)


def _one(data: Mapping[str, Any], name: str, known: Mapping[str, Text], default: str = "") -> str:
    value = str(data.get(name, "") or default)
    if value not in known:
        raise wrong(f"{name} 不能是 {value}", f"{name} cannot be {value}", name)
    return value


def _text(raw: Any, where: str, *, needed: bool = False) -> Text:
    pair = [raw, raw] if isinstance(raw, str) else list(raw or ("", ""))
    if len(pair) != 2 or not all(isinstance(p, str) for p in pair):
        raise wrong(f"“{where}”的名称须为中英文两段", f"“{where}”: a name is a Chinese and an English text", where)
    zh, en = (p.strip() for p in pair)
    if needed and not zh:
        raise wrong(f"“{where}”没有名称", f"“{where}” has no name", where)
    return Text(zh[:200], (en or zh)[:300])


def _pair(text: Text) -> list[str]:
    return [text.zh, text.en]


def _field_json(f: Field) -> dict[str, Any]:
    row: dict[str, Any] = {"key": f.key, "label": _pair(f.label), "kind": f.kind}
    row |= {n: True for n in ("required", "public", "personal") if getattr(f, n)}
    row |= {n: getattr(f, n) for n in ("unit", "mark", "fill", "formula") if getattr(f, n)}
    if f.choices:
        row["choices"] = [[code, *_pair(word)] for code, word in f.choices.items()]
    if f.help.zh:
        row["help"] = _pair(f.help)
    if f.was:
        row["was"] = list(f.was)
    return row


def _measure_json(m: Measure) -> dict[str, Any]:
    row: dict[str, Any] = {"key": m.key, "name": _pair(m.name), "kind": m.kind, "unit": m.unit, "better": m.better}
    row |= {n: getattr(m, n) for n in ("field", "over", "period", "source") if getattr(m, n)}
    for name in ("where", "base"):
        if getattr(m, name):
            row[name] = [{"field": c.field, "op": c.op, "values": list(c.values)} for c in getattr(m, name)]
    if m.names:
        row["names"] = list(m.names)
    return row
