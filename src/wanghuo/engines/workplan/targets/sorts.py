"""What a number is when it sorts, names, points at or sums up what stands beside it."""

from __future__ import annotations

import re

from wanghuo.engines.workplan.bodies import is_body, is_plausible
from wanghuo.engines.workplan.numerals import Quantity
from wanghuo.engines.workplan.targets.clauses import HIDDEN, Words
from wanghuo.engines.workplan.targets.naming import strip_lead
from wanghuo.engines.workplan.targets.words import ABSTRACT_RE, DRAFTED_RE, DRAFTING_RE, MAKING_RE, SORTING, VERB_RE

_ONE_EACH = re.compile(r"一[^一,，、]{1,2}一")
# what a rate is counted per
_POWERS = frozenset({100, 1000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000})
_RATE_OF = re.compile(
    r"(?:[一-鿿]{0,8}(?:死亡|伤亡|受伤|事故|火灾|发案|发病|感染|拥有|保有|发生)[一-鿿]{0,3}(?:率|量|数)|[一-鿿]{0,4}率)"
)
# what sorts things out or counts what there is: 分为2个组, 一式两份, 参加的237名代表
_MARKS_OFF = re.compile(r"(?:分[为成]|一式|[^及有或目]的)$")
_GRADES = re.compile(
    r"分?(?:以[上下]|及以上|[-—~至到]\d+分?)?(?:\([^)]*\))?(?:的)?,?(?:为|评为|定为|确定为|属于|视为|是)?(?:优秀|良好|合格|不合格|及格|不及格|先进|一等|二等|三等|优|良|差|基本合格|达标)"
)
_RANKED = re.compile(r"(?:位列|位居|进入|保持|排名|名列|跻身|稳居|列|居)[^,，\d]{0,8}前$")
_SUMMED = re.compile(r"(?:[、,，][^、,，。;；\d]{1,8}\d+[^、,，。;；\d]{1,2})*[、,，]?共计?\d")
_POINTING = re.compile(r"(?:这|那|该|上述|其余|另外|其他|剩余|等|此|上列|(?<!提)前)$")
_ONCE = re.compile(r"性|验收|通过|死亡|成功|合格|办|告知|上岗")
_THOUGHT_UNITS = ("个", "项", "条", "大", "种", "道", "套", "级", "层", "位")
# what is drawn up in thought alone, whatever verb leads it
_UNWRITTEN = re.compile(r"(?:重点)?(?:措施|任务|要求|内容|问题|体系)")


def worked_on(words: Words, quantity: Quantity) -> bool:
    """Whether something is done with what a clause describes and counts (为现有的100个点加装设施)."""
    span = words.clauses[words.clause_at(quantity.start)]
    clause = words.bare[span.start : span.end]
    return re.search(r"完成|实现", clause) is not None or MAKING_RE.search(clause) is not None


def is_name_or_sort(words: Words, quantity: Quantity, left: str) -> bool:
    """Whether the number sorts, points or belongs to a phrase: 9类突出问题, 这3个, 一户一策, 四个方面."""
    after = words.bare[quantity.end : quantity.end + 24]
    return (
        _marks_off(words, quantity, left)
        or _scores(quantity, left, after)
        or _is_rate_base(quantity, after)
        or _names_campaign(words, quantity, after)
        or _lists(quantity, left, after)
        or _is_sort(quantity, left)
        or (quantity.han and _is_phrase(words, quantity, left, after))
        or bool(re.match(r"[一新]体", after))
        or (quantity.low == 1 and quantity.unit == "次" and _ONCE.match(after) is not None)
        or _points(words, quantity, left)
        or _names_population(quantity, after)
        or (quantity.unit in ("件", "项", "个") and re.match(r"(?:民生|为民|惠民)?实事", after) is not None)
        or _counts_thoughts(quantity, left, after)
    )


def _marks_off(words: Words, quantity: Quantity, left: str) -> bool:
    """分为2个组, 一式两份, 参加的237名代表, 由9人组成."""
    if quantity.unit in ("人", "名") and words.bare.startswith("组成", quantity.end) and "由" in left:
        return True
    return (
        _MARKS_OFF.search(left) is not None
        and quantity.kind == "count"
        and quantity.unit != "倍"
        and not (left.endswith("的") and worked_on(words, quantity))
    )


def _scores(quantity: Quantity, left: str, after: str) -> bool:
    """扣3分, 90分以上为优秀, 百分制."""
    if re.match(r"分制|制(?=[,，。;；]|$)", after):
        return True
    return quantity.unit == "分" and bool(re.search(r"(?:扣|加|减|计|得|记)$", left) or _GRADES.match(after))


def _is_rate_base(quantity: Quantity, after: str) -> bool:
    """十万人死亡率, 百万吨死亡率."""
    return quantity.low in _POWERS and _RATE_OF.match(after) is not None


def _names_campaign(words: Words, quantity: Quantity, after: str) -> bool:
    """千万农民饮用水工程, 百万职工大练兵活动: so many are in the name alone."""
    bare = re.fullmatch(r"[十百千万]+", words.bare[quantity.start : quantity.end]) is not None
    return bare and re.match(r"[一-鿿]{2,10}?(?:工程|行动|计划|活动)", after) is not None


