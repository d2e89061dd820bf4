"""What hazards are measured by: each number, and the list behind it, hold the same records."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
import time_machine

from wanghuo.base.time import CHINA
from wanghuo.kernel.accounts.testing import actor, client_for, make_user
from wanghuo.kernel.indicators import Period, compute, indicator
from wanghuo.modules.hazards.models import Hazard
from wanghuo.modules.hazards.testing import HazardFactory

NOW = datetime(2026, 7, 20, 12, tzinfo=CHINA)
JULY = Period.month(2026, 7)
COUNTY = "445281"


def hazard(found_days: int, closed_days: int | None = None, **fields) -> Hazard:
    """One found so many days ago and, with `closed_days`, closed so many days ago."""
    known: dict = {"found_at": NOW - timedelta(days=found_days), "grade": "major", "state": "rectifying"}
    if closed_days is not None:
        known |= {"state": "closed", "closed_at": NOW - timedelta(days=closed_days)}
    return HazardFactory(**{**known, **fields})


@pytest.fixture
def july():
    """Three major ones open on 1 July, of which one was closed in July and one in June; and others beside."""
    with time_machine.travel(NOW, tick=False):
        hazard(60, 5)
        hazard(50, listed=True)
        hazard(40)
        hazard(40, 30)  # closed in June: not open at the start
        hazard(10)  # found in July: not in the backlog
        hazard(45, 4, grade="general")
        hazard(45, state="dismissed")
        yield


@pytest.mark.django_db
@pytest.mark.usefixtures("july")
@pytest.mark.parametrize(
    ("code", "num", "den", "value"),
    [
        ("hazards.major_closing_rate", 1, 3, 100 / 3),
        ("hazards.listing_rate", 1, 3, 100 / 3),
        ("hazards.major_open", 3, None, 3),
        ("hazards.found", 1, None, 1),
        ("hazards.closed", 2, None, 2),
    ],
)
def test_numbers_and_the_lists_behind_them_agree(code: str, num: int, den: int | None, value: float) -> None:
    found = compute(code, COUNTY, JULY, now=NOW)
    assert found.value == pytest.approx(value)
    reader = actor("brigade_leader", COUNTY)
    client = client_for(make_user("leader", "brigade_leader", COUNTY))
    records = indicator(code).records
    expected = {"num": num} | ({"den": den, "gap": den - num} if den is not None else {})
    for part, count in expected.items():
        page = client.get(records(reader, COUNTY, JULY, part)).content.decode()
        assert page.count("data-row ") == count, part


@pytest.mark.django_db
def test_complaints_and_rechecks_are_measured_by_their_clocks() -> None:
    from wanghuo.kernel.loops import start_clock, stop_clock
    from wanghuo.modules.hazards.selectors import subject_of

    with time_machine.travel(NOW, tick=False):
        for number, rule in enumerate(("hazards.verify_complaint", "hazards.verify_complaint", "hazards.recheck")):
            row = hazard(15)
            start, due = NOW - timedelta(days=15), NOW - timedelta(days=10)
            start_clock(subject_of(row), rule=rule, start=start, due_at=due, move="verify")
            late = number == 1
            stop_clock("hazard", row.id, rule=rule, at=due + timedelta(days=1) if late else start)
        assert compute("hazards.complaint_on_time_rate", COUNTY, JULY, now=NOW).value == 50
        assert compute("hazards.recheck_on_time_rate", COUNTY, JULY, now=NOW).value == 100
