"""Every Chinese word of the interface, read from the source, so that one left untranslated on an English page is seen."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import wanghuo

SOURCE = Path(wanghuo.__file__).parent
TEXT = re.compile(r'\bText\(\s*"((?:[^"\\]|\\.)*)"')
TAG = re.compile(r'{%\s*t\s+"([^"]*)"')
CHINESE = re.compile(r"[\u3400-\u9fff]")
OF_DATA = frozenset({"消防控制室", "消安委办", "政府"})  # what the demo's data says too, in Chinese on any page
HOLE = re.compile(r"\\{[^}]*\\}")


@cache
def phrases() -> tuple[frozenset[str], tuple[re.Pattern[str], ...]]:
    """Whole phrases, and patterns for those with something filled in."""
    plain: set[str] = set()
    filled: list[re.Pattern[str]] = []
    for path in SOURCE.rglob("*"):
        if (
            path.suffix not in (".py", ".html")
            or "tests" in path.parts
            or "demo" in path.parts
            or "gallery" in path.name
        ):
            continue
        for words in (TEXT if path.suffix == ".py" else TAG).findall(path.read_text("utf-8")):
            if len(CHINESE.findall(words)) < 2:
                continue
            if "{" not in words:
                plain.add(words.strip())
            elif len(CHINESE.findall(re.sub(r"\{[^}]*\}", "", words))) >= 3:
                filled.append(re.compile(HOLE.sub(".+", re.escape(words.strip()))))
    return frozenset(plain) - OF_DATA, tuple(filled)


def untranslated(words: list[str]) -> list[str]:
    """Those of the page's pieces of text that are Chinese words of the interface."""
    plain, filled = phrases()
    chinese = [piece for piece in words if CHINESE.search(piece)]
    return [piece for piece in chinese if piece in plain or any(p.fullmatch(piece) for p in filled)]
