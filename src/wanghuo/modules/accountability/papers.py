"""The kinds of papers that accountability adds to those of the kernel."""

from __future__ import annotations

from wanghuo.base import Text
from wanghuo.kernel.papers.kinds import Field, PaperKind, register_paper

REMINDER = PaperKind(
    code="accountability.reminder",
    title=Text("提醒函", "Reminder"),
    template="accountability/papers/reminder.html",
    fields=(
        Field("situation", Text("有关情况", "Situation")),
        Field("requests", Text("请予重视的事项", "What is asked"), "items", help=Text("每行一条", "one a line")),
    ),
    serial="{body}提〔{year}〕{n}号",
    reply=True,
    reply_rule="accountability.letter_reply",
    mark="{issuer}",
    layout="letter",
    title_hint="关于……的提醒函",
    help=Text("进度稍有落后或季节性风险上升时发出", "sent when a task lags a little or a seasonal risk rises"),
)


def register() -> None:
    """Make the kinds known."""
    register_paper(REMINDER)
