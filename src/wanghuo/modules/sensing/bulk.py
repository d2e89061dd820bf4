"""Very many rows of one kind past the ORM, whose objects and statements cost ten times what the database does."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
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
    native = connection.features.has_native_uuid_field
    known: dict[Any, Any] = {None: None}
    found = []
    for value in values:
        if isinstance(value, UUID):
            found.append(value if native else value.hex)
        elif isinstance(value, Hashable):
            if value not in known:
                known[value] = field.get_db_prep_save(value, connection)
            found.append(known[value])
        else:
            found.append(field.get_db_prep_save(value, connection))
    return found
