"""The ladder as data: which rungs there are, when each is reached, and who must answer it (rule `loops.ladder`).

A rule may have a ladder of its own, called `loops.ladder.<rule id>`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from wanghuo.base import Text
from wanghuo.base.time import local_day
from wanghuo.engines.calendar import Length, due_at
from wanghuo.kernel.loops.calendars import work_calendar
from wanghuo.kernel.rulebook import has_rule, rule

LADDER = "loops.ladder"


@dataclass(frozen=True, slots=True)
class Rung:
    """One rung. `after`: how long after the one before (the first: after the deadline); `answer`: how long whoever
    must answer has.

    `right`, `level`: who must answer; an empty right means whoever owes the act itself.
    """

    code: str
    name: Text
    after: Length
    answer: Length
    right: str
    level: str


@dataclass(frozen=True, slots=True)
class Steps:
    """The rungs of one ladder, from the lowest up."""

    rungs: tuple[Rung, ...]

    def next_at(self, climbed: int, since: datetime) -> datetime | None:
        """When the rung after `climbed` rungs is due, counted from `since`; None at the top."""
        if climbed >= len(self.rungs):
            return None
        return due_at(since, self.rungs[climbed].after, work_calendar()).at


def steps_for(rule_id: str, *, region: str, at: datetime) -> Steps:
    """The ladder that a clock of `rule_id` climbs in `region`, by the rule in force on the day of `at`."""
    on = local_day(at)
    own = f"{LADDER}.{rule_id}"
    name = own if has_rule(own, region=region, on=on) else LADDER
    return Steps(tuple(_rung(step) for step in rule(name, region=region, on=on).value["steps"]))


def _rung(step: Mapping[str, Any]) -> Rung:
    return Rung(
        code=step["rung"],
        name=Text(*step["name"]),
        after=Length.of(step["after"]),
        answer=Length.of(step["answer"]),
        right=step["right"],
        level=step["level"],
    )
