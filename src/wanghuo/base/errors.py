"""Errors that a person sees: what is the matter, with what, and what can be done now, in both languages.

The web turns an `AppError` into a page or into `{"code", "message"}` with its status; the command line prints it and
exits with 1 (2 for `Invalid`).
"""

from __future__ import annotations

from typing import Any, ClassVar

from wanghuo.base.text import Text


class AppError(Exception):
    """The root of all expected errors. A subclass gives `code`, `status` and `text`; the fields of `text` are the
    keyword arguments."""

    code: ClassVar[str] = "error"
    status: ClassVar[int] = 400
    text: ClassVar[Text] = Text("操作未完成。", "That could not be done.")

    def __init__(self, **known: Any) -> None:
        super().__init__()
        self.known = known

    @property
    def message(self) -> Text:
        """The text with its fields filled in."""
        return self.text.filled(self.known)

    def __str__(self) -> str:
        return str(self.message)


class NotFound(AppError):
    """Absent and out of scope look the same (design: existence is not told)."""

    code = "not_found"
    status = 404
    text = Text("没有这条{what}，或不在你的范围。", "There is no such {what}, or it is outside your scope.")

    def __init__(self, *, what: Text | None = None, ref: object = "") -> None:
        super().__init__(what=what or Text("记录", "record"), ref=ref)


class NotPermitted(AppError):
    """In scope, but the right is missing."""

    code = "not_permitted"
    status = 403
    text = Text(
        "你没有“{right}”权限；可请本单位的安全管理员授予。",
        "You lack the right “{right}”; your security administrator can grant it.",
    )

    def __init__(self, *, right: str | Text) -> None:
        super().__init__(right=right)


class MoveRefused(AppError):
    """The state table has no such move from the present state."""

    code = "move_refused"
    status = 409
    text = Text(
        "{what}现为“{state}”，不能“{move}”；可以：{possible}。",
        "{what} is “{state}”, so “{move}” is not possible; possible now: {possible}.",
    )


class Conflict(AppError):
    """Somebody else changed the record first, or two acts contradict each other."""

    code = "conflict"
    status = 409
    text = Text(
        "{what}已被他人更改，请刷新后再试。",
        "{what} was changed by somebody else; reload the page and try again.",
    )


class Invalid(AppError):
    """Input that cannot be taken; `field` names where, `text` says why.

    Raise it with `Invalid(Text(...), field="due_at")`, or subclass it with a fixed `text`.
    """

    code = "invalid"
    status = 422
    text = Text("输入有误。", "The input is not valid.")

    def __init__(self, text: Text | None = None, /, *, field: str = "", **known: Any) -> None:
        super().__init__(**known)
        self.field = field
        self._text = text

    @property
    def message(self) -> Text:
        return (self._text or self.text).filled(self.known)
