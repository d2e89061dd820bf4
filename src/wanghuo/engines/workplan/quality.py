"""What must be said of the text itself: cut off, mixed with a site's own words, tables run into lines."""

from __future__ import annotations

import re
from collections.abc import Sequence

from wanghuo.engines.workplan.body import Body
from wanghuo.engines.workplan.contents import Contents
from wanghuo.engines.workplan.layout import Paragraph
from wanghuo.engines.workplan.noise import Span
from wanghuo.engines.workplan.paper import Flag

_ENDS = "。!?;:)”》」』】.…号日"


def text_flags(
    text: str, flat: str, body: Body, contents: Contents, noise: Sequence[Span], paragraphs: Sequence[Paragraph]
) -> list[Flag]:
    """All flags about the text, each with its words and place."""
    flags = [
        Flag(0, "site_noise", (), text[start : min(end, start + 60)], start, end)
        for start, end in noise
        if _tells(text[start:end])
    ]
    flags += [
        Flag(
            table.item,
            "flattened_table",
            (),
            text[table.start : min(table.end, table.start + 60)],
            table.start,
            table.end,
        )
        for table in body.tables
        if "|" not in flat[table.start : table.end]
    ]
    cut = _cut_off(text, flat, body, contents, paragraphs)
    if cut is not None:
        flags.append(cut)
    return flags


def _tells(noise: str) -> bool:
    """Whether noise is worth saying: a page's number or a rule is not."""
    return re.search(r"[A-Za-z\u4e00-\u9fff]{2}", noise) is not None


def _cut_off(text: str, flat: str, body: Body, contents: Contents, paragraphs: Sequence[Paragraph]) -> Flag | None:
    """The end is missing: the last words are no end of a sentence, or the table of contents promises what does not come."""
    if not body.items:
        return None
    last = body.items[-1]
    words = flat[last.start : last.end]
    short = len(words) < 24 and not _kin_end_in_stops(body, last.path)
    ends_well = not words or words[-1] in _ENDS or short or bool(body.tables and body.tables[-1].item == last.no)
    missing = _missing(body, contents)
    if ends_well and not missing:
        return None
    start = max(last.start, last.end - 20)
    return Flag(last.no, "truncated", (), text[start : last.end], start, last.end)


def _kin_end_in_stops(body: Body, path: str) -> bool:
    """Whether the items beside this one are sentences, so that a short one without a stop is a torn one."""
    around = path.rpartition("/")[0]
    kin = [item for item in body.items[:-1] if item.path.rpartition("/")[0] == around and "¶" not in item.path]
    return len(kin) > 1 and "¶" not in path and all(item.text.rstrip()[-1:] in "。;；" for item in kin)


def _missing(body: Body, contents: Contents) -> bool:
    promised = [entry for entry in contents.entries if entry.heading]
    if not promised:
        return False
    headings = "\n".join(item.heading for item in body.items)
    return promised[-1].heading not in headings
