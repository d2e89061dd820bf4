"""What a number is when it tells which things are meant: their size, their age, the case they are in."""

from __future__ import annotations

import re

from wanghuo.engines.workplan.numerals import Quantity
from wanghuo.engines.workplan.targets.clauses import Words
from wanghuo.engines.workplan.targets.comparison import Comparison
from wanghuo.engines.workplan.targets.naming import strip_lead
from wanghuo.engines.workplan.targets.words import ATTRIBUTE, OBJECT_RE, PEOPLE_RE, VERB_END_RE, VERB_RE

_THRESHOLD_LEAD = re.compile(
    r"(?:面积|高度|人数|床位|容量|层数|户数|员工|从业人员|长度|宽度|深度|跨度|体积|功率|储量|距离|间距|规模|载客|建筑|营业|占地|学生|产值|收入|年龄|年满|金额)(?:在|为|达到?|不低于|不少于|不小于|大于|超过|高于|达到或超过)?$"
)

_CAPACITIES = frozenset({"吨", "千瓦", "兆瓦", "立方米", "台", "辆", "套", "平方米"})
# what a place must have for the rest of the sentence to hold of it (人口超过5万,且年GDP超过1亿元的镇建立…)
_QUALIFIES = re.compile(r"(?:人口|GDP|产值|收入|面积|户数)(?:数|量)?(?:在|为)?(?:超过|达到|大于|不足|低于)$")
_QUALIFIED = re.compile(
    r"(?:人|元|亩|户|平方公里)?(?:以[上下])?(?:[,，]?[且并和或][^。;；]{0,16}?(?:超过|达到|大于|不足|低于)[^。;；]{0,10})?的[一-鿿]{1,6}"
)
# places told by how many live or work there (超过5000人的大、中型社区要…)
_COMMUNITY = re.compile(
    r"的(?:[大中小][、型]?)*[一-鿿]{0,6}(?:社区|乡镇|[镇乡村]|单位|企业|学校|场所|小区)(?=要|应|须|必须|可|都|均|建|设|配)"
)


def is_threshold(words: Words, quantity: Quantity, comparison: Comparison, verb_before: bool) -> bool:
    """Whether the number tells which objects are meant: 建筑面积5万平方米以上的综合体, 10人以上自建房."""
    after = words.bare[quantity.end : quantity.end + 40]
    bounded = re.match(r"(?:及|或|含)?(?:以上|以下|以内|以外)(?P<of>的)?(?P<noun>[^,，。;；、]{0,24})", after)
    before = words.bare[max(0, quantity.start - 12) : quantity.start]
    if _THRESHOLD_LEAD.search(before) and re.match(r"(?:及|或)?(?:以[上下内])?的(?!比例|标准)", after):
        return True
    if before.endswith(("规模", "产能", "能力")) and re.match(r"(?:及|或)?以[上下内][一-鿿]{2}", after):
        return True
    if quantity.unit == "座" and bounded is not None and "车" in bounded["noun"]:
        return True
    if quantity.unit == "米" and re.match(r"(?:及|或|级)?(?:以上)?的?[一-鿿]{1,8}车", after):
        return True
    if bounded is not None and quantity.kind == "count" and _sizes_a_rate(words, quantity):
        return True
    if _QUALIFIES.search(words.bare[: quantity.start]) and _QUALIFIED.match(words.bare, quantity.end):
        return True
    if quantity.unit == "人" and re.match(r"[及或且][^,，。;；]{2,16}的[一-鿿]{2}", after):  # 3万-5万人及任务较重的乡镇
        return True
    if quantity.unit not in ATTRIBUTE:
        return False
    if quantity.unit not in ("人", "名", "户", "元") and _is_size(words, quantity):
        return True
    if bounded is not None and bounded["noun"] and quantity.unit not in ("%", "元") and _opens(words, quantity):
        return True
    if bounded is None and after.startswith("的") and words.bare[: comparison.start].endswith("的"):
        return True
    if quantity.unit == "%":
        return False
    if quantity.unit in ("人", "户") and comparison.said and _COMMUNITY.match(after):
        return True
    if bounded is None:
        return (
            bool(re.match(r"的[^,，。]{0,12}", after))
            and bool(OBJECT_RE.search(after[:14]))
            and comparison.said
            and quantity.unit not in ("人", "名", "户")
        )
    noun = bounded["noun"]
    if not noun:
        return False
    if quantity.unit in ("人", "名", "户", "元"):
        if quantity.unit in ("人", "名") and verb_before and _counts_people(noun):
            return False
        return bool(OBJECT_RE.search(noun)) or bool(bounded["of"])
    if (
        quantity.kind == "count"
        and VERB_END_RE.search(words.bare[: comparison.start].rstrip()) is None
        and re.match(r"[一-鿿]{2}", noun)
    ):
        return True
    return bool(bounded["of"]) or bool(OBJECT_RE.search(noun))