def _lists(quantity: Quantity, left: str, after: str) -> bool:
    """How long a list is (列出任务133项, 甲、乙两项工程), or which stage of a work (管廊三期)."""
    if quantity.unit == "期" and quantity.han:
        return re.search(r"(?:举办|组织|开展|培训|刊|办|推出|制作|不少于|至少)[^,，、]{0,8}$", left) is None
    if quantity.unit in ("项", "个", "条") and re.search(r"(?:列出|列明|分解成|分解出)[^,，、]{0,6}$", left):
        return True
    return (
        quantity.han
        and quantity.unit in ("项", "个")
        and "、" in left[-16:]
        and re.match(r"(?:工程|项目|任务|工作)", after) is not None
    )


def _is_sort(quantity: Quantity, left: str) -> bool:
    """9类突出问题, 第2批; but 不少于2批 is asked for."""
    return quantity.unit in SORTING and not (quantity.unit == "批" and re.search(r"不少于|不低于|至少|达到?$", left))


def _is_phrase(words: Words, quantity: Quantity, left: str, after: str) -> bool:
    """A number in Chinese that is part of a word: 一户一策, 十八届三中全会, 更是一次大会, “防、堵、疏”三项措施."""
    if left.endswith(HIDDEN) and quantity.unit in ("项", "个", "条", "种", "大"):
        return True
    if left.endswith(("届", "农村新", "老")):
        return True
    if re.match(r"会议|全会|全委会|党代会|人代会|大会", after) and not re.search(
        r"(?:召开|组织|举办|不少于|至少)$", left
    ):
        return True
    around = words.bare[max(0, quantity.start - 3) : quantity.end + 3]
    return quantity.low == 1 and bool(
        _ONE_EACH.search(around)
        or (re.search(r"[是为]$", left) and "每" not in left)
        or left.endswith(("新", "上", "下", "前", "后"))
    )


def _points(words: Words, quantity: Quantity, left: str) -> bool:
    """这3个, 其余5处, 甲、乙等6个; but 名列前3名 and 拆除甲、乙等5个收费站 are asked for."""
    if _RANKED.search(left) and quantity.unit in ("名", "位"):
        return False
    if left.endswith(("等", "剩余", "其余")) and (MAKING_RE.search(left) or worked_on(words, quantity)):
        return False
    return quantity.unit not in ("%", "元") and _POINTING.search(left) is not None


def _names_population(quantity: Quantity, after: str) -> bool:
    """5万人口以上的镇, 三口之家."""
    return (after.startswith("人口") and quantity.unit in ("", "人")) or (
        after.startswith("口") and quantity.unit == "人"
    )


def _counts_thoughts(quantity: Quantity, left: str, after: str) -> bool:
    """四个方面, 三项重点任务; but 制定3项制度 is asked for."""
    if quantity.unit not in _THOUGHT_UNITS or not ABSTRACT_RE.match(after.lstrip()):
        return False
    drafted = DRAFTING_RE.search(left[-16:]) and DRAFTED_RE.match(after) and not _UNWRITTEN.match(after)
    return not drafted


def is_total(words: Words, quantity: Quantity, left: str) -> bool:
    """Whether the number is all there is, and something is to be done with every one: 2000辆超标车全部淘汰."""
    if quantity.kind != "count" or quantity.unit in SORTING:
        return False
    lead = left[strip_lead(left) :].strip()
    opened = not lead or re.search(
        r"(?:^|(?<=[家个处座])共|年|月|日|底|前|内|对|为|给|将|把|全[省市县区乡镇国])(?:全[省市县区乡镇国])?(?:城镇|农村|城乡)?(?:剩余|现有|存量)?$",
        lead,
    )
    right = words.bare[quantity.end : quantity.end + 40]
    every = re.match(r"(?!以[上下内])(?P<noun>[^,，。;；]{2,26}?)(?:全部|逐[一栋户个家处村]|一律)(?!门)", right)
    worked = re.search(r"(?:^|前|内|底)?[对为给](?:全[省市县区乡镇])?$", lead) and re.match(
        r"[^,，。;；]{2,20}?(?:开展|进行|实施)(?:VERB)".replace("VERB", MAKING_RE.pattern), right
    )
    some = 0 if quantity.unit in ("人", "户") else 2
    done = re.fullmatch(r"(?:全[省市县区乡镇国])?(?:城镇|农村|城乡)?", lead) and re.match(
        rf"(?!以[上下内])[^,，。;；的]{{{some},12}}?(?:新增|新建|建成|完成|安装|配备|达标|改造|建立|创建|通过|实现|纳入|接入|投用|开工)",
        right,
    )
    return bool(opened and (every or worked or done))


def is_included(words: Words, quantity: Quantity) -> bool:
    """Whether the number is part of a greater one named next (包括规划中的7座在内的10座, 市级5家、县级8家共13家)."""
    if quantity.kind == "count" and _SUMMED.match(words.bare, quantity.end):
        return True
    return re.match(r"[^,，。\d]{0,16}在内的?(?:共|约)?\d", words.bare[quantity.end :]) is not None


def is_member(words: Words, quantity: Quantity, left: str) -> bool:
    """Whether the number is how many a body sends (市教育局1人,市商务局1人): nothing but its name stands before it."""
    name = left.strip()
    return (
        quantity.unit in ("人", "名")
        and not VERB_RE.search(name)
        and is_body(name)
        and not re.match(r"每|各|新|为|给|由", name)
        and is_plausible(name)
    )


def is_listed(words: Words, quantity: Quantity, begin: int) -> bool:
    """Whether a list of names stands right before the count (南京、苏州、淮安3个中心): the count sums it up."""
    left = words.bare[begin : quantity.start]
    return left.count("、") >= 2 and quantity.kind == "count" and MAKING_RE.search(left) is not None
