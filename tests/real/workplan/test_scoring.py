"""The scorer itself: a paper compiled exactly as the sheet says scores full marks, and each spoilt field costs one."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from tests.real.workplan.scoring import Examination
from tests.real.workplan.sheets import Answered, all_sheets, load, readings
from wanghuo.engines.workplan.paper import Deadline, Flag, Item, Owner, Paper, Target


def day(value) -> date | None:
    text = readings(value)[0]
    return date.fromisoformat(text) if text else None


def as_answered(answered: Answered) -> Paper:
    """The paper that the sheet describes, without the entries that count neither way."""
    kinds = ("targets", "owners", "deadlines", "flags")
    asked = {kind: [e for e in answered.entries(kind) if not e.get("maybe")] for kind in kinds}
    numbers = {entry["path"]: no for no, entry in enumerate(answered.entries("items"), 1)}
    items = []
    for no, entry in enumerate(answered.entries("items"), 1):
        owners = tuple(
            Owner(readings(o["name"])[0], o["role"], o["start"], o["start"] + 2)
            for o in asked["owners"]
            if numbers[o["item"]] == no
        )
        deadlines = tuple(
            Deadline(
                "", readings(d["kind"])[0], day(d["from"]), day(d["to"]), d["frequency"], d["start"], d["start"] + 2
            )
            for d in asked["deadlines"]
            if numbers[d["item"]] == no
        )
        items.append(
            Item(no, entry["path"], "", "", entry["start"], entry["start"] + 1, owners=owners, deadlines=deadlines)
        )
    targets = tuple(
        Target(
            item=numbers[t["item"]],
            metric=t["metric"],
            op=readings(t["op"])[0],
            value=tuple(t["value"]) if isinstance(t["value"], list) else t["value"],
            unit=readings(t["unit"])[0],
            scope="",
            region="",
            deadline=day(t["deadline"]),
            frequency=t["frequency"],
            quote="",
            start=t["start"],
            end=t["start"] + t["length"],
            confidence=1.0,
            implied=t.get("implied", False),
        )
        for t in asked["targets"]
    )
    flags = tuple(
        Flag(numbers.get(f["item"], 0), f["kind"], (), "", f["start"], f["start"] + 1) for f in asked["flags"]
    )
    head = {name: readings(value)[0] for name, value in answered.sheet["head"].items() if name != "body_end"}
    period = (day(head["from"]), day(head["to"]))
    return Paper(
        head["title"],
        head["issuer"],
        head["number"],
        day(head["issued_on"]),
        period,
        head["region"],
        tuple(items),
        targets,
        flags,
    )


@pytest.fixture(params=all_sheets(), ids=lambda sheet: sheet.stem)
def answered(request) -> Answered:
    return load(request.param)


def test_what_the_sheet_says_scores_full_marks(answered) -> None:
    score = Examination(answered, as_answered(answered)).score
    assert {kind: tally.wrong for kind, tally in score.tallies().items()} == {kind: [] for kind in score.tallies()}
    assert all(tally.recall == tally.precision == 1 for tally in score.tallies().values())
    assert score.numeric.expected == sum(not (t.get("maybe") or t.get("implied")) for t in answered.entries("targets"))


@pytest.mark.parametrize(
    "spoil",
    [
        {"value": 77.5},
        {"unit": "没有的单位"},
        {"op": "<"},
        {"deadline": date(1999, 1, 1)},
        {"item": 3},
    ],
    ids=lambda spoil: next(iter(spoil)),
)
def test_a_spoilt_field_costs_one_target(spoil) -> None:
    answered = load(all_sheets()[0])
    paper = as_answered(answered)
    last = max(number for number, target in enumerate(paper.targets) if not target.implied)
    targets = tuple(replace(t, **spoil) if number == last else t for number, t in enumerate(paper.targets))
    score = Examination(answered, replace(paper, targets=targets)).score.numeric
    assert (score.expected - score.right, score.found - score.right) == (1, 1)


def test_a_missed_one_costs_recall_and_an_invented_one_precision() -> None:
    answered = load(all_sheets()[0])
    paper = as_answered(answered)
    numeric = [target for target in paper.targets if not target.implied]
    fewer = Examination(answered, replace(paper, targets=tuple(t for t in paper.targets if t != numeric[0]))).score
    assert (fewer.numeric.right, fewer.numeric.found) == (len(numeric) - 1, len(numeric) - 1)
    invented = replace(numeric[0], start=1, end=3)
    more = Examination(answered, replace(paper, targets=(*paper.targets, invented))).score
    assert (more.numeric.right, more.numeric.found) == (len(numeric), len(numeric) + 1)


def test_a_missed_item_and_a_false_one_are_told_apart() -> None:
    answered = load(all_sheets()[0])
    paper = as_answered(answered)
    items = (*paper.items[:-1], replace(paper.items[-1], start=paper.items[-1].start + 5))
    score = Examination(answered, replace(paper, items=items)).score.items
    assert (score.expected - score.right, score.found - score.right) == (1, 1)
