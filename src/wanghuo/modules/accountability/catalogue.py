"""Checklists of tours and schemes of assessment: data in params/assessments, and in `<HOME>/assessments` of the deployment,
whose own ones replace those of the same code."""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from django.conf import settings

from wanghuo.base import NotFound, Text
from wanghuo.modules.accountability.scoring import METHODS, Rule

SCHEME, CHECKLIST = Text("考核方案", "scheme"), Text("检查表", "checklist")


@dataclass(frozen=True, slots=True)
class CheckItem:
    """One point of a checklist."""

    no: str
    full: float
    text: Text
    how: Text


@dataclass(frozen=True, slots=True)
class Checklist:
    """A checklist. `mark`: where it comes from (C, R, U, D)."""

    code: str
    title: Text
    version: str
    source: str
    mark: str
    items: tuple[CheckItem, ...]
    raw: Mapping[str, Any]

    @property
    def full(self) -> float:
        """The full score."""
        return sum(item.full for item in self.items)


@dataclass(frozen=True, slots=True)
class Item:
    """One item of a scheme: how it is scored, the indicator that measures it ("" for evidence alone), what proves it."""

    code: str
    title: Text
    rule: Rule
    unit: str
    indicator: str
    evidence: Text
    source: str
    mark: str


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a scheme with its items."""

    code: str
    title: Text
    items: tuple[Item, ...]

    @property
    def full(self) -> float:
        """The full score of the part."""
        return sum(item.rule.full for item in self.items)


@dataclass(frozen=True, slots=True)
class Grade:
    """A grade and the lowest score that reaches it."""

    floor: float
    code: str
    name: Text


@dataclass(frozen=True, slots=True)
class Scheme:
    """A scheme of assessment. `subject`: region or body; `period`: year, half or quarter; `version`: 0 for one of the
    package. `raw`: the data itself, kept with every assessment by it."""

    code: str
    title: Text
    source: str
    mark: str
    subject: str
    parts: tuple[Part, ...]
    grades: tuple[Grade, ...]
    grades_source: str
    grades_mark: str
    period: str
    version: int
    raw: Mapping[str, Any]

    @property
    def sha256(self) -> str:
        """The digest of the data, sorted by key."""
        return hashlib.sha256(json.dumps(self.raw, sort_keys=True, ensure_ascii=False).encode()).hexdigest()

    @property
    def items(self) -> tuple[Item, ...]:
        """Every item in order."""
        return tuple(item for part in self.parts for item in part.items)

    @property
    def full(self) -> float:
        """The full score."""
        return sum(part.full for part in self.parts)

    def grade_name(self, code: str) -> Text:
        """The word for a grade."""
        return next((g.name for g in self.grades if g.code == code), Text(code, code))


def scheme_of(raw: Mapping[str, Any]) -> Scheme:
    """A scheme from its data. Raises ValueError with the item that is wrong."""
    parts = tuple(
        Part(p["code"], Text(*p["title"]), tuple(_item(i, p["code"]) for i in p["item"])) for p in raw["part"]
    )
    found = [item.code for part in parts for item in part.items]
    if len(found) != len(set(found)):
        raise ValueError(f"{raw['code']}: an item code stands twice")
    grades = tuple(Grade(float(g["from"]), g["code"], Text(*g["name"])) for g in raw["grades"])
    return Scheme(
        raw["code"], Text(*raw["title"]), raw["source"], raw["mark"], raw["subject"], parts, grades,
        raw["grades_source"], raw["grades_mark"], raw.get("period", "year"), int(raw.get("version", 0)), raw,
    )  # fmt: skip


def _item(raw: Mapping[str, Any], part: str) -> Item:
    if raw["method"] not in METHODS:
        raise ValueError(f"{part}.{raw['code']}: no method {raw['method']!r}; there are {METHODS}")
    rule = Rule(
        method=raw["method"],
        full=float(raw["full"]),
        target=float(raw.get("target", 0)),
        low=float(raw.get("low", 0)),
        high=float(raw.get("high", 0)),
        steps=tuple((float(s["from"]), float(s["part"])) for s in raw.get("steps", ())),
        each=float(raw.get("each", 0)),
        source=raw["source"],
    )
    evidence = Text(*raw["evidence"]) if "evidence" in raw else Text("", "")
    return Item(
        raw["code"], Text(*raw["title"]), rule, raw.get("unit", ""), raw.get("indicator", ""), evidence,
        raw["source"], raw["mark"],
    )  # fmt: skip


def checklist_of(raw: Mapping[str, Any]) -> Checklist:
    """A checklist from its data."""
    items = tuple(CheckItem(i["no"], float(i["full"]), Text(*i["text"]), Text(*i["how"])) for i in raw["items"])
    return Checklist(raw["code"], Text(*raw["title"]), str(raw["version"]), raw["source"], raw["mark"], items, raw)


@cache
def _read() -> tuple[dict[str, Scheme], dict[str, Checklist]]:
    schemes: dict[str, Scheme] = {}
    checklists: dict[str, Checklist] = {}
    packaged = (resources.files("wanghuo.params") / "assessments").iterdir()
    own = (Path(settings.HOME) / "assessments").glob("*.toml")
    for file in (*_toml(packaged), *_toml(own)):  # a deployment's own come last and win
        raw = tomllib.loads(file.read_text("utf-8"))
        for each in raw.get("checklist", ()):
            checklists[each["code"]] = checklist_of(each)
        if "part" in raw:
            schemes[raw["code"]] = scheme_of(raw)
    return schemes, checklists


def _toml(files: Iterable[Any]) -> list[Any]:
    return sorted((f for f in files if f.name.endswith(".toml")), key=lambda f: f.name)


def schemes() -> dict[str, Scheme]:
    """Every scheme, by code."""
    return _read()[0]


def scheme(code: str) -> Scheme:
    """One scheme. Raises NotFound."""
    if code not in schemes():
        raise NotFound(what=SCHEME, ref=code)
    return schemes()[code]


def checklists() -> dict[str, Checklist]:
    """Every checklist, by code."""
    return _read()[1]


def checklist(code: str) -> Checklist:
    """One checklist. Raises NotFound."""
    if code not in checklists():
        raise NotFound(what=CHECKLIST, ref=code)
    return checklists()[code]


def presets(kind: str) -> Mapping[str, Scheme | Checklist]:
    """The schemes or the checklists of the package and of the deployment's own files, by code."""
    return schemes() if kind == "scheme" else checklists()
