"""The marked paper: every word once, nothing of it read as markup, every line reachable, whatever the spans."""

from __future__ import annotations

import re
from html import unescape
from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from wanghuo.modules.workplans.highlights import Mark, marked

TEXT = "一、<b>压实</b>责任 & “年内”\n\n（一）新增 60 个；完好率≥95%。\n</a><script>alert(1)</script>"
KINDS = ("item", "target", "flag", "action", "owner", "deadline", "noise")
marks = st.lists(
    st.builds(
        lambda start, length, kind, position: Mark(start, start + length, kind, position),
        st.integers(0, len(TEXT)),
        st.integers(0, 40),
        st.sampled_from(KINDS),
        st.integers(1, 9),
    ),
    max_size=14,
)


class Reader(HTMLParser):
    """Reads words and checks that every tag is closed by its own end."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open, self.words, self.number = [], [], False

    def handle_starttag(self, tag, attrs) -> None:
        assert tag in ("p", "b", "a", "span", "del", "i")
        self.open.append(tag)

    def handle_endtag(self, tag) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data) -> None:
        if "b" not in self.open:
            self.words.append(data)


@given(marks)
def test_every_word_stands_there_once_and_no_tag_of_the_paper_lives(given_marks) -> None:
    html = marked(TEXT, given_marks, {})
    reader = Reader()
    reader.feed(html)
    reader.close()
    assert reader.open == []
    assert "".join(reader.words) == TEXT.replace("\n", "")
    assert "<script" not in html


@given(marks)
def test_each_line_has_one_anchor_and_its_pieces_lead_to_it(given_marks) -> None:
    html = marked(TEXT, given_marks, {})
    anchors = re.findall(r'id="at-(\d+)"', html)
    assert len(anchors) == len(set(anchors))
    within = {
        m.position for m in given_marks if 0 <= m.start < m.end <= len(TEXT) and m.kind in ("item", "target", "flag")
    }
    assert set(map(int, anchors)) == within
    for position in re.findall(r'href="#line-(\d+)"', html):
        assert int(position) in {m.position for m in given_marks}


def test_spans_that_lie_across_each_other_share_their_piece() -> None:
    html = marked("新增消火栓60个年内完成", [Mark(0, 8, "target", 2), Mark(5, 12, "deadline", 1)], {})
    pieces = re.findall(r'class="m ([^"]+) v-open" href="#line-(\d)" data-l="([^"]+)" tabindex="-1">([^<]+)<', html)
    assert [(words, lines) for _, _, lines, words in pieces] == [
        ("新增消火栓", "2"),
        ("60个", "2 1"),
        ("年内完成"[:4], "1"),
    ]
    assert unescape(html)
