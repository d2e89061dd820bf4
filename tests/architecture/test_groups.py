"""Each test runs in a group: those with a mark of their own lie where that group looks for them."""

from __future__ import annotations

import re
from pathlib import Path

from tools.dev import PLACES

ROOT = Path(__file__).resolve().parents[2]


def test_a_marked_test_lies_where_its_group_looks() -> None:
    marked = re.compile(rf"pytest\.mark\.({'|'.join(PLACES)})\b")
    found = 0
    for folder in ("src", "tests"):
        for path in (ROOT / folder).rglob("test_*.py"):
            place = path.relative_to(ROOT).as_posix()
            for mark in set(marked.findall(path.read_text())):
                assert any(place.startswith(f"{allowed}/") for allowed in PLACES[mark]), f"{place} is marked {mark}"
                found += 1
    assert found > 10
