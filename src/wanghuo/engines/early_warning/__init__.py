"""Early warning: what a circuit, a pipe or a room does before it alarms. See docs/engines/early_warning.md."""

from wanghuo.engines.early_warning.normal import Normal
from wanghuo.engines.early_warning.rise import RiseParams, first_rise
from wanghuo.engines.early_warning.standing import Level, StandingParams, judge

__all__ = ["Level", "Normal", "RiseParams", "StandingParams", "first_rise", "judge"]
