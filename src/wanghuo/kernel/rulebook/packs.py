"""Rule packs: TOML files, checked row by row when they are read.

A pack names its region; every `[[rule]]` in it names its value, clause, source, mark and the day it takes effect.
Packs of the product lie in params/rules, those of a deployment in <WANGHUO_HOME>/rules. docs/modules/rulebook.md
shows one.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from importlib.resources.abc import Traversable
from itertools import pairwise
from pathlib import Path
from typing import Any

from wanghuo.base import Invalid, Text
from wanghuo.engines.calendar import UNITS, Length
from wanghuo.kernel.regions import codes

MARKS: dict[str, Text] = {
    "C": Text("国", "national"),
    "R": Text("地方", "regional"),
    "U": Text("未证实", "unconfirmed"),
    "D": Text("本平台", "ours"),
}
MEANINGS: dict[str, Text] = {
    "C": Text("全国适用，已有来源证实", "confirmed by a source of national scope"),
    "R": Text("地方规定或旧规定，已有来源证实", "confirmed, but regional or older"),
    "U": Text("凭常识设定，尚未证实", "from general knowledge, not confirmed"),
    "D": Text("本平台的设计，不是规定", "a design of this platform, no regulation"),
}
RULE_KEYS = {"id", "title", "value", "clause", "source", "mark", "valid_from", "valid_to", "code", "note", "region"}
PACK_KEYS = {"id", "title", "region", "version"}
_ID = re.compile(r"[a-z][a-z0-9_]*(\.[a-z0-9_]+)+")


class PackError(Invalid):
    """A rule pack does not say what it must; every fault is named with its file and row."""

    code = "rulebook.pack_invalid"
    text = Text("规则包有误：{faults}", "The rule pack is not valid: {faults}")


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong in a pack: in which file, on which row, and what."""

    file: str
    row: int
    text: Text

    def __str__(self) -> str:
        return f"{self.file}:{self.row}: {self.text}"


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule as one pack states it for one region and span of time.

    `value`: a table; a clock's has exactly one of seconds, minutes, hours, working_days, days, months. `mark`: C
    confirmed, R regional, U unconfirmed, D ours. `valid_to`: the last day; None while it is in force. `own`: it
    comes from the deployment's own packs.
    """

    id: str
    title: Text
    value: Mapping[str, Any]
    clause: str
    source: str
    mark: str
    region: str
    valid_from: date
    valid_to: date | None
    pack: str
    version: str = ""
    code: str = ""
    note: Text | None = None
    own: bool = False
    file: str = field(default="", compare=False)
    row: int = field(default=0, compare=False)

    def in_force(self, on: date) -> bool:
        """Whether the rule holds on the day `on`."""
        return self.valid_from <= on and (self.valid_to is None or on <= self.valid_to)

    @property
    def is_clock(self) -> bool:
        """Whether the value states a length of time."""
        return any(unit in self.value for unit in UNITS)

    @property
    def length(self) -> Length:
        """The length of time the value states. Raises ValueError for a rule that is no clock."""
        return Length.of(self.value)

    @property
    def mark_text(self) -> Text:
        """The mark in words: 国, 地方, 未证实, 本平台."""
        return MARKS[self.mark]


@dataclass(frozen=True, slots=True)
class Pack:
    """One file of rules."""

    id: str
    title: Text
    region: str
    version: str
    rules: tuple[Rule, ...]
    file: str
    own: bool


def read_pack(file: Traversable | Path, *, own: bool = False) -> Pack:
    """The pack in a TOML file. Raises PackError, which names every fault in it."""
    text = file.read_text("utf-8")
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        place = re.search(r"line (\d+)", str(error))
        raise _refused(
            [_fault(file, int(place[1]) if place else 1, "不是有效的 TOML：{e}", "not valid TOML: {e}", e=error)]
        ) from None
    rows = [n for n, line in enumerate(text.splitlines(), 1) if line.strip() == "[[rule]]"]
    faults = [*_head_faults(file, raw)]
    if faults:
        raise _refused(faults)
    head = raw["pack"]
    found = raw.get("rule", [])
    for row, table in zip(rows, found, strict=False):
        faults.extend(_rule_faults(file, row, table, head["region"]))
    if faults:
        raise _refused(faults)
    rules = tuple(_rule(table, head, file.name, row, own) for row, table in zip(rows, found, strict=True))
    faults.extend(_overlaps(file, rules))
    if faults:
        raise _refused(faults)
    return Pack(head["id"], Text(*head["title"]), head["region"], head["version"], rules, file.name, own)


def _refused(faults: list[Fault]) -> PackError:
    words = Text(
        "；".join(f"{f.file}:{f.row} {f.text.zh}" for f in faults),
        "; ".join(f"{f.file}:{f.row} {f.text.en}" for f in faults),
    )
    return PackError(faults=words)


def _fault(file: Traversable | Path, row: int, zh: str, en: str, **known: Any) -> Fault:
    return Fault(file.name, row, Text(zh, en).filled(known))


def _head_faults(file: Traversable | Path, raw: Mapping[str, Any]) -> Iterator[Fault]:
    head = raw.get("pack")
    if not isinstance(head, dict) or set(head) != PACK_KEYS:
        yield _fault(file, 1, "[pack] 须有且仅有 {k}", "[pack] needs exactly {k}", k=", ".join(sorted(PACK_KEYS)))
        return
    if not _is_text(head["title"]):
        yield _fault(file, 1, "title 须为 [中文, 英文]", "title must be [Chinese, English]")
    if not _is_region(head["region"]):
        yield _fault(file, 1, "区划代码“{r}”无效", "“{r}” is no division code", r=head["region"])
    if strange := sorted(set(raw) - {"pack", "rule"}):
        yield _fault(file, 1, "不认识的段 {s}", "unknown section {s}", s=", ".join(strange))


def _rule_faults(file: Traversable | Path, row: int, table: Mapping[str, Any], region: str) -> Iterator[Fault]:
    if missing := sorted({"id", "title", "value", "source", "mark", "valid_from"} - set(table)):
        yield _fault(file, row, "缺少 {m}", "{m} missing", m=", ".join(missing))
        return
    if strange := sorted(set(table) - RULE_KEYS):
        yield _fault(file, row, "不认识的字段 {s}", "unknown field {s}", s=", ".join(strange))
    if not _ID.fullmatch(str(table["id"])):
        yield _fault(
            file, row, "编号“{i}”应形如 hazards.verify", "id “{i}” should look like hazards.verify", i=table["id"]
        )
    if not _is_text(table["title"]) or not _is_text(table.get("note", ["", ""])):
        yield _fault(file, row, "title、note 须为 [中文, 英文]", "title and note must be [Chinese, English]")
    if table["mark"] not in MARKS:
        yield _fault(file, row, "标记“{m}”不是 C、R、U、D 之一", "mark “{m}” is none of C, R, U, D", m=table["mark"])
    yield from _value_faults(file, row, table["value"])
    yield from _date_faults(file, row, table)
    own_region = table.get("region", region)
    if not _is_region(own_region) or not codes.contains(region, own_region):
        yield _fault(
            file, row, "区划“{r}”不在规则包的区划内", "region “{r}” is not within that of the pack", r=own_region
        )


def _value_faults(file: Traversable | Path, row: int, value: Any) -> Iterator[Fault]:
    if not isinstance(value, dict) or not value:
        yield _fault(
            file, row, "value 须为非空的表，如 {{ hours = 24 }}", "value must be a table such as {{ hours = 24 }}"
        )
    elif any(unit in value for unit in UNITS):
        try:
            Length.of(value)
        except ValueError as error:
            yield _fault(file, row, "时限有误：{e}", "the length is not valid: {e}", e=error)


def _date_faults(file: Traversable | Path, row: int, table: Mapping[str, Any]) -> Iterator[Fault]:
    first, last = table["valid_from"], table.get("valid_to")
    for name, day in (("valid_from", first), ("valid_to", last)):
        if day is not None and (not isinstance(day, date) or isinstance(day, datetime)):
            yield _fault(file, row, "{n} 须为日期", "{n} must be a day", n=name)
            return
    if last is not None and last < first:
        yield _fault(file, row, "失效日早于生效日", "it ends before it begins")


def _overlaps(file: Traversable | Path, rules: tuple[Rule, ...]) -> Iterator[Fault]:
    by_key: dict[tuple[str, str], list[Rule]] = {}
    for each in rules:
        by_key.setdefault((each.id, each.region), []).append(each)
    for versions in by_key.values():
        versions.sort(key=lambda r: r.valid_from)
        for older, newer in pairwise(versions):
            if older.valid_to is None or older.valid_to >= newer.valid_from:
                yield _fault(
                    file, newer.row, "{i} 与第 {o} 行的有效期重叠", "{i} overlaps with row {o}", i=newer.id, o=older.row
                )


def _rule(table: Mapping[str, Any], head: Mapping[str, Any], file: str, row: int, own: bool) -> Rule:
    return Rule(
        id=table["id"],
        title=Text(*table["title"]),
        value=table["value"],
        clause=table.get("clause", ""),
        source=table["source"],
        mark=table["mark"],
        region=table.get("region", head["region"]),
        valid_from=table["valid_from"],
        valid_to=table.get("valid_to"),
        pack=head["id"],
        version=head["version"],
        code=table.get("code", ""),
        note=Text(*table["note"]) if "note" in table else None,
        own=own,
        file=file,
        row=row,
    )


def _is_text(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(isinstance(part, str) for part in value)


def _is_region(code: Any) -> bool:
    try:
        return isinstance(code, str) and codes.normalise(code) == code
    except ValueError:
        return False
