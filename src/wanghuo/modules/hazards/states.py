"""The life of a hazard, as data. Built on 消防监督检查规定 (120号令) arts 14-23 and regulations.md 1.6-1.7."""

from __future__ import annotations

from enum import StrEnum

from wanghuo.base import Machine, Move, Text


class HazardState(StrEnum):
    """Where a hazard stands."""

    REPORTED = "reported"
    SELF_FIXING = "self_fixing"
    VERIFIED = "verified"
    TRANSFERRED = "transferred"
    MAJOR_REVIEW = "major_review"
    MAJOR = "major"
    RECTIFYING = "rectifying"
    SUBMITTED = "submitted"
    OVERDUE = "overdue"
    ENFORCING = "enforcing"
    CLOSED = "closed"
    FIXED_ON_SPOT = "fixed_on_spot"
    DISMISSED = "dismissed"
    MERGED = "merged"


S = HazardState

_VERIFY = Text("核实", "verify")
_ORDER = Text("责令限期改正", "order rectification")
_SUBMIT = Text("申请复查", "ask for re-inspection")
_TRANSFER = Text("移送", "transfer")
_MAJOR = Text("提请重大隐患研判", "propose as major")
_MERGE = Text("并案", "merge")
_ON_SPOT = Text("当场改正", "fixed on the spot")

HAZARD = Machine(
    what=Text("隐患", "Hazard"),
    initial=S.REPORTED,
    names={
        S.REPORTED: Text("待核实", "awaiting verification"),
        S.SELF_FIXING: Text("自查自改中", "being fixed by the unit"),
        S.VERIFIED: Text("已核实", "verified"),
        S.TRANSFERRED: Text("已移送", "transferred"),
        S.MAJOR_REVIEW: Text("重大隐患研判中", "under review as major"),
        S.MAJOR: Text("重大隐患已立案", "determined as major"),
        S.RECTIFYING: Text("整改中", "being rectified"),
        S.SUBMITTED: Text("待复查", "awaiting re-inspection"),
        S.OVERDUE: Text("逾期未改", "not rectified in time"),
        S.ENFORCING: Text("执法处置中", "under enforcement"),
        S.CLOSED: Text("已销案", "closed"),
        S.FIXED_ON_SPOT: Text("当场改正", "fixed on the spot"),
        S.DISMISSED: Text("不属实", "dismissed"),
        S.MERGED: Text("已并案", "merged"),
    },
    moves=(
        Move("verify", S.REPORTED, S.VERIFIED, "hazards.verify", _VERIFY),
        Move("dismiss", S.REPORTED, S.DISMISSED, "hazards.verify", Text("判为不属实", "dismiss")),
        Move("fix_on_spot", S.REPORTED, S.FIXED_ON_SPOT, "hazards.verify", _ON_SPOT),
        Move("self_fix", S.REPORTED, S.SELF_FIXING, "hazards.rectify", Text("自行整改", "fix it ourselves")),
        Move("transfer", S.REPORTED, S.TRANSFERRED, "hazards.transfer", _TRANSFER),
        Move("merge", S.REPORTED, S.MERGED, "hazards.verify", _MERGE),
        Move("submit", S.SELF_FIXING, S.SUBMITTED, "hazards.rectify", _SUBMIT),
        Move("order", S.SELF_FIXING, S.RECTIFYING, "hazards.order", _ORDER),
        Move("order", S.VERIFIED, S.RECTIFYING, "hazards.order", _ORDER),
        Move("fix_on_spot", S.VERIFIED, S.FIXED_ON_SPOT, "hazards.verify", _ON_SPOT),
        Move("propose_major", S.VERIFIED, S.MAJOR_REVIEW, "hazards.verify", _MAJOR),
        Move("transfer", S.VERIFIED, S.TRANSFERRED, "hazards.transfer", _TRANSFER),
        Move("merge", S.VERIFIED, S.MERGED, "hazards.verify", _MERGE),
        Move("reply", S.TRANSFERRED, S.SUBMITTED, "hazards.transfer", Text("登记处理结果", "record the result")),
        Move("take_back", S.TRANSFERRED, S.VERIFIED, "hazards.transfer", Text("退回本单位办理", "take back")),
        Move("determine", S.MAJOR_REVIEW, S.MAJOR, "hazards.determine", Text("认定为重大隐患", "determine as major")),
        Move("not_major", S.MAJOR_REVIEW, S.VERIFIED, "hazards.determine", Text("不构成重大隐患", "not major")),
        Move("order", S.MAJOR, S.RECTIFYING, "hazards.order", _ORDER),
        Move("submit", S.RECTIFYING, S.SUBMITTED, "hazards.rectify", _SUBMIT),
        Move("recheck", S.RECTIFYING, S.SUBMITTED, "hazards.reinspect", Text("到期复查", "re-inspect at expiry")),
        Move("extend", S.RECTIFYING, S.RECTIFYING, "hazards.extend", Text("批准延期", "extend")),
        Move("propose_major", S.RECTIFYING, S.MAJOR_REVIEW, "hazards.verify", _MAJOR),
        Move("pass", S.SUBMITTED, S.CLOSED, "hazards.reinspect", Text("复查合格", "pass")),
        Move("part", S.SUBMITTED, S.RECTIFYING, "hazards.reinspect", Text("部分整改", "partly done")),
        Move("fail", S.SUBMITTED, S.OVERDUE, "hazards.reinspect", Text("复查不合格", "fail")),
        Move("submit", S.OVERDUE, S.SUBMITTED, "hazards.rectify", _SUBMIT),
        Move("enforce", S.OVERDUE, S.ENFORCING, "hazards.order", Text("转执法处置", "enforce")),
        Move("propose_major", S.OVERDUE, S.MAJOR_REVIEW, "hazards.verify", _MAJOR),
        Move("submit", S.ENFORCING, S.SUBMITTED, "hazards.rectify", _SUBMIT),
        Move(
            "recheck", S.ENFORCING, S.SUBMITTED, "hazards.reinspect", Text("处置后复查", "re-inspect after enforcement")
        ),
        Move("reopen", S.CLOSED, S.VERIFIED, "hazards.verify", Text("复发重开", "reopen as relapsed")),
    ),
)


class ListingState(StrEnum):
    """Where a listing (挂牌督办) stands."""

    LISTED = "listed"
    DELISTED = "delisted"


LISTING = Machine(
    what=Text("挂牌督办", "Listing"),
    initial=ListingState.LISTED,
    names={ListingState.LISTED: Text("挂牌中", "listed"), ListingState.DELISTED: Text("已摘牌", "delisted")},
    moves=(Move("delist", ListingState.LISTED, ListingState.DELISTED, "hazards.list", Text("摘牌", "delist")),),
)

# The final states in which a hazard counts as dealt with; dismissed and merged ones never were one of their own
DONE = (S.CLOSED, S.FIXED_ON_SPOT)
OPEN = tuple(S(state) for state in HAZARD.open_states() if state != S.CLOSED)
