"""Comparing words around a number: 不少于, 以上, 控制在…以内, 同比下降."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from wanghuo.engines.workplan.paper import Op

Change = Literal["", "down", "up"]

_AT_LEAST = (
    r"不(?:得|应|能|宜|可|再)?(?:少于|低于|小于|短于|下于|弱于)|(?:至少|最少|最低|起码)(?:要|应|须)?|(?:均|都|全部|分别|稳定|必须|要|应|平均|总体|整体|累计)*(?:达到|达至|达成|(?<![到表下传送直])达)(?:了)?(?:或超过)?(?:约|近)?"
    r"|(?:提高|提升|增加|增长|上升|扩大|增至|升至|提至|恢复|扩充|拓展|发展)(?:到|至|为)?(?<=[到至])|(?:迈|跨|跃|登|站)上|(?:稳定|保持|维持)(?:在|为)?|≥|>=|≧|大于等于|大于或等于|高于或等于|增至|升至|提至"
)
_AT_MOST = r"不(?:得|应|能|宜|可)?(?:超过|高于|大于|多于|长于|突破|超出|超)|最多|至多|最高|最长|≤|<=|≦|小于等于|小于或等于|低于或等于|(?:力争|严格)?控制(?:在|到|为|至)|限制在|(?:降低|下降|降|减少|压减|压降|压缩|缩短|缩减|下降|削减)(?:到|至)|降至|压降至|减至|缩短至"
_MORE = r"超过|高于|大于|多于|突破|逾|超出|超额|超|>"
_LESS = r"低于|少于|小于|短于|<|不到|不足|不满"
_EQUAL = r"(?:统一|明确|确定|核定|设定)?(?<![分列作行划认成视称名因])为|等于|="
_DOWN = r"下降|降低|减少|压降|压减|减低|下调|缩短|缩减|削减|降幅|减幅|下降率|压缩|下降幅度|降低幅度|回落"
_UP = r"增长|增加|提高|提升|上升|增幅|上涨|递增|增长率|扩大|增速|增长幅度|增幅度|上浮"
_FILLER = r"(?:要|应|应当|须|需|必须|确保|力争|争取|实现|也|均|都|各|再|又|还|总体|平均|分别|就|约|近|将近|接近|仅|原则上|一般|约为|为|\s|:)*"
_BEFORE = re.compile(
    rf"(?:(?P<least>{_AT_LEAST})|(?P<most>{_AT_MOST})|(?P<more>{_MORE})|(?P<less>{_LESS})|(?P<equal>{_EQUAL})){_FILLER}$"
)
_CHANGE = re.compile(
    rf"(?:(?P<base>同比|环比|(?:较|比|与)[^,，]{{1,14}}?(?:相比)?|年均|每年|逐年|年度|总体|平均)*)(?:{_FILLER}(?:至少|不少于|不低于|达到?|力争)*)(?:(?P<down>{_DOWN})|(?P<up>{_UP}))(?:率|幅度|幅|速度|比例)?$"
)
_AFTER = re.compile(
    r"\s*(?:\(含\))?(?:(?P<least>(?:及|或|含)?以上|(?:及|或)更多|起)|(?P<most>(?:之内|以内|及以下|或以下|以下|之下|及以内|内(?![部的外设容蒙江]))|为限)|(?P<about>左右|上下))(?:\(含\))?"
)
_REFERENCE = re.compile(
    r"(?:不(?:低|少|小)于|高于|大于|超过|优于|不低于|不超过|低于|≥|是|为)(?P<what>[^,，。;；]{2,30}?(?:的|平均水平|平均数|平均值|水平|增幅|均值))$"
)


_RANKED = re.compile(r"(?:位列|位居|进入|保持在?|排名|名列|跻身|稳居|列|居)[^,，\d]{0,8}前$")


@dataclass(frozen=True, slots=True)
class Comparison:
    """How a number is meant. `start`: where its words begin before the number; `end`: where they end after it (offsets of
    the stretch that was given). `said`: a comparing word is written. `change`: the number is a fall or a rise; `base`: whether
    what it is measured from is said."""

    op: Op
    start: int
    end: int
    said: bool
    change: Change = ""
    base: str = ""
    reference: str = ""


def compare(text: str, begin: int, start: int, end: int, stop: int, *, share: bool) -> Comparison:
    """The comparison of the number at `start`..`end`, looking back no further than `begin` and forward no further than `stop`.

    `share`: it is a percentage or in points, so it can be a rise or a fall.
    """
    after = _AFTER.match(text, end, stop)
    left, said = text[begin:start], False
    op: Op | None = None
    at = start
    before = _leftmost(left)
    if before is not None:
        op, said, at = _op_of(before), True, begin + before.start()
    change, base = "", ""
    if share and (op in (None, ">=", ">", "<=") or (before is not None and before["equal"])):
        rest = text[begin:at].rstrip()
        moved = _CHANGE.search(rest)
        if moved is not None:
            change, base = ("down" if moved["down"] else "up"), moved["base"] or ""
            at = begin + moved.start()
            op = ">=" if op in (None, "==") else op
    if after is not None and not after["about"]:
        op = _with_after(op, after)
        said = True
    reference = ""
    ranked = _RANKED.search(left)
    if ranked:
        op, at, said = "<=", begin + ranked.start(), True
    if op is None and not change and (compared := _REFERENCE.search(left)):
        word = left[compared.start() : compared.start("what")]
        op = {
            "高于": ">",
            "大于": ">",
            "超过": ">",
            "优于": ">",
            "低于": "<",
            "不超过": "<=",
            "是": "==",
            "为": "==",
        }.get(word, ">=")  # type: ignore[assignment]
        at, said, reference = begin + compared.start(), True, compared["what"]
    return Comparison(op or ">=", at, after.end() if after else end, said, change, base, reference)  # type: ignore[arg-type]


def _leftmost(left: str) -> re.Match[str] | None:
    """The comparing words that end right before the number, taken as far to the left as they go."""
    window = max(0, len(left) - 14)
    return _BEFORE.search(left, window)


def _op_of(match: re.Match[str]) -> Op:
    ops: dict[str, Op] = {"least": ">=", "most": "<=", "more": ">", "less": "<", "equal": "=="}
    return next(op for name, op in ops.items() if match[name])


def _with_after(op: Op | None, after: re.Match[str]) -> Op:
    """达到90%以上 is at least; 低于5%以下 at most; 超过…以上 stays."""
    if after["least"]:
        return ">" if op == ">" else ">="
    return "<" if op == "<" else "<="
