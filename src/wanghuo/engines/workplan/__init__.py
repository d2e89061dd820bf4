"""Policy papers understood: outline, owners, dates and targets, each with its place in the text.

`compile_paper(text)` gives a `Paper`; `compare(upper, lower)` tells what a lower level's paper leaves out or weakens.
Plain rules over Chinese numerals, units, dates and document structure; no network, no language model.
"""

from __future__ import annotations

from wanghuo.engines.workplan.comparing import Comparison, compare
from wanghuo.engines.workplan.compiling import compile_paper
from wanghuo.engines.workplan.paper import Action, Deadline, Flag, Item, Owner, Paper, Target

__all__ = ["Action", "Comparison", "Deadline", "Flag", "Item", "Owner", "Paper", "Target", "compare", "compile_paper"]
