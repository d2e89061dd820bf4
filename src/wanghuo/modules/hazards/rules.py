"""Decisions about a hazard that need no table: pure, and each says why."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from wanghuo.base import Invalid, Reason, Text, Verdict
from wanghuo.modules.hazards.words import LEVELS, Channel, Level, Urgency

# The rule whose clock runs while a new hazard waits to be verified
VERIFY_RULES = {
    (Channel.COMPLAINT, Urgency.EXITS): "hazards.verify_exits",
    (Channel.COMPLAINT, Urgency.ORDINARY): "hazards.verify_complaint",
}
VERIFY_DEFAULT = "hazards.verify"
NOTICE_RULE = "hazards.notice"
RECHECK_RULE = "hazards.recheck"
RECTIFY_RULE = "hazards.rectify"
REPLY_RULE = "hazards.transfer_reply"
MAJOR_RULE = "hazards.major_study"
LISTING_RULE = "hazards.listing"

LEVEL_WIDTHS = {"province": 2, "city": 4, "county": 6, "town": 9}


class DueDateInPast(Invalid):
    """A deadline that has passed cannot be set."""

    code = "hazards.due_date_in_past"
    text = Text(
        "期限 {due_at:%Y-%m-%d %H:%M} 已过，请选择以后的时间。",
        "The deadline {due_at:%Y-%m-%d %H:%M} has passed; choose a later one.",
    )


class NotLater(Invalid):
    """An extension must move the deadline back."""

    code = "hazards.extension_not_later"
    text = Text(
        "新期限须晚于原期限 {old:%Y-%m-%d %H:%M}。", "The new deadline must be later than {old:%Y-%m-%d %H:%M}."
    )


class SecondOfficerMissing(Invalid):
    """Two officers check and serve (120号令 art 14; recorded by name)."""

    code = "hazards.second_officer_missing"
    text = Text(
        "检查须由两名以上人员进行，请填写另一名检查人。", "At least two officers must take part; name the second one."
    )


class FixerMayNotClose(Invalid):
    """Who put the hazard right, or asked for the check, does not judge the result."""

    code = "hazards.fixer_may_not_close"
    status = 403
    text = Text(
        "申请复查的人不能判定复查结果；请由其他检查人办理。",
        "Whoever asked for the re-inspection may not judge it; another officer must.",
    )


class EvidenceMissing(Invalid):
    """Some acts must be proved by photographs."""

    code = "hazards.evidence_missing"
    text = Text("请至少上传一张{label}照片。", "Upload at least one photograph ({label}).")


class FoundInFuture(Invalid):
    """A hazard cannot be found tomorrow."""

    code = "hazards.found_in_future"
    text = Text("发现时间不能晚于现在。", "The time of finding cannot lie in the future.")


class AboveOwnLevel(Invalid):
    """A body lists at its own level or below, never above (regulations.md 0.5)."""

    code = "hazards.above_own_level"
    status = 403
    text = Text(
        "不能以{level}名义挂牌：超出你的区划层级。",
        "You cannot list in the name of the {level}: it is above your own level.",
    )


def verify_rule(channel: str, urgency: str) -> Verdict[str]:
    """Which verification clock a hazard runs on.

    Source: 120号令 art 18 for complaints; for the other channels the clock is ours (params/rules).
    """
    rule_id = VERIFY_RULES.get((Channel(channel), Urgency(urgency)), VERIFY_DEFAULT)
    text = Text("按发现渠道与内容确定核实时限", "the verification clock follows the channel and the matter")
    return Verdict(rule_id, (Reason("hazards.verify_clock", text, {"channel": channel}, "120号令 18"),))


def check_deadline(due_at: datetime, now: datetime) -> None:
    """Raise DueDateInPast unless `due_at` lies after `now`."""
    if due_at <= now:
        raise DueDateInPast(field="due_at", due_at=due_at)


def check_second_officer(name: str) -> str:
    """The second officer's name, stripped. Raises SecondOfficerMissing."""
    if not name.strip():
        raise SecondOfficerMissing(field="second_officer")
    return name.strip()


def check_judge(judge: int | None, submitted_by: int | None) -> None:
    """Raise FixerMayNotClose when the judge is the one who asked for the check."""
    if judge is not None and judge == submitted_by:
        raise FixerMayNotClose()


def check_evidence(labels: Collection[str], *, needed: str, name: Text) -> None:
    """Raise EvidenceMissing when no photograph carries the label `needed`."""
    if needed not in labels:
        raise EvidenceMissing(field="photos", label=name)


def check_listing_level(level: str, region: str) -> None:
    """Raise AboveOwnLevel when a body of `region` would list at a level above its own."""
    width = 0 if region == "0" else len(region)
    if LEVEL_WIDTHS[level] < width:
        raise AboveOwnLevel(field="level", level=LEVELS[Level(level)])


@dataclass(frozen=True, slots=True)
class Likeness:
    """How close an earlier hazard is to a new one."""

    same_item: bool
    days_apart: int


def looks_the_same(likeness: Likeness, *, within_days: int = 90) -> bool:
    """Whether the two are offered for merging: same place, same item, within 90 days (ux.md 4.2). Never merged alone."""
    return likeness.same_item and likeness.days_apart <= within_days
