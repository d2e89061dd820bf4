"""Major hazards: proposed by one person, determined by a meeting. The software proposes; named people decide."""

from __future__ import annotations

from django.db import transaction

from wanghuo.base import Invalid, Text
from wanghuo.base.time import local_day
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.rulebook import rule
from wanghuo.modules.hazards.models import Hazard
from wanghuo.modules.hazards.services.moves import begin, finish
from wanghuo.modules.hazards.words import Grade

PEOPLE_RULE = "hazards.major_meeting_people"


@transaction.atomic
def propose_major(ref: str, *, reason: str, actor: Actor) -> Hazard:
    """Propose a hazard for review as major (提请重大隐患研判), naming the elements seen."""
    hazard, move = begin(ref, "propose_major", actor=actor)
    return finish(hazard, move, actor=actor, note=reason)


@transaction.atomic
def determine_major(ref: str, *, is_major: bool, people: list[str], minutes: str, actor: Actor) -> Hazard:
    """Record the decision of the collective meeting: who took part, and why.

    How many must take part is the rule hazards.major_meeting_people of the region on the day (GB 35181-2017 asked for three;
    the 2025 edition left the procedure out).
    """
    hazard, move = begin(ref, "determine" if is_major else "not_major", actor=actor)
    named = [name.strip() for name in people if name.strip()]
    needed = rule(PEOPLE_RULE, region=hazard.region_code, on=local_day(hazard.found_at)).value["people"]
    if len(named) < needed:
        raise Invalid(
            Text(
                "集体研究须有 {needed} 人以上参加，现填 {given} 人。",
                "{needed} people must take part; {given} are named.",
            ),
            field="people",
            needed=needed,
            given=len(named),
        )
    changed = {"grade": Grade.MAJOR if is_major else Grade.GENERAL}
    note = f"{'、'.join(named)}：{minutes}"
    return finish(hazard, move, actor=actor, changed=changed, note=note, after={"people": len(named)})
