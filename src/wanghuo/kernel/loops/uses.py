"""What the rulebook tells about rules that clocks run by."""

from __future__ import annotations

from wanghuo.base import Text
from wanghuo.kernel.loops.models import Clock
from wanghuo.kernel.rulebook import Use, tell_uses


def clock_uses(rule_id: str) -> list[Use]:
    """How many clocks run by a rule now."""
    running = Clock.objects.filter(rule=rule_id, ended_at=None).count()
    return [Use(Text("正在走的时钟", "clocks running by it"), running)] if running else []


tell_uses("loops", clock_uses)
