"""An upper and a lower paper: what is covered, left out, weakened or turned round."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wanghuo.engines.workplan.comparing import Row, compare, likeness
from wanghuo.engines.workplan.paper import Action, Item, Op, Paper, Target


def target(
    metric: str,
    op: Op,
    value: float,
    unit: str,
    *,
    deadline: date | None = None,
    frequency: str = "",
    soft: bool = False,
    scope: str = "",
) -> Target:
    return Target(1, metric, op, value, unit, scope, "", deadline, frequency, metric, 0, len(metric), 0.9, soft)


def paper(*targets: Target, region: str = "云岭省", items: tuple[Item, ...] = ()) -> Paper:
    return Paper("要点", "", "", None, (date(2024, 1, 1), date(2024, 12, 31)), region, items, targets)


def only(upper: Target, *lower: Target, region: str = "云岭省") -> Row:
    (row,) = compare(paper(upper), paper(*lower, region=region)).rows
    return row


RATE = target("市政消火栓完好率", ">=", 95, "%", deadline=date(2024, 12, 31))


@pytest.mark.parametrize(
    ("lower", "verdict"),
    [
        (target("市政消火栓完好率", ">=", 96, "%"), "covered"),
        (target("消火栓完好率", "==", 100, "%"), "covered"),
        (target("市政消火栓完好率", ">=", 90, "%"), "weaker"),
        (target("市政消火栓完好率", "<=", 90, "%"), "contradicting"),
        (target("市政消火栓完好率", ">=", 95, "%", deadline=date(2025, 6, 30)), "weaker"),
        (target("市政消火栓完好率", ">=", 95, "%", soft=True), "weaker"),
        (target("群众满意度", ">=", 95, "%"), "missing"),
        (target("市政消火栓完好率", ">=", 95, "个"), "missing"),
    ],
)
def test_verdicts(lower: Target, verdict: str) -> None:
    row = only(RATE, lower)
    assert row.verdict == verdict
    assert row.reason.zh
    assert row.reason.en
    assert (row.lower is None) == (verdict == "missing")


def test_a_smaller_count_of_a_lower_region_is_its_share() -> None:
    upper = target("新增市政消火栓", ">=", 8000, "个")
    assert only(upper, target("新增市政消火栓", ">=", 900, "个"), region="南江市").verdict == "covered"
    assert only(upper, target("新增市政消火栓", ">=", 900, "个")).verdict == "weaker"
    each = target("微型消防站人数", ">=", 6, "人", scope="每个小区")
    assert only(each, target("微型消防站人数", ">=", 4, "人", scope="每个小区"), region="南江市").verdict == "weaker"


def test_frequencies_count_by_the_year() -> None:
    upper = target("拉动演练", ">=", 1, "次", frequency="quarter")
    assert only(upper, target("拉动演练", ">=", 4, "次", frequency="year")).verdict == "covered"
    assert only(upper, target("拉动演练", ">=", 1, "次", frequency="half_year")).verdict == "weaker"


def test_stages_of_one_metric_find_their_own_answers() -> None:
    first = target("消火栓联网比例", ">=", 33, "%", deadline=date(2024, 6, 30))
    last = target("消火栓联网比例", ">=", 100, "%", deadline=date(2024, 12, 31))
    rows = compare(paper(first, last), paper(first, last)).rows
    assert [row.verdict for row in rows] == ["covered", "covered"]


def item(no: int, heading: str) -> Item:
    return Item(
        no, f"{no}", heading, f"{heading}。抓好落实。", no * 100, no * 100 + 20, actions=(Action("抓好落实", 0, 4),)
    )


def test_items_without_targets_are_looked_for_by_heading() -> None:
    upper = paper(items=(item(1, "推广消防物联网应用"), item(2, "建立联席会议制度")))
    lower = paper(items=(item(1, "加强组织领导"), item(2, "推广应用消防物联网")))
    assert [row.verdict for row in compare(upper, lower).rows] == ["covered", "missing"]


def test_as_json_holds_both_sides_and_counts() -> None:
    told = compare(paper(RATE), paper(target("市政消火栓完好率", ">=", 90, "%"))).as_json()
    assert told["counts"] == {"covered": 0, "missing": 0, "weaker": 1, "contradicting": 0}
    assert told["rows"][0]["upper"]["value"] == 95
    assert told["rows"][0]["lower"]["value"] == 90
    assert set(told["rows"][0]["reason"]) == {"zh", "en"}


targets = st.lists(
    st.builds(
        target,
        st.sampled_from(["消火栓完好率", "新建消防站", "培训人数", "亡人火灾"]),
        st.sampled_from([">=", "<=", "==", ">", "<"]),
        st.integers(0, 100).map(float),
        st.sampled_from(["%", "个", "人", ""]),
    ),
    max_size=6,
)


@given(targets)
def test_a_paper_covers_itself(found: list[Target]) -> None:
    distinct = list({t.metric + t.unit: t for t in found}.values())
    rows = compare(paper(*distinct), paper(*distinct)).rows
    assert {row.verdict for row in rows} <= {"covered"}


@given(st.text(alphabet="消防火灾栓站完好率新建", max_size=12), st.text(alphabet="消防火灾栓站完好率新建", max_size=12))
def test_likeness_is_even_and_bounded(one: str, other: str) -> None:
    assert 0 <= likeness(one, other) == likeness(other, one) <= 1
