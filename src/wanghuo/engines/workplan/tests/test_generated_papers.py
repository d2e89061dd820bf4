"""Papers with known answers, in randomised numbering, punctuation, line ends, numerals and wording, are recovered exactly."""

from __future__ import annotations

import re

from hypothesis import HealthCheck, given, settings

from wanghuo.engines.workplan import compile_paper
from wanghuo.engines.workplan.tests.generating import ExpectedTarget, GeneratedPaper, chinese, describe, papers

often = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def marks(path: str) -> str:
    """A path by its marks: widths and stops do not count, nor do the running numbers of paragraphs."""
    path = path.replace("（", "(").replace("）", ")")
    return "/".join(re.sub(r"^第|[章节]$|[、.﹒．\s]", "", re.sub(r"¶\d*", "¶", part)) for part in path.split("/"))


def fits(wanted: ExpectedTarget, found, paper) -> bool:
    value = found.value if isinstance(found.value, tuple) else float(found.value)
    expected = wanted.value if isinstance(wanted.value, tuple) else float(wanted.value)
    return (
        wanted.item in (0, paper.items[found.item - 1].start)
        and found.op in wanted.ops
        and value == expected
        and found.unit.replace("％", "%") in wanted.units
        and found.deadline in wanted.deadlines
    )


def own_items(generated: GeneratedPaper, paper) -> list:
    """The items of the paper itself, without a covering letter's and without a table's own."""
    return [item for item in paper.items if item.start >= generated.begins and item.start != generated.table]


def test_chinese_numbers_of_the_generator() -> None:
    written = {
        3: "三",
        10: "十",
        12: "十二",
        20: "二十",
        105: "一百零五",
        110: "一百一十",
        999: "九百九十九",
        2004: "二千零四",
    }
    assert {number: chinese(number) for number in written} == written


@often
@given(papers())
def test_the_head_and_every_item_are_found_once_in_order(generated: GeneratedPaper) -> None:
    paper = compile_paper(generated.text)
    assert [(item.start, marks(item.path)) for item in own_items(generated, paper)] == [
        (item.start, marks(item.path)) for item in generated.items
    ], generated.text
    assert paper.title == generated.title
    head = (generated.issuer, generated.number, generated.issued_on)
    assert (paper.issuer, paper.number, paper.issued_on) == head or not generated.number, generated.text


@often
@given(papers())
def test_every_target_is_found_and_nothing_else(generated: GeneratedPaper) -> None:
    paper = compile_paper(generated.text)
    left = list(paper.targets)
    for wanted in generated.targets:
        found = next((t for t in left if t.implied == wanted.implied and fits(wanted, t, paper)), None)
        assert found is not None, f"{wanted}\n{generated.text}\n{describe(paper)}"
        left.remove(found)
    assert left == [], f"{generated.text}\n{describe(paper)}"


@often
@given(papers())
def test_every_deadline_is_found_and_nothing_else(generated: GeneratedPaper) -> None:
    paper = compile_paper(generated.text)
    for wanted, item in zip(generated.items, own_items(generated, paper), strict=True):
        dated = [deadline for deadline in item.deadlines if deadline.kind != "vague"]
        assert {deadline.last for deadline in dated if not deadline.frequency} == wanted.deadlines, item.text
        assert {deadline.frequency for deadline in dated if deadline.frequency} == wanted.frequencies, item.text


@often
@given(papers())
def test_every_owner_is_found_and_nothing_else(generated: GeneratedPaper) -> None:
    paper = compile_paper(generated.text)
    for wanted, item in zip(generated.items, own_items(generated, paper), strict=True):
        assert {(owner.name, owner.role) for owner in item.owners} == wanted.owners, item.text


@often
@given(papers())
def test_every_span_lies_in_the_text_and_says_what_it_quotes(generated: GeneratedPaper) -> None:
    paper = compile_paper(generated.text)
    for target in paper.targets:
        assert generated.text[target.start : target.end] == target.quote
        item = paper.items[target.item - 1]
        assert item.start <= target.start < target.end <= item.end
    for item in paper.items:
        for part in (*item.owners, *item.deadlines, *item.actions):
            assert item.start <= part.start < part.end <= item.end
