"""The answer sheets: what a reader found in each paper, as facts and offsets. The papers' words are not kept here.

A field that can be read in more than one right way holds a list of all of them. An entry with `maybe = true` is one that
careful readers settle differently: it counts neither for nor against. `hash` is over the first twelve characters of an
item, so that a sheet and a text that do not belong together are noticed.
"""

from __future__ import annotations

import hashlib
import os
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
SOURCES = Path(os.environ.get("WANGHUO_SHARED", ROOT.parent / "shared")) / "sources"
ANSWERS = Path(__file__).with_name("answers")


def readings(value: Any) -> tuple[Any, ...]:
    """All right readings of a field: a list as it stands, a single value as the only one."""
    return tuple(value) if isinstance(value, list) else (value,)


def same_text(text: str, sheet: dict[str, Any]) -> bool:
    """Whether the sheet was written for this very text."""
    return len(text) == sheet["length"] and hashlib.sha256(text.encode()).hexdigest()[:16] == sheet["sha256"]


@dataclass(frozen=True, slots=True)
class Answered:
    """A paper's text with its answers."""

    name: str
    text: str
    sheet: dict[str, Any]

    def entries(self, kind: str) -> list[dict[str, Any]]:
        """The items, targets, owners, deadlines or flags of the sheet, in reading order."""
        return self.sheet.get(kind, [])


def load(sheet: Path, text: Path | None = None) -> Answered:
    """A sheet and the text it speaks of. Raises ValueError where they do not belong together."""
    data = tomllib.loads(sheet.read_text("utf-8"))
    source = text or SOURCES / data["source"]
    words = source.read_bytes().decode("utf-8")
    if not same_text(words, data):
        raise ValueError(f"{sheet.name} was not written for this version of {source}")
    for item in data["items"]:
        start = item["start"]
        if hashlib.sha256(words[start : start + 12].encode()).hexdigest()[:8] != item["hash"]:
            raise ValueError(f"{sheet.name}: item {item['path']} does not begin at {start}")
    return Answered(sheet.stem, words, data)


def all_sheets() -> list[Path]:
    """The sheets of the five papers."""
    return sorted(ANSWERS.glob("*.toml"))
