"""The life of one import."""

from __future__ import annotations

from enum import StrEnum

from wanghuo.base import Machine, Move, Text


class ImportState(StrEnum):
    """`stopped`: a write met a row it could not take; what was written before stands and can be continued or undone."""

    UPLOADED = "uploaded"
    CHECKING = "checking"
    CHECKED = "checked"
    WRITING = "writing"
    WRITTEN = "written"
    STOPPED = "stopped"
    UNDONE = "undone"
    DISCARDED = "discarded"


S = ImportState
_ANY = ""  # the right is that of the import's kind, judged beside the table
IMPORT = Machine(
    what=Text("导入", "Import"),
    initial=S.UPLOADED,
    names={
        S.UPLOADED: Text("已上传", "uploaded"),
        S.CHECKING: Text("检查中", "being checked"),
        S.CHECKED: Text("已检查", "checked"),
        S.WRITING: Text("写入中", "being written"),
        S.WRITTEN: Text("已写入", "written"),
        S.STOPPED: Text("已中止", "stopped"),
        S.UNDONE: Text("已撤销", "undone"),
        S.DISCARDED: Text("已放弃", "discarded"),
    },
    moves=(
        Move("check", S.UPLOADED, S.CHECKING, _ANY, Text("检查", "check")),
        Move("check", S.CHECKED, S.CHECKING, _ANY, Text("检查", "check")),
        Move("check", S.CHECKING, S.CHECKING, _ANY, Text("检查", "check")),
        Move("found", S.CHECKING, S.CHECKED, _ANY, Text("完成检查", "finish the check")),
        Move("refuse", S.CHECKING, S.UPLOADED, _ANY, Text("退回对应", "send back to the mapping")),
        Move("write", S.CHECKED, S.WRITING, _ANY, Text("写入", "write")),
        Move("write", S.STOPPED, S.WRITING, _ANY, Text("写入", "write")),
        Move("finish", S.WRITING, S.WRITTEN, _ANY, Text("完成写入", "finish writing")),
        Move("stop", S.WRITING, S.STOPPED, _ANY, Text("中止", "stop")),
        Move("undo", S.WRITTEN, S.UNDONE, _ANY, Text("撤销", "undo")),
        Move("undo", S.STOPPED, S.UNDONE, _ANY, Text("撤销", "undo")),
        Move("discard", S.UPLOADED, S.DISCARDED, _ANY, Text("放弃", "discard")),
        Move("discard", S.CHECKED, S.DISCARDED, _ANY, Text("放弃", "discard")),
    ),
)
