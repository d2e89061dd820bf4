"""Roles and rights, read from params/roles.toml: what each role may do is data, not code."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from wanghuo.base import Text


@dataclass(frozen=True, slots=True)
class Role:
    """A role of the field: its name, its rights, its first page, and whether it is a member of staff (second factor)."""

    code: str
    name: Text
    rights: frozenset[str]
    first_page: str
    staff: bool
    exclusive: bool


@cache
def _raw() -> dict[str, Any]:
    return tomllib.loads((resources.files("wanghuo.params") / "roles.toml").read_text("utf-8"))


@cache
def sectors() -> dict[str, Text]:
    """The industry sectors a grant can be narrowed to, by code, with their names."""
    return {code: Text(zh, en) for code, (zh, en) in _raw()["sectors"].items()}


@cache
def _table() -> tuple[dict[str, Role], dict[str, Text]]:
    raw = _raw()
    rights = {code: Text(zh, en) for code, (zh, en) in raw["rights"].items()}
    roles = {}
    for code, row in raw["roles"].items():
        unknown = set(row["rights"]) - set(rights)
        if unknown:
            raise ValueError(f"roles.toml: {code} names unknown rights {sorted(unknown)}")
        roles[code] = Role(
            code=code,
            name=Text(*row["name"]),
            rights=frozenset(row["rights"]),
            first_page=row["first_page"],
            staff=row.get("staff", True),
            exclusive=row.get("exclusive", False),
        )
    return roles, rights


def roles() -> dict[str, Role]:
    """Every role, by code."""
    return _table()[0]


def rights() -> dict[str, Text]:
    """Every right, by code, with its name."""
    return _table()[1]


def rights_of(role: str) -> frozenset[str]:
    """The rights of a role; an unknown role has none."""
    known = roles().get(role)
    return known.rights if known else frozenset()


def right_name(right: str) -> Text:
    """The name of a right."""
    return rights().get(right, Text(right, right))
