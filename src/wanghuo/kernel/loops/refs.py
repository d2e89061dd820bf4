"""References that people name: prefix, county, year and a number without gaps."""

from __future__ import annotations

import re

from django.db import connection, transaction

from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.loops.models import Counter
from wanghuo.kernel.regions import codes

_PREFIX = re.compile(r"[A-Z]{1,12}")
COUNTY_WIDTH = 6


def next_ref(prefix: str, region: str, year: int) -> str:
    """The next reference, such as YH-445281-2026-00017; to be asked for in the transaction that uses it.

    One statement takes the number and holds its row until the transaction ends: two takers wait for each other, and a
    transaction rolled back gives its number back. So each prefix, county and year counts 1, 2, 3 without a gap.
    Raises ValueError for a prefix that is not capital letters.
    """
    return next_refs(prefix, region, year, count=1)[0]


def next_refs(prefix: str, region: str, year: int, *, count: int) -> list[str]:
    """`count` references in a row, for imports. Raises ValueError when fewer than one is asked for."""
    if not _PREFIX.fullmatch(prefix) or count < 1:
        raise ValueError(f"a prefix is capital letters and a count at least 1, not {prefix!r}, {count}")
    place = codes.written(region[:COUNTY_WIDTH]) if region != codes.COUNTRY else "000000"
    table = Counter._meta.db_table
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} (prefix, region, year, last) VALUES (%s, %s, %s, %s) "  # noqa: S608
            f"ON CONFLICT (prefix, region, year) DO UPDATE SET last = {table}.last + excluded.last RETURNING last",
            [prefix, place, year, count],
        )
        last = cursor.fetchone()[0]
    return [f"{prefix}-{place}-{year}-{number:05d}" for number in range(last - count + 1, last + 1)]


def numbered(prefix: str, number: str, actor: Actor, most: int = 60) -> list[str]:
    """The references given so far that end with a number of four digits or more (`00017`), the newest years first, in
    the counties the actor works in; none for a text that is no such number. Which of them exist and may be seen is for
    the caller to ask."""
    if not (number.isascii() and number.isdigit() and 4 <= len(number) <= 9) or not int(number):
        return []
    rows = Counter.objects.filter(prefix=prefix, last__gte=int(number)).order_by("-year", "region")
    mine = [grant.region[:COUNTY_WIDTH] for grant in actor.grants]
    near = [row for row in rows if actor.is_system or any(codes.contains(place, row.region) for place in mine)]
    return [f"{prefix}-{row.region}-{row.year}-{int(number):05d}" for row in near[:most]]