def is_capacity(words: Words, quantity: Quantity) -> bool:
    """Whether the number is the size of a project in a list (抓好甲厂25万吨己二酸、乙厂120万吨制盐等项目建设)."""
    return (
        quantity.unit in _CAPACITIES
        and re.match(
            r"[^。;；\d%]{2,16}?(?:[、和][^。;；]{0,160}?)?等[^,，。;；、]{0,6}项目", words.bare[quantity.end :]
        )
        is not None
    )


def describes_rate(words: Words, quantity: Quantity, left: str) -> bool:
    """Whether the number tells over how many things a rate is counted (列入考核的9个断面水质优良比例达到88.9%)."""
    span = words.clauses[words.clause_at(quantity.start)]
    lead = left.strip()
    following = next((q for q in words.quantities if quantity.end <= q.start < span.end), None)
    return (
        quantity.kind == "count"
        and following is not None
        and following.kind in ("percent", "permille", "money")
        and (lead.endswith("的") or not VERB_RE.search(lead))
        and re.match(
            r"(?!以[上下内])[一-鿿■□()]{1,24}?(?:率|比例|比重|占比|产值|收入|销售额|投资额|增加值)(?:要|应|均|须|都|总体|平均|稳定)*(?:达|为|保持|不|控制|提|超|高于|稳定|大于|在|≥)",
            words.bare[quantity.end : following.start] + "达",
        )
        is not None
    )


def is_retired_size(words: Words, quantity: Quantity) -> bool:
    """Whether the number tells which plants go (淘汰30万吨/年以下煤矿, 关停单机20万千瓦及以下机组)."""
    before = words.bare[max(0, quantity.start - 24) : quantity.start]
    return (
        re.search(r"(?:淘汰|退出|关闭|关停|取缔|拆除|整合)[^,，。;；\d]*$", before) is not None
        and re.match(r"(?:/[年日时小])?(?:及|或|含)?以下(?:的)?[一-鿿]{2}", words.bare[quantity.end :]) is not None
    )


def is_age(words: Words, quantity: Quantity) -> bool:
    """Whether the number is the age of those who are meant (0-6岁儿童), not how long people live."""
    span = words.clauses[words.clause_at(quantity.start)]
    before = words.bare[span.start : quantity.start]
    return quantity.unit in ("岁", "周岁") and re.search(r"寿命|年龄", before) is None


def _sizes_a_rate(words: Words, quantity: Quantity) -> bool:
    """Whether the number tells of which things a rate is told (出栏500头以上生猪规模化养殖比重达到50%)."""
    span = words.clauses[words.clause_at(quantity.start)]
    following = next((q for q in words.quantities if quantity.end < q.start < span.end), None)
    return (
        following is not None
        and following.kind in ("percent", "permille")
        and re.match(
            r"(?:及|或|含)?以[上下]的?[^、和及]{2,24}?(?:率|比例|比重|占比)", words.bare[quantity.end : following.start]
        )
        is not None
    )


def _opens(words: Words, quantity: Quantity) -> bool:
    """Whether the number opens a clause that has another one for its aim (56人以上大班额控制在2%以内)."""
    span = words.clauses[words.clause_at(quantity.start)]
    lead = words.bare[span.start : quantity.start]
    return not lead[strip_lead(lead) :].strip() and any(
        quantity.end < other.start < span.end and other.kind in ("percent", "permille", "points")
        for other in words.quantities
    )


def _is_size(words: Words, quantity: Quantity) -> bool:
    """Whether the number describes the thing after it (1辆90米以上的车, 配置53米以上举高车的站): a count stands right before it."""
    counted = any(q.end == quantity.start and q.kind == "count" for q in words.quantities)
    led = re.search(r"(?:所有|凡)[^,，。;；]{0,4}$", words.bare[: quantity.start]) is not None
    follows = re.match(r"(?:及|或|含)?(?:以上|以下|以内)?的?[一-鿿]{2}", words.bare[quantity.end :]) is not None
    return (counted or led) and follows


def _counts_people(noun: str) -> bool:
    people, thing = PEOPLE_RE.search(noun), OBJECT_RE.search(noun)
    return people is not None and (
        thing is None or people.start() < thing.start() or bool(re.search(r"(?:员|人|者|师|队|手|干部|骨干)$", noun))
    )


def is_condition(words: Words, quantity: Quantity) -> bool:
    """Whether the clause sets a condition (由两个以上单位管理的, 高度超过24米时), or asks what several do (两个以上单位)."""
    span = words.clauses[words.clause_at(quantity.start)]
    clause = words.bare[span.start : span.end].rstrip()
    if "是否" in words.bare[span.start : quantity.start]:
        return True
    tail = words.bare[quantity.end : span.end]
    if re.search(r"(?:[^的]的|[^及按准适小平暂临同随定]时|情况下|情形)$", clause) and not re.match(
        r"(?:以上|以内|以下)?的$", tail
    ):
        return re.search(r"以上|以下|超过|不足|低于|高于|达到|不满|连续|大于|小于", clause) is not None
    return bool(re.match(r"以上(?:单位|所有权人|产权|业主|使用权人|部门)", tail))
