"""Regulations are cut into their articles: each 第X条 that opens a line is one item, once and in order, whatever the law."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.real.workplan.sheets import SOURCES
from wanghuo.engines.workplan import compile_paper

LAWS = sorted(path for path in (SOURCES.parent / "data/cn_regulations").glob("*.md") if path.name != "README.md")
ARTICLE = re.compile(r"^[ 　*#]*(第[一二三四五六七八九十百零]+条)", re.MULTILINE)


@pytest.mark.parametrize("law", LAWS, ids=lambda path: path.stem)
def test_every_article_is_an_item_once_in_order(law: Path) -> None:
    text = law.read_text("utf-8")
    articles = [match[1] for match in ARTICLE.finditer(text)]
    assert len(articles) > 10
    found = [item.path.split("/")[-1] for item in compile_paper(text).items]
    marks = [mark.removeprefix("第").removesuffix("条") for mark in articles]
    assert [mark.removeprefix("第").removesuffix("条") for mark in found if mark in articles] == marks
