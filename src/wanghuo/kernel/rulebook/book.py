"""The rulebook: all packs together, and which rule holds where and when."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources
from pathlib import Path

from django.conf import settings

from wanghuo.base import NotFound, Text
from wanghuo.kernel.regions import codes
from wanghuo.kernel.rulebook.packs import Pack, PackError, Rule, read_pack

WHAT = Text("规则", "Rule")


class RuleMissing(NotFound):
    """No pack states this rule for that place and day."""

    code = "rulebook.rule_missing"
    text = Text("没有规则 {ref}（区划 {region}，{on}）。", "There is no rule {ref} for region {region} on {on}.")

    def __init__(self, *, ref: str, region: str, on: date) -> None:
        super().__init__(what=WHAT, ref=ref)
        self.known |= {"region": region, "on": on.isoformat()}


@dataclass(frozen=True, slots=True)
class Candidate:
    """A rule that was considered, and why it did or did not decide."""

    rule: Rule
    decides: bool
    reason: Text


DECIDES = Text("生效：区划最近且在有效期内", "in force: the nearest region, within its dates")
ELSEWHERE = Text("不适用于该区划", "holds in another region")
NOT_YET = Text("当日尚未生效", "not yet in force on that day")
ENDED = Text("当日已失效", "no longer in force on that day")
OVERRIDDEN = Text("被“{pack}”覆盖", "overridden by “{pack}”")


class Book:
    """All rules of some packs."""

    def __init__(self, packs: Iterable[Pack]) -> None:
        self.packs: dict[str, Pack] = {}
        self.by_id: dict[str, list[Rule]] = {}
        for pack in packs:
            if pack.id in self.packs:
                both = Text(
                    f"{pack.file} 与 {self.packs[pack.id].file} 同名：{pack.id}",
                    f"{pack.file}, {self.packs[pack.id].file}: both {pack.id}",
                )
                raise PackError(faults=both)
            self.packs[pack.id] = pack
            for each in pack.rules:
                self.by_id.setdefault(each.id, []).append(each)
        for rules in self.by_id.values():
            rules.sort(key=_precedence)

    def find(self, rule_id: str, region: str, on: date) -> Rule | None:
        """The rule in force for `region` on the day `on`: of the nearest region; there, of the deployment before the
        product.
        """
        return next(
            (r for r in self.by_id.get(rule_id, ()) if codes.contains(r.region, region) and r.in_force(on)), None
        )

    def across(self, rule_id: str, on: date) -> dict[str, Rule]:
        """The regions that have a rule of their own in force on the day `on`, each with it; what lies below and has none follows
        the nearest above.
        """
        regions = {r.region for r in self.by_id.get(rule_id, ())}
        found = {region: self.find(rule_id, region, on) for region in sorted(regions)}
        return {region: each for region, each in found.items() if each is not None and each.region == region}

    def explain(self, rule_id: str, region: str, on: date) -> list[Candidate]:
        """Every version of a rule with its reason, the one that decides first."""
        chosen = self.find(rule_id, region, on)
        found = [Candidate(r, r is chosen, self._reason(r, chosen, region, on)) for r in self.by_id.get(rule_id, ())]
        return sorted(found, key=lambda c: not c.decides)

    def _reason(self, each: Rule, chosen: Rule | None, region: str, on: date) -> Text:
        if each is chosen:
            return DECIDES
        if not codes.contains(each.region, region):
            return ELSEWHERE
        if on < each.valid_from:
            return NOT_YET
        if not each.in_force(on):
            return ENDED
        assert chosen is not None
        return OVERRIDDEN.filled({"pack": self.packs[chosen.pack].title})


def _precedence(rule: Rule) -> tuple[int, int, int]:
    width = 0 if rule.region == codes.COUNTRY else len(rule.region)
    return -width, not rule.own, -rule.valid_from.toordinal()


@cache
def book() -> Book:
    """The rulebook of this deployment, read once a process. Raises PackError."""
    packaged = sorted(
        (f for f in (resources.files("wanghuo.params") / "rules").iterdir() if f.name.endswith(".toml")),
        key=lambda f: f.name,
    )
    own = sorted((Path(settings.HOME) / "rules").glob("*.toml"))
    return Book([*(read_pack(f) for f in packaged), *(read_pack(f, own=True) for f in own)])


def rule(rule_id: str, *, region: str, on: date) -> Rule:
    """The rule in force for `region` on the day of the event `on`. Raises RuleMissing."""
    found = book().find(rule_id, region, on)
    if found is None:
        raise RuleMissing(ref=rule_id, region=region, on=on)
    return found


def has_rule(rule_id: str, *, region: str, on: date) -> bool:
    """Whether some pack states the rule there on that day."""
    return book().find(rule_id, region, on) is not None


def rules_across(rule_id: str, *, on: date) -> dict[str, Rule]:
    """The regions with a rule of their own in force on that day, each with it: for what selects rows of the whole country."""
    return book().across(rule_id, on)


def explain(rule_id: str, *, region: str, on: date) -> list[Candidate]:
    """Every version of a rule, and why it decides for that region and day or not."""
    return book().explain(rule_id, region, on)
