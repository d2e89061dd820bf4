"""The policy table, and what a request must answer under it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from django.urls import URLPattern, get_resolver

from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.access.pages import access_of

TABLE = Path(__file__).with_name("access.yaml")
METHODS = ("get", "post", "put", "patch", "delete")
PUBLIC, SIGNED_IN = "public", "signed_in"
FINE = {200, 204, 302, 303, 304, 409, 422}
_ARGUMENT = re.compile(r"<(?:\w+:)?(\w+)>")
_KNOWN = {"url", "right", "methods", "object", "sees", "then", "args", "query", "lists", "blank", "also"}


@dataclass(frozen=True)
class Row:
    """One address of the table."""

    url: str
    rights: tuple[str, ...]
    public: bool
    methods: tuple[str, ...]
    kind: str
    sees: str
    then: str
    args: dict[str, Any]
    query: str
    lists: tuple[str, ...]
    blank: bool
    also: frozenset[int]

    def path(self, ref: Any = None) -> str:
        """The address with its arguments; the first one that `args` doesn't give is the object's reference."""
        text = _ARGUMENT.sub(lambda found: str(self.args.get(found[1], ref)), self.url)
        return "/" + text + (f"?{self.query}" if self.query else "")

    def lets_in(self, actor: Actor) -> bool:
        """Whether the view opens for the actor, the object aside."""
        return self.public or (actor.id is not None and (not self.rights or any(actor.can(r) for r in self.rights)))


def row_of(raw: dict[str, Any]) -> Row:
    """A row as it stands in the file. Raises ValueError for a word it doesn't know."""
    unknown = set(raw) - _KNOWN
    if unknown:
        raise ValueError(f"access.yaml: {raw['url']} has unknown words {sorted(unknown)}")
    right = raw["right"]
    rights = tuple(right) if isinstance(right, list) else () if right in (PUBLIC, SIGNED_IN) else (right,)
    methods = raw.get("methods", ["get"])
    return Row(
        url=raw["url"],
        rights=rights,
        public=right == PUBLIC,
        methods=METHODS if methods == "any" else tuple(methods),
        kind=raw.get("object", ""),
        sees=raw.get("sees", ""),
        then=raw.get("then", ""),
        args=raw.get("args", {}),
        query=raw.get("query", ""),
        lists=tuple(raw.get("lists", ())),
        blank=raw.get("blank", False),
        also=frozenset(raw.get("also", ())),
    )


@cache
def table() -> tuple[Row, ...]:
    """Every row of access.yaml."""
    return tuple(row_of(raw) for raw in yaml.safe_load(TABLE.read_text("utf-8")))


def views(resolver: Any = None, before: str = "") -> Iterator[tuple[str, Any]]:
    """Every address of the URL conf with its view."""
    for entry in (resolver or get_resolver()).url_patterns:
        if isinstance(entry, URLPattern):
            yield before + str(entry.pattern), entry.callback
        else:
            yield from views(entry, before + str(entry.pattern))


def unlisted(rows: tuple[Row, ...], found: list[tuple[str, Any]]) -> list[str]:
    """What is wrong between the table and the URL conf: an address missing in either, a view without its mark, another right."""
    listed = {row.url: row for row in rows}
    wrong = [f"{url}: listed, but there is no such address" for url in listed.keys() - {url for url, _ in found}]
    for url, view in found:
        row, access = listed.get(url), access_of(view)
        if access is None:
            wrong.append(f"{url}: the view carries neither @needs nor @public_page")
        if row is None:
            wrong.append(f"{url}: not in access.yaml")
        elif access is not None and (access.public, set(access.rights)) != (row.public, set(row.rights)):
            wrong.append(
                f"{url}: access.yaml says {row.rights or row.public}, the view {access.rights or access.public}"
            )
    return sorted(wrong)
