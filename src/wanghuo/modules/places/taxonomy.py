"""The words and classes of units, read from params/places."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from wanghuo.base import Text


@dataclass(frozen=True, slots=True)
class Test:
    """One test that proposes a class: every condition of `when` must hold."""

    when: Mapping[str, Any]
    text: Text
    mark: str
    region: str


@dataclass(frozen=True, slots=True)
class UnitClass:
    """A class of the field, with the tests that propose it; without tests it is given by name only."""

    code: str
    name: Text
    source: str
    tests: tuple[Test, ...]


@cache
def _words() -> dict[str, Any]:
    return tomllib.loads((resources.files("wanghuo.params.places") / "taxonomy.toml").read_text("utf-8"))


def kinds() -> dict[str, Text]:
    """Kinds of place."""
    return {code: Text(*row["name"]) for code, row in _words()["kinds"].items()}


def is_gathering(kind: str) -> bool:
    """Whether places of this kind are 公众聚集场所."""
    return bool(_words()["kinds"].get(kind, {}).get("gathering"))


def is_crowded(kind: str) -> bool:
    """Whether places of this kind are 人员密集场所."""
    return bool(_words()["kinds"].get(kind, {}).get("crowded"))


def _pairs(table: str) -> dict[str, Text]:
    return {code: Text(*row) for code, row in _words()[table].items()}


def sectors() -> dict[str, Text]:
    """Departments in charge, as roles are narrowed by them."""
    return _pairs("sectors")


def building_uses() -> dict[str, Text]:
    """What a building is used for."""
    return _pairs("building_uses")


def fire_resistance() -> dict[str, Text]:
    """Grades of fire resistance."""
    return _pairs("fire_resistance")


@cache
def classes() -> dict[str, UnitClass]:
    """Every class, in the order of the table."""
    raw = tomllib.loads((resources.files("wanghuo.params.places") / "classes.toml").read_text("utf-8"))
    return {
        code: UnitClass(code, Text(*row["name"]), row.get("source", ""), tuple(map(_test, row.get("tests", []))))
        for code, row in raw["classes"].items()
    }


def _test(row: dict[str, Any]) -> Test:
    return Test(when=row["when"], text=Text(*row["text"]), mark=row["mark"], region=row.get("region", "0"))


def class_names() -> dict[str, Text]:
    """Code to name."""
    return {code: c.name for code, c in classes().items()}


def class_name(code: str) -> Text:
    """The name of a class; a code that is gone from the table names itself."""
    found = classes().get(code)
    return found.name if found else Text(code, code)
