"""The words of the field: kinds of lines and flags, comparisons, how often, verdicts."""

from __future__ import annotations

from enum import StrEnum

from wanghuo.base import Text
from wanghuo.modules.workplans.states import Verdict


class Line(StrEnum):
    """What a line of the compilation is."""

    ITEM = "item"
    TARGET = "target"
    FLAG = "flag"


LINES = {Line.ITEM: Text("任务", "task"), Line.TARGET: Text("指标", "target"), Line.FLAG: Text("提示", "note")}

CLAUSE = Text("条目", "clause")
"""An item that asks nobody for anything."""

VERDICTS = {
    Verdict.OPEN: Text("未判定", "not judged"),
    Verdict.ACCEPTED: Text("已接受", "accepted"),
    Verdict.EDITED: Text("已改", "edited"),
    Verdict.DOUBTED: Text("存疑", "in doubt"),
    Verdict.REJECTED: Text("不转", "rejected"),
}

OPS = {
    ">=": Text("不低于", "at least"),
    "<=": Text("不高于", "at most"),
    "==": Text("等于", "exactly"),
    ">": Text("超过", "more than"),
    "<": Text("低于", "less than"),
    "between": Text("介于", "between"),
}
SIGNS = {">=": "≥", "<=": "≤", "==": "=", ">": ">", "<": "<", "between": "∈"}

FREQUENCIES = {
    "": Text("一次", "once"),
    "year": Text("每年", "yearly"),
    "half_year": Text("每半年", "half-yearly"),
    "quarter": Text("每季度", "quarterly"),
    "month": Text("每月", "monthly"),
    "half_month": Text("每半月", "half-monthly"),
    "week": Text("每周", "weekly"),
    "day": Text("每日", "daily"),
}

FLAGS = {
    "before_year": Text("“某年前”两种读法", "“before the year” reads two ways"),
    "growth_basis": Text("同比的基期不明", "no base for the growth"),
    "owner_unknown": Text("没有写明由谁负责", "no owner is named"),
    "scope_open": Text("范围没有写明", "the scope is open"),
    "date_unknown": Text("日期无法推定", "no day follows from the words"),
    "value_unclear": Text("数值不明确", "the value is unclear"),
    "truncated": Text("文本疑似被截断", "the text seems cut off"),
    "site_noise": Text("夹有网站文字", "words of a web site among the text"),
    "repeated_number": Text("序号重复", "a number is repeated"),
    "skipped_number": Text("序号跳号", "a number is skipped"),
    "flattened_table": Text("表格被压成一行", "a table was flattened to a line"),
}

ROLES = {"lead": Text("牵头", "lead"), "support": Text("配合", "supporting")}
BASES = {
    "": Text("绝对值", "as it stands"),
    "yoy_down": Text("比上年同期下降", "less than in the same period last year"),
    "yoy_up": Text("比上年同期增长", "more than in the same period last year"),
}
LEVELS = {
    "country": Text("国家", "national"),
    "province": Text("省", "province"),
    "city": Text("市", "city"),
    "county": Text("县", "county"),
    "town": Text("乡镇", "town"),
    "village": Text("村", "village"),
    "grid": Text("网格", "grid cell"),
}


def flag_name(kind: str) -> Text:
    """The word for a kind of flag; its code for one that has none."""
    return FLAGS.get(kind, Text(kind, kind))


def frequency_name(code: str) -> Text:
    """How often; its code for one that has no word."""
    return FREQUENCIES.get(code, Text(code, code))


COMPUTED = Text("自动计算", "computed")
FROM_REGISTER = Text("台账", "from a register")
REPORTED = Text("填报", "reported")


def how_measured(code: str, told: bool) -> Text:
    """Where the value of an indicator comes from: the platform's records, a register kept by hand, or reports."""
    if code.startswith("ledgers."):
        return FROM_REGISTER
    return REPORTED if told else COMPUTED
