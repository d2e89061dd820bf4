"""What the rules propose: the classes of a unit, with reasons. A named person decides; both are kept (regulations
0.2.6)."""

from __future__ import annotations

import operator
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from wanghuo.base import Reason, Text, Verdict
from wanghuo.base.text import listing
from wanghuo.kernel.regions import codes
from wanghuo.modules.places import taxonomy

FIELD_NAMES = {
    "area_m2": Text("面积", "area"),
    "rooms": Text("客房/房间数", "rooms"),
    "beds": Text("床位数", "beds"),
    "seats": Text("座位数", "seats"),
    "pupils": Text("学生数", "pupils"),
    "employees": Text("从业人数", "workers"),
    "height_m": Text("建筑高度", "height"),
    "storeys": Text("层数", "storeys"),
    "mixed_use": Text("是否住宿与生产经营合用", "whether people live where they work"),
    "self_built": Text("是否自建房", "whether self-built"),
    "let_out": Text("是否出租", "whether let"),
}
HOLDS = Text("{test}（{source}）", "{test} ({source})")
CANNOT_TELL = Text("{test}：不知道{fields}，无法判断", "{test}: {fields} not known, cannot tell")
INDUSTRIAL = frozenset({"factory", "workshop", "warehouse", "power", "dangerous_goods", "construction_site"})


@dataclass(frozen=True, slots=True)
class Proposal:
    """What the rules say of one class: it applies (True), it does not (False), or they cannot tell (None)."""

    code: str
    holds: bool | None
    reasons: tuple[Reason, ...]


def classify(facts: Mapping[str, Any], region: str) -> Verdict[frozenset[str]]:
    """The classes the rules propose for a unit with these facts, in the order of the table.

    `facts`: the fields of a unit; None is unknown, and never counts as small (regulations 0.2.7).
    """
    found = proposals(facts, region)
    proposed = frozenset(p.code for p in found if p.holds)
    return Verdict(proposed, tuple(reason for p in found if p.holds for reason in p.reasons))


def proposals(facts: Mapping[str, Any], region: str) -> list[Proposal]:
    """What the rules say of every class that has tests in this region."""
    known = dict(facts)
    kind = str(known.get("kind", ""))
    known["gathering"], known["crowded"] = taxonomy.is_gathering(kind), taxonomy.is_crowded(kind)
    known["civil"] = kind not in INDUSTRIAL
    return [_proposal(c, known, region) for c in taxonomy.classes().values() if c.tests]


def _proposal(unit_class: taxonomy.UnitClass, facts: Mapping[str, Any], region: str) -> Proposal:
    hits, open_questions = [], []  # type: ignore[var-annotated]
    for test in unit_class.tests:
        if not codes.contains(test.region, region):
            continue
        unknown = _unknown(test, facts)
        if unknown is None:
            continue
        said = {"test": test.text, "source": unit_class.source, "fields": listing(unknown)}
        text, code = (CANNOT_TELL, "unknown") if unknown else (HOLDS, "holds")
        reason = Reason(f"places.{unit_class.code}.{code}", text, said, f"{test.mark} {unit_class.source}")
        (open_questions if unknown else hits).append(reason)
    if hits:
        return Proposal(unit_class.code, True, tuple(hits))
    return Proposal(unit_class.code, None if open_questions else False, tuple(open_questions))


def _unknown(test: taxonomy.Test, facts: Mapping[str, Any]) -> list[Text] | None:
    """The fields that keep the test from deciding; none: it holds; None: it fails whatever they are."""
    unknown = []
    for name, wanted in test.when.items():
        value = facts.get(name)
        if value is None or value == "":
            unknown.append(FIELD_NAMES.get(name, Text(name, name)))
        elif not _meets(value, wanted):
            return None
    # a yes-no nobody answered is no open question by itself: only numbers that decide are asked for
    if unknown and all(isinstance(test.when[n], bool) for n in test.when if facts.get(n) in (None, "")):
        return None
    return unknown


def _meets(value: Any, wanted: Any) -> bool:
    if isinstance(wanted, dict):
        return all(_BOUNDS[bound](value, limit) for bound, limit in wanted.items())
    return value in wanted if isinstance(wanted, list) else bool(value == wanted)


_BOUNDS = {"least": operator.ge, "above": operator.gt, "most": operator.le, "below": operator.lt}
