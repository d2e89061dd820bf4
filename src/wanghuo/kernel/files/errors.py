"""What can be wrong with an upload, in words for the person who sent it."""

from __future__ import annotations

from typing import Any

from wanghuo.base import Invalid, Text


class Refused(Invalid):
    """An upload that is not taken. Nothing of it is kept."""

    code = "files.refused"
    text = Text("文件不能接收。", "The file cannot be taken.")

    def __init__(self, **known: Any) -> None:
        super().__init__(field="file", **known)


class EmptyFile(Refused):
    code = "files.empty"
    text = Text("“{name}”是空文件。", "“{name}” is empty.")


class KindNotAllowed(Refused):
    code = "files.kind_not_allowed"
    text = Text("不接收“{name}”这类文件；可用：{allowed}。", "Files like “{name}” are not taken; use {allowed}.")


class TooLarge(Refused):
    code = "files.too_large"
    status = 413
    text = Text("“{name}”超过 {limit_mb} MB 上限。", "“{name}” is larger than {limit_mb} MB.")


class ContentMismatch(Refused):
    code = "files.content_mismatch"
    text = Text("“{name}”的内容不是 {expected}；请用正确的格式重新保存。",
                "The content of “{name}” is not {expected}; save it again in the right format.")  # fmt: skip


class ImageUnreadable(Refused):
    code = "files.image_unreadable"
    text = Text("图片“{name}”已损坏，无法打开；请重新拍摄或导出。",
                "The picture “{name}” is damaged and cannot be opened; take or export it again.")  # fmt: skip


class ImageTooLarge(Refused):
    code = "files.image_too_large"
    text = Text("图片“{name}”超过 {limit} 百万像素上限。", "The picture “{name}” has more than {limit} megapixels.")


class Animated(Refused):
    code = "files.animated"
    text = Text("“{name}”是动图；请用单张图片。", "“{name}” is animated; use a still picture.")


class HasMacros(Refused):
    code = "files.has_macros"
    text = Text("“{name}”含宏；请另存为不含宏的文件。", "“{name}” holds macros; save it without them.")


class BadArchive(Refused):
    """A zip-based file that is damaged, locked, or built to exhaust whoever opens it."""

    code = "files.bad_archive"
    text = Text("文件不能打开：{why}。", "The file cannot be opened: {why}.")


class Infected(Refused):
    code = "files.infected"
    text = Text("“{name}”未通过病毒检查。", "“{name}” did not pass the virus check.")


class ScannerFailed(Refused):
    code = "files.scanner_failed"
    status = 503
    text = Text("病毒检查暂不可用，文件未接收；请稍后再试。",
                "The virus check is not available, so the file was not taken; try later.")  # fmt: skip
