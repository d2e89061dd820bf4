"""The work calendar of this deployment: the packaged table, and the years that rules `calendar.<year>` add or correct.

Such a rule's value: `{ year = 2027, holidays = [2027-01-01, …], workdays = [2027-01-30, …] }`, from the State
Council's notice.
"""

from __future__ import annotations

import re
from functools import cache

from wanghuo.base import Text
from wanghuo.engines.calendar import WorkCalendar
from wanghuo.kernel.rulebook import PackError
from wanghuo.kernel.rulebook.book import book

_YEAR = re.compile(r"calendar\.\d{4}")


@cache
def work_calendar() -> WorkCalendar:
    """The calendar, read once a process. Raises PackError when a year's table does not hold together."""
    calendar = WorkCalendar.china()
    for rule_id, versions in book().by_id.items():
        if not _YEAR.fullmatch(rule_id):
            continue
        rule = versions[0]
        try:
            calendar = calendar.with_year(rule.value["year"], rule.value["holidays"], rule.value.get("workdays", ()))
        except (KeyError, ValueError, AttributeError, TypeError) as error:
            raise PackError(faults=Text(f"{rule.file}:{rule.row} {error}", f"{rule.file}:{rule.row} {error}")) from None
    return calendar
