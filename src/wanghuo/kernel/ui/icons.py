"""Drawn signs: line icons on a 16-unit grid, and the shapes that belong to the levels. A sign never stands without
its word."""

from __future__ import annotations

from django.utils.html import format_html
from django.utils.safestring import SafeString

ICONS = {
    "inbox": "M2 9l2-6h8l2 6v4H2zM2 9h3.5l1 2h3l1-2H14",
    "overview": "M2 14h12M4 11V7M8 11V3M12 11V5.5",
    "bell": "M4 11V7a4 4 0 0 1 8 0v4l1.5 1.5h-11zM6.5 14.5h3",
    "hazard": "M8 2l6.5 11.5h-13zM8 6.5V10M8 11.8v.2",
    "clipboard": "M4 3h8v11H4zM6 3V1.8h4V3M6 7h4M6 10h4",
    "building": "M3 14V3h6v11M9 6h4v8M1.5 14h13M5 6h2M5 9h2",
    "truck": "M1.5 4h8v7h-8zM9.5 6.5h3l2 2.5v2h-5M4 11.5v1M12 11.5v1",
    "command": "M3 14V2.5M3 3h9l-2 3 2 3H3",
    "flame": "M8 1.5c1 3 4 4.5 4 8a4 4 0 0 1-8 0c0-1.5.7-2.5 1.5-3.5C6 7.5 7 8 7 8s1-3.5 1-6.5z",
    "book": "M8 4c-1.5-1.2-4-1.5-6-1v10c2-.5 4.5-.2 6 1 1.5-1.2 4-1.5 6-1V3c-2-.5-4.5-.2-6 1zM8 4v10",
    "target": "M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2zM8 5.5a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5z",
    "database": "M3 4c0-1.1 2.2-2 5-2s5 .9 5 2-2.2 2-5 2-5-.9-5-2zM3 4v8c0 1.1 2.2 2 5 2s5-.9 5-2V4"
    "M3 8c0 1.1 2.2 2 5 2s5-.9 5-2",
    "gear": "M8 5.5a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5zM8 1.5v2M8 12.5v2M1.5 8h2M12.5 8h2M3.4 3.4l1.4 1.4"
    "M11.2 11.2l1.4 1.4M12.6 3.4l-1.4 1.4M4.8 11.2l-1.4 1.4",
    "more": "M3.5 8h.1M8 8h.1M12.5 8h.1",
    "search": "M7 2.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9zM10.3 10.3L14 14",
    "place": "M8 14.5s-4.5-4-4.5-8a4.5 4.5 0 0 1 9 0c0 4-4.5 8-4.5 8zM8 5a1.5 1.5 0 1 0 0 3 1.5 1.5 0 0 0 0-3z",
    "calendar": "M2.5 3.5h11v10h-11zM2.5 6.5h11M5.5 2v3M10.5 2v3",
    "user": "M8 2a3 3 0 1 0 0 6 3 3 0 0 0 0-6zM2.5 14c.4-3 2.6-4.5 5.5-4.5s5.1 1.5 5.5 4.5",
    "sound": "M2 6v4h2.5L8 13V3L4.5 6zM10.5 6a3 3 0 0 1 0 4M12.5 4a6 6 0 0 1 0 8",
    "mute": "M2 6v4h2.5L8 13V3L4.5 6zM11 6.5l3 3M14 6.5l-3 3",
    "menu": "M2 4h12M2 8h12M2 12h12",
    "close": "M3.5 3.5l9 9M12.5 3.5l-9 9",
    "plus": "M8 3v10M3 8h10",
    "down": "M4 6l4 4 4-4",
    "left": "M10 3.5L5.5 8l4.5 4.5",
    "right": "M6 3.5L10.5 8 6 12.5",
    "export": "M8 2v8M5 7l3 3 3-3M2.5 11v2.5h11V11",
    "print": "M4.5 6V2h7v4M4.5 11h-2V6h11v5h-2M4.5 9.5h7V14h-7z",
    "link": "M6.5 9.5l3-3M7 4.5l1.5-1.5a3 3 0 0 1 4.2 4.2L11.5 8.7M9 11.5L7.5 13a3 3 0 0 1-4.2-4.2L4.5 7.3",
    "why": "M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2zM6.3 6.4c0-1 .8-1.6 1.7-1.6s1.7.6 1.7 1.5c0 1.3-1.7 1.4-1.7 2.7"
    "M8 11.2v.1",
    "info": "M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2zM8 7.5V11M8 5v.1",
    "check": "M3 8.5L6.5 12 13 4.5",
    "photo": "M2 4h3l1-1.5h4L11 4h3v9H2zM8 6a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5z",
    "list": "M5.5 4H14M5.5 8H14M5.5 12H14M2.5 4h.1M2.5 8h.1M2.5 12h.1",
    "table": "M2 3h12v10H2zM2 6.5h12M2 10h12M6.5 3v10",
    "phone": ""
    "M4 2h2l1 3.5-1.5 1a8 8 0 0 0 4 4l1-1.5L14 10v2.5c0 .8-.7 1.5-1.5 1.5A10.5 10.5 0 0 1 2 3.5C2 2.7 3 2 4 2z",
    "globe": "M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2zM2 8h12M8 2c2 2 2.5 4 2.5 6S10 12 8 14C6 12 5.5 10 5.5 8S6 4 8 2z",
    "sun": "M8 5a3 3 0 1 0 0 6 3 3 0 0 0 0-6zM8 1v1.5M8 13.5V15M1 8h1.5M13.5 8H15M3 3l1 1M12 12l1 1M13 3l-1 1"
    "M4 12l-1 1",
    "help": "M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2zM6.3 6.4c0-1 .8-1.6 1.7-1.6s1.7.6 1.7 1.5c0 1.3-1.7 1.4-1.7 2.7"
    "M8 11.2v.1",
    "edit": "M3 13l.7-3L11 2.7 13.3 5 6 12.3zM9.5 4.2l2.3 2.3",
    "out": "M6.5 2.5H3v11h3.5M7 8h7M11 5l3 3-3 3",
}

