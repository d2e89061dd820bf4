"""Papers in traditional characters come out simplified, character for character; others stay as they are."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from wanghuo.engines.workplan import compile_paper
from wanghuo.engines.workplan.simplifying import simplified


def test_a_traditional_paper_is_read_and_quoted_as_it_stands() -> None:
    text = "某某縣2026年消防安全工作實施方案\n一、工作任務\n(一)各鄉鎮領導要檢查,2026年6月底前新建消火栓50個,整改率達到95%。"
    paper = compile_paper(text)
    assert [(t.metric, t.value, t.unit, str(t.deadline)) for t in paper.targets] == [
        ("新建消火栓", 50, "个", "2026-06-30"),
        ("消火栓整改率", 95, "%", "2026-06-30"),
    ]
    assert all(text[t.start : t.end] == t.quote for t in paper.targets)
    assert text[paper.items[1].start : paper.items[1].end] == paper.items[1].text


def test_a_name_with_a_traditional_character_changes_nothing() -> None:
    assert simplified("由於老師、張三丰負責。检查各区县。") == "由於老師、張三丰負責。检查各区县。"


@given(st.text(alphabet=st.sampled_from("個為來時對會國發後與乾著於裏裡麵,。\n12a"), max_size=60))
def test_every_character_keeps_its_place(text: str) -> None:
    plain = simplified(text)
    assert len(plain) == len(text)
    assert all(a == b for a, b in zip(text, plain, strict=True) if a in ",。\n12a")
