"""Working days and periods of time as Chinese law counts them: plain Python, no clock, no database."""

from wanghuo.engines.calendar.periods import DAY_UNITS, UNITS, DueAt, Length, due_at, moved_by_pause
from wanghuo.engines.calendar.workdays import WorkCalendar

__all__ = ["DAY_UNITS", "UNITS", "DueAt", "Length", "WorkCalendar", "due_at", "moved_by_pause"]
