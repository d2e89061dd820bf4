"""What can be done to a hazard: one function, one act of the field."""

from wanghuo.modules.hazards.services.checking import judge_recheck, start_recheck
from wanghuo.modules.hazards.services.evidence import add_evidence
from wanghuo.modules.hazards.services.major import determine_major, propose_major
from wanghuo.modules.hazards.services.rectifying import enforce, extend, order_rectification, self_fix, submit
from wanghuo.modules.hazards.services.reporting import dismiss, fix_on_spot, merge, reopen, report_hazard, verify
from wanghuo.modules.hazards.services.supervision import delist, list_hazard, publish, withdraw
from wanghuo.modules.hazards.services.transferring import record_reply, take_back, transfer

__all__ = [
    "add_evidence",
    "delist",
    "determine_major",
    "dismiss",
    "enforce",
    "extend",
    "fix_on_spot",
    "judge_recheck",
    "list_hazard",
    "merge",
    "order_rectification",
    "propose_major",
    "publish",
    "record_reply",
    "reopen",
    "report_hazard",
    "self_fix",
    "start_recheck",
    "submit",
    "take_back",
    "transfer",
    "verify",
    "withdraw",
]
