"""The small components, as functions: the template tags, list cells and other apps draw the same things through
these."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from wanghuo.base import Machine, Text
from wanghuo.kernel.regions import codes, service
from wanghuo.kernel.ui import formats, icons
from wanghuo.kernel.ui.language import say

# What a state's mark says (icons.MARKS draws it): new, being done, waiting for another, done, overdue, clock
# paused, void.
MARKS = {mark: mark for mark in ("new", "doing", "waiting", "done", "late", "paused", "void")} | {"overdue": "late"}
WAITING_STATES = {"submitted", "waiting", "pending", "awaiting", "handed_over", "escalated"}
VOID_STATES = {"dismissed", "void", "cancelled", "withdrawn", "revoked", "rejected", "merged", "retired"}
PAUSED_STATES = {"paused", "suspended", "deferred", "shelved"}

LEVEL_WORDS = {
    "risk": (
        Text("正常", "normal"),
        Text("低", "low"),
        Text("中", "medium"),
        Text("高", "high"),
        Text("极高", "extreme"),
    ),
    "light": (Text("无", "none"), Text("蓝", "blue"), Text("黄", "yellow"), Text("橙", "orange"), Text("红", "red")),
    "priority": (Text("—", "—"), Text("4", "4"), Text("3", "3"), Text("2", "2"), Text("1", "1")),
}
UNKNOWN = Text("未报", "not reported")
SOURCE_MARKS = {
    "C": (Text("国", "national"), Text("国家规定，已核对原文", "a national rule, checked against its text")),
    "R": (Text("地方", "regional"), Text("地方规定，只在该地适用", "a regional rule, valid in that region only")),
    "U": (
        Text("未证实", "unconfirmed"),
        Text("原文尚未核实，引用前请查证", "the text is not yet confirmed; check before relying on it"),
    ),
    "D": (
        Text("本平台", "ours"),
        Text("本平台的设定，可由地方修改", "chosen by this platform; a region may change it"),
    ),
}


def mark_of(machine: Machine, state: str) -> str:
    """The mark of a state, from its place in the table and its name, where the module names none itself."""
    if state in VOID_STATES:
        return "void"
    if state in PAUSED_STATES:
        return "paused"
    if machine.is_final(state):
        return "done"
    if state in WAITING_STATES:
        return "waiting"
    return "new" if state == machine.initial else "doing"


def state_badge(machine: Machine, state: str, mark: str = "") -> SafeString:
    """A state: its mark and its word. `mark` is a key of MARKS, where it is not to be worked out."""
    kind = mark or mark_of(machine, state)
    return badge(machine.name(state), kind)


def badge(word: Text | str, mark: str) -> SafeString:
    """A mark and a word, for what has a state but no state table."""
    kind = MARKS[mark]
    return format_html('<span class="badge {}">{}{}</span>', kind, icons.mark(kind), say(word))


def due_clock(
    due_at: datetime | None, *, met_at: datetime | None = None, paused: bool = False, days: int | None = None
) -> SafeString:
    """A deadline: how much is left, by how much it was missed, or that it was met; the exact moment as its title."""
    read = formats.clock(due_at, timezone.now(), met_at=met_at, paused=paused, days=days)
    if read.tone == "none":
        return format_html('<span class="due none">{}</span>', formats.NOTHING)
    return format_html(
        '<span class="due {}" title="{}">{}{}</span>',
        read.tone,
        say(read.exact),
        icons.mark(read.mark),
        say(read.text),
    )


def level_mark(level: int | None, scale: str = "risk", word: Text | str | None = None) -> SafeString:
    """A level 0 to 4 as shape, colour and word. `scale`: risk, light or priority (whose 1 is level 4)."""
    known = level if level in range(5) else None
    said = word if word is not None else (UNKNOWN if known is None else LEVEL_WORDS[scale][known])
    return format_html('<span class="level">{}<span>{}</span></span>', icons.level_shape(known), say(said))


def priority_mark(priority: int) -> SafeString:
    """An alarm's priority: 1 ■, 2 ▲, 3 ◆, 4 ●."""
    return level_mark(5 - priority, "priority")


def source_mark(mark: str, source: str = "") -> SafeString:
    """Where a rule comes from: 国, 地方, 未证实 or 本平台, with the source as its title."""
    word, meaning = SOURCE_MARKS[mark]
    title = f"{say(meaning)} · {source}" if source else say(meaning)
    return format_html('<span class="source {}" title="{}">{}</span>', mark, title, say(word))


def region_name(code: str) -> str:
    """The name of a division; the written code where it is not known."""
    if not code:
        return formats.NOTHING
    return say(service.text(code)) or codes.written(code)


def region_label(code: str, language: str = "") -> str:
    """The name for the header, with the whole country spelled out."""
    return say(Text("全国", "China"), language) if code == codes.COUNTRY else region_name(code)
