"""Times: days and years are deadlines, minutes and hours aims where something may take so long."""

from __future__ import annotations

import re

from wanghuo.engines.workplan.numerals import Quantity
from wanghuo.engines.workplan.targets.clauses import Words
from wanghuo.engines.workplan.targets.comparison import Comparison

_RESPONSE = re.compile(
    r"到场|到达|出动|抵达|赶到|赶赴|响应|处置|受理|办结|核查|接警|回应|反馈|处警|出警|发布|送达|推送|报告|上报|集结|登车|覆盖|救援圈|生活圈|审批|办理|时限|时间|时长|课时|学时"
)
# a time that is a span of something measured: 5分钟到场率, 15分钟救援圈覆盖率
_IN_NAME = re.compile(r"(?:之?内|以内)?的?[一-鿿]{0,10}(?:率|比例|圈)")
# a time in which something is done, the bound not said: 城区5分钟、乡镇15分钟到场
_DONE_WITHIN = re.compile(
    r"(?:之?内|以内)?(?:[、和及,，][一-鿿]{0,8}\d+(?:分钟|小时|秒)(?:之?内|以内)?)*(?:到场|到达|响应|出动|处置|赶到|抵达|送达|集结)(?!率)"
)

# the days of each place, behind those of all (优良天数达到311天;其中甲区326天,乙区和丙区316天)
_DAYS_BY_PLACE = re.compile(r"(?:其中)?[一-鿿]{1,6}?[省市县区州镇乡](?:[和、][一-鿿]{1,6}?[省市县区州镇乡])*\d")
_SEVERAL = re.compile(r"(?:[省市县区州镇乡]\d{2,3}天[,，、]?[^,，。;；\d]{2,14}){2}")
_CALENDAR = 1900  # a number of years, not a year
_TOLD_AHEAD = re.compile(r"(?:以上)?[^,，。;；\d]{0,4}(?:发布|预报|预警|通报|告知)")


def tells_ahead(words: Words, quantity: Quantity) -> bool:
    """Whether the number is how long before it happens people are told (洪水预报提前8小时发布)."""
    return words.bare[: quantity.start].endswith("提前") and _TOLD_AHEAD.match(words.bare, quantity.end) is not None


def days_by_place(words: Words, quantity: Quantity) -> bool:
    """Whether the number is how many days one place shall reach, of the days just told of all."""
    span = words.clauses[words.clause_at(quantity.start)]
    told = re.search(r"天数[^,，。;；]{0,8}\d", words.bare[: span.start]) or _SEVERAL.search(words.bare)
    return (
        told is not None
        and quantity.unit == "天"
        and _DAYS_BY_PLACE.match(words.bare, span.start, span.end) is not None
    )


def is_at_least(words: Words, quantity: Quantity) -> bool:
    """Whether a bare time should be that long or longer; of others less is better."""
    return tells_ahead(words, quantity) or days_by_place(words, quantity) or quantity.unit == "年"


def is_time(words: Words, quantity: Quantity, comparison: Comparison, left: str) -> bool:
    """Days, months and years are deadlines; minutes and hours are an aim only as the time something may take."""
    if quantity.kind != "time":
        return False
    span = words.clauses[words.clause_at(quantity.start)]
    clause = words.bare[span.start : span.end]
    if quantity.unit in ("分钟", "秒", "秒钟", "小时", "个小时"):
        if _IN_NAME.match(words.bare, quantity.end, span.end):
            return True
        if re.match(r"\s*(?:要|应|须|确保|实现|力争|做到|达到)", clause) and _DONE_WITHIN.match(
            words.bare, quantity.end
        ):
            return False
        if tells_ahead(words, quantity):
            return False
        if re.search(r"时效(?:提高|提升|提前|缩短)(?:到|至)$", words.bare[: quantity.start]):
            return False
        bounded = comparison.op in ("<=", "<") and comparison.said
        return not (
            (bounded and _RESPONSE.search(clause))
            or re.search(
                r"(?:时间|时长|培训|学习|每[次人天周日月年][^,，]{0,4})(?:总计|累计)?(?:不少于|不低于|达到?|至少)$",
                left + words.bare[comparison.start : quantity.start],
            )
        )
    if (
        quantity.unit == "年" and quantity.low < _CALENDAR and "分别" in clause and re.search(r"年限|寿命|周期", clause)
    ):  # …和受教育年限分别为90%和13年
        return False
    if quantity.unit.partition("/")[0] in ("工作日", "个工作日", "天", "日"):
        before = words.bare[max(0, quantity.start - 10) : quantity.start]
        if days_by_place(words, quantity):
            return False
        return not (
            re.search(r"(?:缩短|压缩|压减|减少|控制)(?:至|到|在|为)$|时[限间](?:不超过|控制在)$", before)
            or (comparison.said and re.search(r"[天日]数(?:比例)?$", words.bare[: comparison.start].rstrip()))
        )
    return not (
        quantity.unit in ("年", "岁")
        and re.search(
            r"(?:年限|寿命|周期)(?:不少于|不低于|不超过|达到?)$",
            words.bare[max(0, quantity.start - 10) : quantity.start],
        )
    )
