"""What came by division and hour, counted as it comes in, so that no chart ever reads the rows behind it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import NamedTuple

from django.db import connection

from wanghuo.kernel.regions import codes


class Count(NamedTuple):
    """What is counted. `devices`: different ones."""

    messages: int = 0
    readings: int = 0
    alarms: int = 0
    devices: int = 0


_ADD = """INSERT INTO sensing_regionhour (region_code, hour, messages, readings, alarms, devices)
VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT (region_code, hour) DO UPDATE SET
messages = sensing_regionhour.messages + excluded.messages, readings = sensing_regionhour.readings + excluded.readings,
alarms = sensing_regionhour.alarms + excluded.alarms, devices = sensing_regionhour.devices + excluded.devices"""


def add(counts: Mapping[tuple[str, int], Count]) -> None:
    """Add to the rows of these (division, hour since 1970 UTC), and of every division above. For use in a transaction:
    that which moves what the counts follow from."""
    sums: dict[tuple[str, int], list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for (region, hour), count in counts.items():
        for code in (*codes.ancestors(region), region):
            row = sums[code, hour]
            for at, more in enumerate(count):
                row[at] += more
    if sums:
        with connection.cursor() as cursor:
            cursor.executemany(_ADD, [(region, hour, *row) for (region, hour), row in sorted(sums.items())])
