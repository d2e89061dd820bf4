"""A register of very many synthetic terminals, written as rows: `wanghuo load-scale --terminals 1000000`.

Wireless terminals that report once a day, in order, last heard within the last day. Each says in its place that it is made up.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

PROFILE, HEARTBEAT = "wireless", timedelta(days=1)
FIRST_SOURCE = 0xC1_00_00_00_00_00
CHUNK = 20_000
Towns = Sequence[tuple[str, str, float, float]]


def source_of(number: int, seed: int = 1) -> bytes:
    """The address of a terminal, six bytes as on the wire; the first has number 0."""
    return (FIRST_SOURCE + seed * 2**32 + number).to_bytes(6, "little")


def write_terminals(towns: Towns, count: int, seed: int, now: datetime, tell: Callable[[int], None]) -> None:
    """Write `count` terminals into the towns in turn; `tell` hears how many are there. Raises IntegrityError when they are
    there already."""
    from django.apps import apps
    from django.db import transaction

    model = apps.get_model("sensing", "Device")
    first_slot = (model.objects.order_by("-slot").values_list("slot", flat=True).first() or 0) + 1
    with _without_indexes(model._meta.db_table, enough=count > model.objects.count()):
        rows, done = _rows(model, towns, count, seed, now, first_slot), 0
        while done < count:
            with transaction.atomic():
                done += _insert(model, rows, min(CHUNK, count - done))
            tell(done)


def _rows(model: Any, towns: Towns, count: int, seed: int, now: datetime, first_slot: int) -> Iterator[list[Any]]:
    """Rows as the database takes them: one is made by the model, the others differ from it in a few columns."""
    from django.db import connection

    from wanghuo.kernel.access.scope import scope_columns

    rng = random.Random(f"{seed}/terminals")
    fields = list(model._meta.concrete_fields)
    at = {field.name: place for place, field in enumerate(fields)}
    prepared = [_template(model, fields, connection, town, scope_columns(town[0]), now) for town in towns]
    time_of = connection.ops.adapt_datetimefield_value
    key_of = model._meta.pk.get_db_prep_save
    base = (int(now.timestamp() * 1000) << 80) | (0x7 << 76) | (0b10 << 62) | (seed << 40)
    for number in range(count):
        row = [*prepared[number % len(prepared)]]
        heard = now - timedelta(seconds=rng.uniform(0, 86_000))
        row[at["id"]] = key_of(UUID(int=base + number), connection)
        row[at["ref"]] = f"SB-{towns[number % len(towns)][0][:6]}-S{seed}-{number + 1:08d}"
        row[at["source"]] = source_of(number, seed).hex()
        row[at["slot"]] = first_slot + number
        row[at["last_seen_at"]], row[at["check_at"]] = time_of(heard), time_of(heard + 2 * HEARTBEAT)
        row[at["lng"]] += rng.uniform(-0.03, 0.03)
        row[at["lat"]] += rng.uniform(-0.03, 0.03)
        yield row


def _template(
    model: Any, fields: Sequence[Any], connection: Any, town: tuple[str, str, float, float], place: Any, now: datetime
) -> list[Any]:
    code, name, lng, lat = town
    row = model(ref=code, source=code, profile=PROFILE, state="ok", maker="合成厂", model="S-1", **place)
    row.location, row.lng, row.lat = f"{name}（合成）", lng, lat
    row.registered_at = row.changed_at = now - timedelta(days=30)
    return [field.get_db_prep_save(getattr(row, field.attname), connection) for field in fields]


def _insert(model: Any, rows: Iterator[list[Any]], count: int) -> int:
    from django.db import connection

    some = [row for _, row in zip(range(count), rows, strict=False)]
    table, names = model._meta.db_table, [f'"{field.column}"' for field in model._meta.concrete_fields]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.copy(f"COPY {table} ({', '.join(names)}) FROM STDIN") as copy:
                for row in some:
                    copy.write_row(row)
        else:
            marks = ", ".join(["%s"] * len(names))
            cursor.executemany(f"INSERT INTO {table} ({', '.join(names)}) VALUES ({marks})", some)  # noqa: S608
    return len(some)


@contextmanager
def _without_indexes(table: str, *, enough: bool) -> Iterator[None]:
    """SQLite builds its indexes afterwards: ten B-trees kept up to date row by row take ten times as long."""
    from django.db import connection

    if connection.vendor != "sqlite" or not enough:
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = %s AND sql IS NOT NULL", [table]
        )
        indexes = cursor.fetchall()
        for name, _ in indexes:
            cursor.execute(f'DROP INDEX "{name}"')
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            for _, sql in indexes:
                cursor.execute(sql)
