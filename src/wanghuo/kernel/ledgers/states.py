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


class RegisterState(StrEnum):
    """`setup`: never published. A change to a register in use is a draft beside it, and moves nothing."""

    SETUP = "setup"
    IN_USE = "in_use"
    ARCHIVED = "archived"


R = RegisterState
REGISTER = Machine(
    what=Text("台账", "Register"),
    initial=R.SETUP,
    names={
        R.SETUP: Text("配置中", "being set up"),
        R.IN_USE: Text("使用中", "in use"),
        R.ARCHIVED: Text("已归档", "archived"),
    },
    moves=(
        Move("publish", R.SETUP, R.IN_USE, "ledgers.define", Text("发布", "publish")),
        Move("publish", R.IN_USE, R.IN_USE, "ledgers.define", Text("发布", "publish")),
        Move("archive", R.IN_USE, R.ARCHIVED, "ledgers.define", Text("归档", "archive")),
        Move("reopen", R.ARCHIVED, R.IN_USE, "ledgers.define", Text("重新启用", "use again")),
    ),
)


class RowState(StrEnum):
    """A line stands until it is retired. Whether it is confirmed is a matter of its period, not of its state."""

    STANDING = "standing"
    RETIRED = "retired"


L = RowState
ROW = Machine(
    what=Text("台账行", "Register line"),
    initial=L.STANDING,
    names={L.STANDING: Text("在册", "standing"), L.RETIRED: Text("已注销", "retired")},
    moves=(
        Move("change", L.STANDING, L.STANDING, "ledgers.edit", Text("修改", "edit")),
        Move("evidence", L.STANDING, L.STANDING, "ledgers.edit", Text("补充附件", "add files")),
        Move("confirm", L.STANDING, L.STANDING, "ledgers.confirm", Text("核对", "confirm")),
        Move("retire", L.STANDING, L.RETIRED, "ledgers.edit", Text("注销", "retire")),
        Move("restore", L.RETIRED, L.STANDING, "ledgers.edit", Text("恢复", "restore")),
    ),
)
