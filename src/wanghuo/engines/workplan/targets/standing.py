"""What a number is when it is no aim of its own: a bare figure, an origin, a ground, a harm to avert, a fine."""

from __future__ import annotations

import re

from wanghuo.engines.workplan.numerals import Quantity
from wanghuo.engines.workplan.targets.clauses import Words
from wanghuo.engines.workplan.targets.comparison import Comparison
from wanghuo.engines.workplan.targets.words import COLON_HARM_RE, PENALTY_RE, RATE_END_RE

# a share whose sign was lost or left out: 调解率100, 培训面达到90以上
_BARE_SHARE = re.compile(r"(?:率|(?:教育|培训|覆盖|普及|知晓|合格|检查)面)$")
# 下降到0.22(人/亿元)以下
_UNIT_IN_BRACKETS = re.compile(r"\((?:人|起|次|例|件|户)/[^()\d]{0,2}[^()]{1,8}\)")
# several that rise together (从每月574元、271元分别提高到)
_ORIGINS = re.compile(r"(?:由|从)(?:每人每[月年]|目前|现在|原来)?的?(?:\d[\d.]*[元%个户人]{1,2}[、和])*$")
_RISES = re.compile(
    r"(?:[、和]\d[\d.]*[元%个户人]{1,2})*[,，]?(?:分别)?(?:逐步)?(?:提高|提升|增加|降低|降|扩大|调整|增长)"
)


def _shares_unit(words: Words, quantity: Quantity) -> bool:
    """Whether the number takes the unit of the one after it (分别新增学位4.68万和7000个)."""
    span = words.clauses[words.clause_at(quantity.start)]
    return "分别" in words.bare[span.start : quantity.start] and any(
        other.unit and words.bare[quantity.end : other.start].strip() in ("和", "、", "及", "与")
        for other in words.quantities
        if other.start > quantity.end
    )


def is_plain_noise(words: Words, quantity: Quantity, comparison: Comparison, left: str) -> bool:
    """A number without a unit is an aim only after comparing words and the name of a rate."""
    if quantity.kind == "ratio":
        near = words.bare[max(0, quantity.start - 14) : quantity.start] + words.bare[quantity.end : quantity.end + 4]
        return not re.search(r"配比|配备|配建|率达|比(?:例)?(?:达|不|为)|的比例", near) or "分担" in words.bare
    if quantity.kind != "plain":
        return False
    if words.bare.startswith("量级", quantity.end):
        return False
    if quantity.low == 0 and COLON_HARM_RE.search(words.bare[: quantity.start]):
        return False
    if quantity.low == 0 and (quantity.han or re.search(r"(?:为|控制在)$", words.bare[: quantity.start])):
        return False
    if _shares_unit(words, quantity):
        return False
    if comparison.said and _UNIT_IN_BRACKETS.match(words.text, quantity.end):
        return False
    if not comparison.said:
        return not (_BARE_SHARE.search(left.strip()) and 0 < quantity.low <= 100)
    if re.search(r"(?:人|户|家|车|场|批|架|件)次$", left.strip()):
        return False
    if _BARE_SHARE.search(left.strip()):
        return False
    return RATE_END_RE.search(left.strip()) is None


def is_origin(words: Words, quantity: Quantity) -> bool:
    """Where a change starts: 由78%提高到90%."""
    before = words.bare[max(0, quantity.start - 8) : quantity.start]
    after = words.bare[quantity.end : quantity.end + 8]
    if _ORIGINS.search(words.bare[max(0, quantity.start - 30) : quantity.start]) and _RISES.match(
        words.bare, quantity.end
    ):
        return True
    return bool(
        re.search(r"(?:由|从)(?:每人每[月年]|目前|现在|原来|现有|当前|去年|上年|20\d\d年)?的?$", before)
    ) and bool(re.match(r"[,，]?(?:逐步)?(?:提|升|增|降|下|压|缩|减|上|扩|调|到|至)", after))


def is_ground(words: Words, quantity: Quantity) -> bool:
    """Whether the number is what something builds on or goes along with (在新增200人的基础上, 在强化2个队的同时)."""
    span = words.clauses[words.clause_at(quantity.start)]
    return re.search(r"^\s*在.*的(?:基础上|同时)$", words.bare[span.start : span.end].rstrip()) is not None


def is_past_column(words: Words, quantity: Quantity) -> bool:
    """Whether the number is what was reached, beside the cell with the aim (0.08 ≤0.06)."""
    return re.match(r"\s+[≤≥≦≧]\s?\d", words.bare[quantity.end :]) is not None


def averts(words: Words, quantity: Quantity) -> bool:
    """Whether the number tells what must not happen (不发生一次死亡3人以上的事故, 杜绝死亡1人以上或伤5人以上)."""
    before = words.bare[max(0, quantity.start - 40) : quantity.start]
    after = words.bare[quantity.end : quantity.end + 40]
    return (
        re.search(
            r"(?:不(?:得)?发生|杜绝|防止|避免|遏制|不出现)[^。;]{0,30}(?:死亡|伤|损失|失联|一次|中毒)[^。;，,]{0,6}$",
            before,
        )
        is not None
        and re.match(r"[^,，。;]{0,4}以上", after) is not None
    )


def is_penalty(words: Words, quantity: Quantity) -> bool:
    """Fines and legal consequences are no aims, nor is what a thing costs (总投资1.2亿元的项目)."""
    costs = re.match(r"的(?!目标|任务)", words.bare[quantity.end :]) and re.search(
        r"(?:投资|造价|产值|估值)(?:约|达到?|超过)?$", words.bare[: quantity.start]
    )
    return quantity.kind == "money" and (bool(costs) or bool(PENALTY_RE.search(words.bare)))
