"""What makes a number without comparing words an aim: the verb whose object it is."""

from __future__ import annotations

import re

from wanghuo.engines.workplan.numerals import Quantity
from wanghuo.engines.workplan.targets.clauses import REMARK, Words
from wanghuo.engines.workplan.targets.comparison import Comparison
from wanghuo.engines.workplan.targets.naming import strip_lead
from wanghuo.engines.workplan.targets.sorts import is_total, worked_on
from wanghuo.engines.workplan.targets.times import is_at_least
from wanghuo.engines.workplan.targets.words import COLON_HARM_RE, MAKING_RE, ORDER_RE, RATE_END_RE, VERB_RE

# what a clause says of how many there are, though verbs may stand in it
_STATES = re.compile(
    r"涉及|包括|分为|共有|设有|下设|辖|由[^,，]{0,12}组成|其中|发现|收到|造成|导致|接到|属于|列为|划为|确定为"
)
_NO_VERB = re.compile(
    r"全[国省市县区乡镇州村]|其[中余他它]|另外|涉及|包括|[约共设现已含仅只占][有达计为]|辖[区有]|下[辖设]|分[为成]|[总合共]计|[第前后][一二三四五六七八九十\d]|[近远中]期|目前|当前"
    r"|[今去本每当上前明]年|[这那哪某各每该此有][些个类种]|上述|以[下上及]|并且|或者|不[少足过]|超过|大约|将近|平均|属于|成为|作为|其中|上[年月]|由于|按照|根据|通过|围绕|聚焦|坚持|突出|把握|覆盖|[省市县区]级|周边|沿线"
)
# after a modal, whatever short word stands right before the number is its verb (都要上好一堂课, 全部配套1辆车)
_TOLD_TO = re.compile(r"(?:再|要|应|须|需|均|都|全部|一律|必须|至少|年内|拟|计划)[一-鿿]{1,3}$")
# one for each, or so often: 每处工程一个储备点, 每周一次夜查
# the way that is sought, whatever comes between (一条既符合实际,又能满足需要的发展之路)
_WAY = re.compile(r"[^。;；!?]{0,60}?(?:之路|道路|路子|新路|模式|机制)(?=[。;；,，]|$)")
# those counted are told what to do, or are what is to be acted on
_TOLD_COUNTED = re.compile(
    r"(?!以[上下内])(?P<who>[一-鿿]{1,10}?)(?:要|应|将|须|必须)(?:[在于][^,，。;；]{1,10}?[内前底])?(?:全部|逐步|陆续)?(?P<act>(?:VERB|完成|实现)[^,，。;；]{0,24})".replace(
        "VERB", MAKING_RE.pattern
    )
)
_ALL_OF = re.compile(r"全[国省市县区乡镇]")
_MADE_SO = re.compile(
    r"(?!以[上下内])(?P<who>[一-鿿]{1,10}?)(?P<act>(?:创建|建成|通过|达到|获评|纳入|完成)[^,，。;；]{0,24})"
)
_ACTED_ON = re.compile(r"(?P<what>[^,，。;；]{2,30}?)(?:进行|开展|予以|给予|实施)(?P<act>[^,，。;；]{2,12})")
_EACH_ONE = re.compile(
    r"每(?:[一-鿿]{0,2}(?:个|处|所|家|座|县|乡|镇|村|区|社区|街道|工程)[^,，]{0,12}|(?:半?年|季度?|半?月|周|日|天|学期))$"
)


def is_unled(words: Words, quantity: Quantity, comparison: Comparison, left: str, inherits: bool) -> bool:
    """Whether nothing in the clause makes the number an aim: no comparison and no verb whose object it could be."""
    if "预计" in left[-6:]:
        return True
    if quantity.kind == "time" and is_at_least(words, quantity):
        return False
    if quantity.low == 0 and COLON_HARM_RE.search(words.bare[: quantity.start]):
        return False
    if left.endswith("在内的"):  # 完成包括甲、乙在内的10座
        return not worked_on(words, quantity)
    if comparison.said or comparison.change:
        return False
    bare = left.strip()
    if quantity.kind in ("percent", "permille", "points") or is_total(
        words, quantity, words.bare[words.clauses[words.clause_at(quantity.start)].start : quantity.start]
    ):
        return False
    if RATE_END_RE.search(bare):
        return False
    if quantity.kind == "money":
        return not inherits and not re.search(
            r"每[人户亩人](?:每[年月])?$|投入|安排|落实|筹措|创汇|外资|外贸|收入|产值|增加值|利润|税收|总额|补差|完成|实现|配套|设立|补助|争取|拨付|列支|保障|资金|经费|预算|投资|贷款|融资|成交|销售|营收|消费|养老金|低保|标准|工资|薪酬|人均|撬动|带动|引进|到位|减轻|减负|减免|减税|降费|节约|节省|让利",
            words.bare[max(0, quantity.start - 24) : quantity.start],
        )
    if _EACH_ONE.search(words.bare[max(0, quantity.start - 16) : quantity.start]):
        return False
    if quantity.han and quantity.high is None and quantity.low == 1 and not _concrete(words, quantity):
        return True
    led = VERB_RE.search(bare) or ((ORDER_RE.search(bare) or _TOLD_TO.search(bare)) and not _STATES.search(bare))
    return not (
        led
        or inherits
        or _led_by_two(words, quantity, bare)
        or _closes(words, quantity, bare)
        or _serves(words, quantity)
    )