# One path for each level: ■ 4, ▲ 3, ◆ 2, ● 1, ○ 0; None is the hatched square of the unknown.
LEVEL_SHAPES = {
    4: "M2.5 2.5h11v11h-11z",
    3: "M8 2l6.5 11.5h-13z",
    2: "M8 1.5L14.5 8 8 14.5 1.5 8z",
    1: "M8 2.5a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11z",
    0: "M8 3a5 5 0 1 0 0 10A5 5 0 0 0 8 3z",
}

# The marks of states and clocks, drawn since not every font has them: the outline, and what of it is filled.
MARKS = {
    "new": ("M8 3a5 5 0 1 0 0 10A5 5 0 0 0 8 3z", ""),
    "doing": ("M8 3a5 5 0 1 0 0 10A5 5 0 0 0 8 3z", "M8 3a5 5 0 0 0 0 10z"),
    "waiting": ("M8 3a5 5 0 1 0 0 10A5 5 0 0 0 8 3z", "M8 5.8a2.2 2.2 0 1 0 0 4.4 2.2 2.2 0 0 0 0-4.4z"),
    "done": ("M3 8.5L6.5 12 13 4.5", ""),
    "late": ("", "M8 2l6.5 11.5h-13z"),
    "paused": ("M5.5 3.5v9M10.5 3.5v9", ""),
    "void": ("M4 4l8 8M12 4l-8 8", ""),
    "quarter": ("M8 3a5 5 0 1 0 0 10A5 5 0 0 0 8 3z", "M8 8V3a5 5 0 0 1 5 5z"),
    "half": ("M8 3a5 5 0 1 0 0 10A5 5 0 0 0 8 3z", "M8 3a5 5 0 0 1 0 10z"),
}


def mark(name: str) -> SafeString:
    """The mark of a state or a clock; its word stands beside it."""
    line, filled = MARKS[name]
    return format_html(
        '<svg class="mark" viewBox="0 0 16 16" width="12" height="12" aria-hidden="true" focusable="false">'
        '<path d="{}"/><path class="filled" d="{}"/></svg>',
        line,
        filled,
    )


def icon(name: str) -> SafeString:
    """A line icon, hidden from screen readers: its word stands beside it."""
    return format_html(
        '<svg class="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" focusable="false">'
        '<path d="{}"/></svg>',
        ICONS[name],
    )


def level_shape(level: int | None) -> SafeString:
    """The shape of a level in its colour, with an outline; a hatched square for the unknown."""
    if level not in LEVEL_SHAPES:
        return format_html(
            '<svg class="shape off" viewBox="0 0 16 16" width="14" height="14" aria-hidden="true" focusable="false">'
            '<path d="{}"/><path class="hatch" d="M3 9l6-6M4.5 12.5l8-8M8 14l6-6"/></svg>',
            LEVEL_SHAPES[4],
        )
    return format_html(
        '<svg class="shape lv{}" viewBox="0 0 16 16" width="14" height="14" aria-hidden="true" focusable="false">'
        '<path d="{}"/></svg>',
        level,
        LEVEL_SHAPES[level],
    )
