"""Trying the alarm logic out on a made-up region whose truth is known.

`make_world(WorldParams(), seed)` gives events with their causes; `run(world, policy, people)` plays them to a `Desk` with operators and
units who answer as `People` says, beside two baselines, and counts what operators saw, which fires were missed and how late each came.
The labels are synthetic: a trial compares figures with figures, it does not say how a real region would fare.
"""

from wanghuo.engines.alarm_logic.trial.running import Outcome, People, run
from wanghuo.engines.alarm_logic.trial.world import CAUSE_NAMES, Cause, World, WorldParams, make_world

__all__ = ["CAUSE_NAMES", "Cause", "Outcome", "People", "World", "WorldParams", "make_world", "run"]