def told_or_acted_on(words: Words, quantity: Quantity) -> str:
    """What those counted are told to do, or what is to be done with them, as the name of the aim (75个村应完成建队任务,
    对80所养老院的消防设施进行改造); "" where it is neither."""
    span = words.clauses[words.clause_at(quantity.start)]
    whole = words.bare[span.start : quantity.start].strip()
    lead = whole[strip_lead(whole) :].strip()
    if quantity.kind != "count":
        return ""
    if not quantity.han and (not lead or _ALL_OF.fullmatch(lead) or lead.endswith(("有", "等", "其余", "剩余"))):
        told = _TOLD_COUNTED.match(words.bare, quantity.end, span.end)
        told = told or (_MADE_SO.match(words.bare, quantity.end, span.end) if lead == "有" else None)
        if told:
            return words.text[told.start("act") : told.end("act")].strip() + "的" + told["who"]
    if re.search(r"(?:^|[,，。;；])(?:对|给|为|将|把)$", whole) and (
        acted := _ACTED_ON.match(words.bare, quantity.end, span.end)
    ):
        return words.text[acted.start("what") : acted.end("what")] + words.text[acted.start("act") : acted.end("act")]
    return ""


def _serves(words: Words, quantity: Quantity) -> bool:
    """Whether something is done for or by those counted, with the verb after them: 为十万职工送…, 460个活动室提供…."""
    span = words.clauses[words.clause_at(quantity.start)]
    whole = words.bare[span.start : quantity.start].strip()
    lead = whole[strip_lead(whole) :].strip()
    verb = re.match(
        r"(?!以[上下内])[^,，。;；的]{0,16}?(?:VERB|进行|予以|给予)".replace("VERB", ORDER_RE.pattern),
        words.bare[quantity.end : span.end],
    )
    if re.match(r"(?:再|还|又|将|力争)?(?:让|使|帮助)", whole) or told_or_acted_on(words, quantity):
        return True
    gives = re.search(
        r"^在(?:全[省市县区乡镇])?$|^(?:为|给|对|向)|(?:为|给|对|向|让|使|帮助|组织|动员)(?:约|近)?$", whole
    )
    return verb is not None and (not lead or gives is not None)


def _led_by_two(words: Words, quantity: Quantity, bare: str) -> bool:
    """Whether two characters that open the clause right before a count with its noun can only be a verb (招考5000名毕业生)."""
    thing = bare[strip_lead(bare) :].strip()
    if words.bare[quantity.start] in "百千万亿":  # 煤矿百万吨死亡率
        return False
    noun = re.match(r"(?!以[上下内])[一-鿿]{2}|(?=[,，。;；、]|$)", words.bare[quantity.end :])
    return (
        quantity.kind == "count"
        and noun is not None
        and re.fullmatch(r"[一-鿿]{2}", thing) is not None
        and not (_NO_VERB.match(thing))
    )


def _closes(words: Words, quantity: Quantity, bare: str) -> bool:
    """Whether the number closes its clause after a plain phrase, as the object of a verb that is not in the list."""
    span = words.clauses[words.clause_at(quantity.start)]
    rest = words.bare[quantity.end : span.end].strip().strip(REMARK)
    thing = bare[strip_lead(bare) :]
    return (
        re.match(r"(?:以上|左右|以内|以下)?(?:$|、)", rest) is not None
        and len(thing) >= 4
        and re.search(
            r"^(?:全[国省市县区乡镇]|其中|涉及|含|分)|(?:[等共有的为设分是含达第前近每任]|包括|涉及|合计|总共)$",
            thing,
        )
        is None
    )


def _concrete(words: Words, quantity: Quantity) -> bool:
    """一台无人机 or 一次评估 counts; 一个良好环境 or 一支过硬队伍 does not."""
    if quantity.unit in (
        "次",
        "轮",
        "遍",
        "场",
        "期",
        "台",
        "辆",
        "架",
        "艘",
        "座",
        "处",
        "名",
        "所",
        "堂",
        "家",
        "间",
        "户",
    ):
        return True
    if quantity.unit == "条" and _WAY.match(words.bare, quantity.end):
        return False
    after = words.bare[quantity.end : quantity.end + 24]
    noun = re.match(r"[^,，。;；、]{1,22}", after)
    if noun is None:
        return False
    if re.search(
        r"(?:队伍|机制|体系|平台|环境|氛围|局面|网|系统|模式|道路|之路|路子|新路|路径|力量|整体|目标|格局|屏障|防线|名片|样板|品牌|标杆|专班|意识|大局|标准|盘棋|张图|张网)",
        noun[0],
    ) and quantity.unit in ("个", "支", "条", "套", "张", "道", "批", "项", "份"):
        return False
    return quantity.unit in (
        "个",
        "支",
        "条",
        "套",
        "部",
        "份",
        "项",
        "只",
        "本",
        "具",
        "门",
        "幅",
        "篇",
        "组",
        "队",
        "班",
    )
