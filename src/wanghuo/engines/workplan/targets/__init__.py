"""Targets: what a paper wants measured, with value, unit, comparison, scope, deadline and the words it stands in.

`find_targets(body)`: quantities are found first (`numerals`), then what each one is for: an aim, or history, a name, a
class of objects (`standing`); then its comparison, its metric and scope. Aims without a number and frequencies follow,
and the rows of indicator tables.
"""

from __future__ import annotations

from wanghuo.engines.workplan.targets.finding import find_targets

__all__ = ["find_targets"]
