"""Dated, regional rules with their sources: `rule(rule_id, region=…, on=…)` gives the one in force there on that
day.
"""

from wanghuo.kernel.rulebook.book import RuleMissing, explain, has_rule, rule, rules_across
from wanghuo.kernel.rulebook.packs import PackError, Rule
from wanghuo.kernel.rulebook.usage import Use, tell_uses

__all__ = ["PackError", "Rule", "RuleMissing", "Use", "explain", "has_rule", "rule", "rules_across", "tell_uses"]
