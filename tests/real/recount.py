"""The indicators computed a second time, from the files alone: csv, datetime and arithmetic, nothing of the product.

A period is given as two days, both included, on China's clock (UTC+8), because that is how the product's months run.
"""

from __future__ import annotations

import csv
import gzip
import tomllib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

CHINA = timezone(timedelta(hours=8))
LONDON = ZoneInfo("Europe/London")
MAPPINGS = Path(__file__).parent / "mappings"


@dataclass(frozen=True)
class Violation:
    """One violation item of Toronto; the deadline is 30 days after the opening."""

    region: str
    found: datetime
    due: datetime
    closed: datetime


@dataclass(frozen=True)
class Call:
    """One incident of London: when it was called in, seconds to the first pump (None: not recorded), false or not."""

    region: str
    received: datetime
    after_s: float | None
    false: bool


def region_map(mapping: str) -> dict[str, str]:
    """Which word of the file is which made-up region."""
    return tomllib.loads((MAPPINGS / mapping).read_text("utf-8"))["columns"]["region_code"]["map"]


def rows_of(path: Path) -> list[dict[str, str]]:
    """The rows of a csv.gz."""
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def violations(path: Path) -> list[Violation]:
    """Toronto's file."""
    wards = region_map("toronto_hazards.toml")
    found = []
    for row in rows_of(path):
        opened = datetime.fromisoformat(row["inspections_opendate"])
        closed = datetime.fromisoformat(row["inspections_closeddate"])
        found.append(Violation(wards[row["property_ward"]], opened, opened + timedelta(days=30), closed))
    return found


def calls(path: Path, code: str) -> list[Call]:
    """London's incidents with one stop code; their times are local."""
    boroughs = region_map("london_automatic_alarms.toml")
    found = []
    for row in rows_of(path):
        if row["stop_code_description"] == code:
            seconds = row["first_pump_arriving_attendance_time"]
            found.append(
                Call(
                    boroughs[row["borough_name"]],
                    datetime.fromisoformat(row["timestamp_of_call"]).replace(tzinfo=LONDON),
                    float(seconds) if seconds else None,
                    row["incident_group"] == "False Alarm",
                )
            )
    return found


def bounds(first: str, last: str) -> tuple[datetime, datetime]:
    """The first instant of the period and the first one after it."""
    start = datetime.combine(date.fromisoformat(first), datetime.min.time(), CHINA)
    end = datetime.combine(date.fromisoformat(last), datetime.min.time(), CHINA) + timedelta(days=1)
    return start, end


def _share(rows: Iterable, counted: Callable, among: Callable) -> tuple[float, float]:
    den = [row for row in rows if among(row)]
    return sum(1 for row in den if counted(row)), len(den)


def closing_rate(rows: list[Violation], start: datetime, end: datetime) -> tuple[float, float]:
    """Closed within the period ÷ open at its start or found within it."""
    return _share(rows, lambda v: start <= v.closed < end, lambda v: v.found < end and not v.closed < start)


def backlog_closing_rate(rows: list[Violation], start: datetime, end: datetime) -> tuple[float, float]:
    """Closed within the period ÷ open at its start, among those open at its start."""
    return _share(rows, lambda v: start <= v.closed < end, lambda v: v.found < start <= v.closed)


def on_time_rate(rows: list[Violation], start: datetime, end: datetime) -> tuple[float, float]:
    """Closed by the deadline ÷ deadlines within the period (all are past)."""
    return _share(rows, lambda v: v.closed <= v.due, lambda v: start <= v.due < end)


def open_count(rows: list[Violation], start: datetime, end: datetime) -> tuple[float, None]:
    """Open at the end of the period."""
    return sum(1 for v in rows if v.found < end <= v.closed), None


def false_share(rows: list[Call], start: datetime, end: datetime) -> tuple[float, float]:
    """False alarms ÷ alarms received in the period."""
    return _share(rows, lambda c: c.false, lambda c: start <= c.received < end)


def handling_time(rows: list[Call], start: datetime, end: datetime) -> tuple[float, float]:
    """Seconds to the first pump, summed ÷ calls that have them."""
    known = [c.after_s for c in rows if start <= c.received < end and c.after_s is not None]
    return sum(known), len(known)


def without_time(rows: list[Call], start: datetime, end: datetime) -> int:
    """Calls of the period whose attendance time is missing."""
    return sum(1 for c in rows if start <= c.received < end and c.after_s is None)
