"""No text makes the compiler fail, and what it says of any text points into that text."""

from __future__ import annotations

import json

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wanghuo.engines.workplan import compile_paper
from wanghuo.engines.workplan.paper import OPS
from wanghuo.engines.workplan.tests.generating import papers

WORDS = (
    "一、|二、|（一）|(1)|1.|1、|2.50|第一章|第三节|第十条|一是|①|附件|专栏1|年内|6月底前|2月30日前|99年13月|每季度|到2025年|—|-|至|"
    "不少于|以上|超过|％|%|百分之|万|亿|半|三成|3/4|0|00|1,000|十百千|个|名|元|责任单位：|牵头|（|）|《|》|“|”|，|。|；|：|\n|\r\n|　|"
    "| 1 | ≥5 |\n|消防|达到|杜绝|全部|同比下降|县教育局|同志|.|…|\t|\x00|\ufeff|𠀀|é"
)
PIECES = st.sampled_from(WORDS.split("|"))
few = settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])


def check(text: str) -> None:
    paper = compile_paper(text)
    assert [item.no for item in paper.items] == list(range(1, len(paper.items) + 1))
    for item in paper.items:
        assert 0 <= item.start <= item.end <= len(text)
        for part in (*item.actions, *item.owners, *item.deadlines):
            assert item.start <= part.start < part.end <= item.end
    for target in paper.targets:
        assert text[target.start : target.end] == target.quote
        assert target.op in OPS
        assert (target.op == "between") == isinstance(target.value, tuple)
        assert 0 <= target.confidence <= 1
        assert 1 <= target.item <= len(paper.items)
    for flag in paper.flags:
        assert 0 <= flag.start <= flag.end <= len(text)
        assert 0 <= flag.item <= len(paper.items)
    json.dumps(paper.as_json(), allow_nan=False)


@few
@given(st.lists(PIECES, max_size=60).map("".join))
def test_no_mixture_of_a_papers_pieces_makes_it_fail(text: str) -> None:
    check(text)


@few
@given(st.text(max_size=300))
def test_no_text_makes_it_fail(text: str) -> None:
    check(text)


@settings(few, max_examples=60)
@given(papers(), st.data())
def test_no_cut_through_a_paper_makes_it_fail(generated, data: st.DataObject) -> None:
    first = data.draw(st.integers(0, len(generated.text)))
    check(generated.text[first : data.draw(st.integers(first, len(generated.text)))])
