from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from wanghuo.kernel.loops import calendars
from wanghuo.kernel.rulebook import PackError
from wanghuo.kernel.rulebook.book import Book
from wanghuo.kernel.rulebook.packs import read_pack

PACK = """[pack]
id = "year"
title = ["放假安排", "holidays"]
region = "0"
version = "1"

[[rule]]
id = "calendar.2027"
title = ["2027 年放假安排", "holidays of 2027"]
value = { year = 2027, holidays = [2027-01-01], workdays = [2027-01-03] }
source = "国务院办公厅通知"
mark = "C"
clause = "放假安排"
valid_from = 2026-11-01
"""


def calendar_of(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, pack: str):
    file = tmp_path / "year.toml"
    file.write_text(pack, "utf-8")
    monkeypatch.setattr(calendars, "book", lambda: Book([read_pack(file, own=True)]))
    return calendars.work_calendar.__wrapped__()


def test_a_deployment_adds_a_year_by_a_rule(monkeypatch, tmp_path) -> None:
    found = calendar_of(monkeypatch, tmp_path, PACK)
    assert found.knows(date(2027, 6, 1))
    assert not found.is_workday(date(2027, 1, 1))
    assert found.is_workday(date(2027, 1, 3))
    assert not found.is_workday(date(2026, 10, 1))


def test_a_year_that_does_not_hold_together_is_refused(monkeypatch, tmp_path) -> None:
    with pytest.raises(PackError, match=r"year\.toml:7"):
        calendar_of(monkeypatch, tmp_path, PACK.replace("2027-01-03", "2028-01-03"))
