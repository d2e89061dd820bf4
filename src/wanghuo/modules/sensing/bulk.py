"""Very many rows of one kind past the ORM, whose objects and statements cost ten times what the database does."""

from __future__ import annotations

import json
from collections.abc import Hashable, Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db import connection, models

from wanghuo.base.ids import new_ids


def insert(model: type[models.Model], columns: dict[str, Sequence[Any]], /, *, once: bool = False, **same: Any) -> None:
    """Insert a row for each place of `columns`, the other fields as in `same`, else the model's defaults; ids are made here.

    `once`: what a unique constraint forbids is passed over. Signals and `save` are not called.
    """
    count = len(next(iter(columns.values())))
    if not count:
        return
    plain = model(**same)
    written: list[Sequence[Any]] = []
    for field in model._meta.concrete_fields:
        if field.primary_key:
            written.append(prepared(field, new_ids(count)))
        elif field.attname in columns:
            written.append(prepared(field, columns[field.attname]))
        else:
            written.append(prepared(field, [getattr(plain, field.attname)]) * count)
    quote = connection.ops.quote_name
    names = ", ".join(quote(str(field.column)) for field in model._meta.concrete_fields)
    marks = ", ".join(["%s"] * len(written))
    passing = " ON CONFLICT DO NOTHING" if once else ""
    statement = f"INSERT INTO {quote(model._meta.db_table)} ({names}) VALUES ({marks}){passing}"  # noqa: S608
    with connection.cursor() as cursor:
        cursor.executemany(statement, list(zip(*written, strict=True)))


def prepared(field: Any, values: Sequence[Any]) -> list[Any]:
    """Values of a field as the database takes them. Ids are many and all different; what else returns again and again (a
    place, a moment) is prepared once."""
    known: dict[Any, Any] = {None: None}
    found = []
    for value in values:
        if isinstance(value, UUID):
            found.append(key(value))
        elif isinstance(value, Hashable):
            if value not in known:
                known[value] = field.get_db_prep_save(value, connection)
            found.append(known[value])
        else:
            found.append(field.get_db_prep_save(value, connection))
    return found


def given(kinds: Mapping[str, str], rows: Sequence[Sequence[Any]]) -> tuple[str, list[Any]]:
    """Rows as a relation `given` for a FROM, with its parameters: one statement for any number of them.

    `kinds`: the columns and their PostgreSQL types. Values are as the database takes them (`prepared`).
    """
    names = ", ".join(kinds)
    if connection.vendor == "postgresql":
        arrays = ", ".join(f"%s::{kind}[]" for kind in kinds.values())
        return f"unnest({arrays}) AS given ({names})", [list(column) for column in zip(*rows, strict=True)]
    places = ", ".join(f"json_extract(value, '$[{place}]') AS {name}" for place, name in enumerate(kinds))
    return f"(SELECT {places} FROM json_each(%s)) AS given", [json.dumps(rows)]  # noqa: S608 — names made here


def key(id: UUID) -> Any:
    """An id as the database gives and takes it without the ORM."""
    return id if connection.features.has_native_uuid_field else id.hex
