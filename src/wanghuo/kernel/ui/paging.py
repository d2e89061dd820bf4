"""Keyset paging: a page begins after (or ends before) a row, named by its sort value and key, so that rows which
come or go
meanwhile neither repeat nor hide others; and counting that stops where the exact number no longer helps."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial, reduce
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import F, Field, Q, QuerySet

Parts = Sequence[QuerySet[Any]]
PAGE_SIZE = 50
COUNT_LIMIT = 10_000


@dataclass(frozen=True, slots=True)
class Order:
    """The order of a list: by `field` (a model field with an index, `__` for one of a related row), then by key."""

    field: str
    descending: bool = False

    def __str__(self) -> str:
        return ("-" if self.descending else "") + self.field


@dataclass(frozen=True, slots=True)
class Slice:
    """One page: its rows, and the cursors of the neighbouring pages where there are any."""

    rows: Sequence[Any]
    before: str | None
    after: str | None


def slice_of(
    rows: QuerySet[Any],
    order: Order,
    *,
    after: str = "",
    before: str = "",
    size: int = PAGE_SIZE,
    parts: Parts = (),
) -> Slice:
    """The page of `rows` after or before a cursor; the first page without one, or with one that is not of this
    order.

    `parts`: querysets that hold each of `rows` once, where the database reads each part in the order of the list by an index but not
    all of them together.
    """
    if before and (mark := _read(rows, order, before)):
        found = _take(rows, parts, partial(_beyond, order=order, mark=mark, backwards=True), size)
        if len(found) > size:
            found = found[:size][::-1]
            return Slice(found, _cursor(order, found[0]), _cursor(order, found[-1]))
        return _first(rows, order, size, parts)
    if after and (mark := _read(rows, order, after)):
        found = _take(rows, parts, partial(_beyond, order=order, mark=mark, backwards=False), size)
        if not found:
            return _last(rows, order, size, parts)
        more = len(found) > size
        found = found[:size]
        return Slice(found, _cursor(order, found[0]), _cursor(order, found[-1]) if more else None)
    return _first(rows, order, size, parts)


def capped_count(rows: QuerySet[Any], limit: int = COUNT_LIMIT) -> tuple[int, bool]:
    """How many rows there are, at most `limit`, and whether there are more."""
    count = rows.order_by().values("pk")[: limit + 1].count()
    return min(count, limit), count > limit


def _first(rows: QuerySet[Any], order: Order, size: int, parts: Parts) -> Slice:
    found = _take(rows, parts, partial(_ordered, order=order, backwards=False), size)
    more = len(found) > size
    return Slice(found[:size], None, _cursor(order, found[size - 1]) if more else None)


def _last(rows: QuerySet[Any], order: Order, size: int, parts: Parts) -> Slice:
    found = _take(rows, parts, partial(_ordered, order=order, backwards=True), size)
    more = len(found) > size
    found = found[:size][::-1]
    return Slice(found, _cursor(order, found[0]) if more else None, None)


def _take(rows: QuerySet[Any], parts: Parts, read: Callable[[QuerySet[Any]], QuerySet[Any]], size: int) -> list[Any]:
    """The first `size` rows as `read` orders them, and one more where there is one."""
    if not parts:
        return list(read(rows)[: size + 1])
    keys = [key for part in parts for key in read(part).values_list("pk", flat=True)[: size + 1]]
    return list(read(rows.filter(pk__in=keys))[: size + 1])


def _ordered(rows: QuerySet[Any], order: Order, *, backwards: bool) -> QuerySet[Any]:
    down = order.descending != backwards
    key = F("pk").desc() if down else F("pk").asc()
    if order.field in ("pk", "id"):
        return rows.order_by(key)
    by = F(order.field)
    if not _field(rows, order.field).null:
        return rows.order_by(by.desc() if down else by.asc(), key)
    # unknown values stand last in both directions, so they stand first when read backwards
    where: dict[str, Any] = {"nulls_first": True} if backwards else {"nulls_last": True}
    return rows.order_by(by.desc(**where) if down else by.asc(**where), key)


def _beyond(rows: QuerySet[Any], order: Order, mark: tuple[Any, Any], *, backwards: bool) -> QuerySet[Any]:
    """The rows on the far side of `mark`, nearest first."""
    value, key = mark
    way = "lt" if order.descending != backwards else "gt"
    found = _ordered(rows, order, backwards=backwards)
    past_key = Q(**{f"pk__{way}": key})
    if order.field in ("pk", "id"):
        return found.filter(past_key)
    null = Q(**{f"{order.field}__isnull": True})
    if value is None:
        return found.filter(~null | past_key) if backwards else found.filter(null & past_key)
    # the first condition is implied by the second; it is what lets the database seek in the index
    seek = Q(**{f"{order.field}__{way}e": value}) & (Q(**{f"{order.field}__{way}": value}) | past_key)
    if _field(rows, order.field).null and not backwards:
        seek |= null
    return found.filter(seek)


def _field(rows: QuerySet[Any], path: str) -> Field[Any, Any]:
    *steps, name = path.split("__")
    model = reduce(lambda m, step: m._meta.get_field(step).related_model, steps, rows.model)
    return model._meta.pk if name == "pk" else model._meta.get_field(name)


def _cursor(order: Order, row: Any) -> str:
    value = None if order.field in ("pk", "id") else reduce(getattr, order.field.split("__"), row)
    kept = value.isoformat() if isinstance(value, date) else None if value is None else str(value)
    raw = json.dumps([str(order), kept, str(row.pk)], ensure_ascii=False, separators=(",", ":"))
    return base64.urlsafe_b64encode(raw.encode()).decode().rstrip("=")


def _read(rows: QuerySet[Any], order: Order, cursor: str) -> tuple[Any, Any] | None:
    """The sort value and key in a cursor; None when it was made for another order or by no list at all."""
    try:
        of, value, key = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if of != str(order) or not isinstance(key, str):
            return None
        value = None if value is None else _field(rows, order.field).to_python(value)
        return value, _field(rows, "pk").to_python(key)
    except (ValueError, TypeError, ValidationError, binascii.Error):
        return None
