"""What a number is when it is no aim: history, a name, a class of objects, a fine, a part of a list."""

from __future__ import annotations

import re

from wanghuo.engines.workplan.bodies import is_body, is_plausible
from wanghuo.engines.workplan.numerals import Quantity
from wanghuo.engines.workplan.targets.clauses import HIDDEN, REMARK, Words
from wanghuo.engines.workplan.targets.comparison import Comparison
from wanghuo.engines.workplan.targets.naming import strip_lead
from wanghuo.engines.workplan.targets.words import (
    ABSTRACT_RE,
    ATTRIBUTE,
    DRAFTED_RE,
    DRAFTING_RE,
    MAKING_RE,
    OBJECT_RE,
    ORDER_RE,
    PENALTY_RE,
    PEOPLE_RE,
    RATE_END_RE,
    SORTING,
    VERB_END_RE,
    VERB_RE,
)

_ONE_EACH = re.compile(r"一[^一,，、]{1,2}一")
# a share whose sign was lost or left out: 调解率100, 培训面达到90以上
_BARE_SHARE = re.compile(r"(?:率|(?:教育|培训|覆盖|普及|知晓|合格|检查)面)$")
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
_RESPONSE = re.compile(
    r"到场|到达|出动|抵达|赶到|赶赴|响应|处置|受理|办结|核查|接警|回应|反馈|处警|出警|发布|送达|推送|报告|上报|集结|登车|覆盖|救援圈|生活圈|审批|办理|时限|时间|时长|课时|学时"
)
# what a rate is counted per
_POWERS = frozenset({100, 1000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000})
_RATE_OF = re.compile(
    r"(?:[一-鿿]{0,8}(?:死亡|伤亡|受伤|事故|火灾|发案|发病|感染|拥有|保有|发生)[一-鿿]{0,3}(?:率|量|数)|[一-鿿]{0,4}率)"
)
# a time that is a span of something measured: 5分钟到场率, 15分钟救援圈覆盖率
_IN_NAME = re.compile(r"(?:之?内|以内)?的?[一-鿿]{0,10}(?:率|比例|圈)")
# a time in which something is done, the bound not said: 城区5分钟、乡镇15分钟到场
_DONE_WITHIN = re.compile(
    r"(?:之?内|以内)?(?:[、和及,，][一-鿿]{0,8}\d+(?:分钟|小时|秒)(?:之?内|以内)?)*(?:到场|到达|响应|出动|处置|赶到|抵达|送达|集结)(?!率)"
)
# what sorts things out or counts what there is: 分为2个组, 一式两份, 参加的237名代表
_MARKS_OFF = re.compile(r"(?:分[为成]|一式|[^及有或目]的)$")
# one for each, or so often: 每处工程一个储备点, 每周一次夜查
_EACH_ONE = re.compile(
    r"每(?:[一-鿿]{0,2}(?:个|处|所|家|座|县|乡|镇|村|区|社区|街道|工程)[^,，]{0,12}|(?:半?年|季度?|半?月|周|日|天|学期))$"
)
_COLON_HARM = re.compile(r"(?:事故|死亡|火灾|伤亡|起数|人数|重伤)\s*[:：]\s*$")
_GRADES = re.compile(
    r"分?(?:以[上下]|及以上|[-—~至到]\d+分?)?(?:\([^)]*\))?(?:的)?,?(?:为|评为|定为|确定为|属于|视为|是)?(?:优秀|良好|合格|不合格|及格|不及格|先进|一等|二等|三等|优|良|差|基本合格|达标)"
)
# several that rise together (从每月574元、271元分别提高到)
_ORIGINS = re.compile(r"(?:由|从)(?:每人每[月年]|目前|现在|原来)?的?(?:\d[\d.]*[元%个户人]{1,2}[、和])*$")
_RISES = re.compile(
    r"(?:[、和]\d[\d.]*[元%个户人]{1,2})*[,，]?(?:分别)?(?:逐步)?(?:提高|提升|增加|降低|降|扩大|调整|增长)"
)
_RANKED = re.compile(r"(?:位列|位居|进入|保持|排名|名列|跻身|稳居|列|居)[^,，\d]{0,8}前$")
_LEVEL_NAMES = re.compile(r"^(?:以上|及以上|以下)?(?:的)?(?:较大|重大|特别重大|一般)")
_THRESHOLD_LEAD = re.compile(
    r"(?:面积|高度|人数|床位|容量|层数|户数|员工|从业人员|长度|宽度|深度|跨度|体积|功率|储量|距离|间距|规模|载客|建筑|营业|占地|学生|产值|收入|年龄|年满|金额)(?:在|为|达到?|不低于|不少于|不小于|大于|超过|高于|达到或超过)?$"
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


def describes_rate(words: Words, quantity: Quantity, left: str) -> bool:
    """Whether the number tells over how many things a rate is counted (列入考核的9个断面水质优良比例达到88.9%)."""
    span = words.clauses[words.clause_at(quantity.start)]
    lead = left.strip()
    following = next((q for q in words.quantities if quantity.end <= q.start < span.end), None)
    return (
        quantity.kind == "count"
        and following is not None
        and following.kind in ("percent", "permille")
        and (lead.endswith("的") or not VERB_RE.search(lead))
        and re.match(
            r"(?!以[上下内])[一-鿿■□()]{1,24}?(?:率|比例|比重|占比)(?:要|应|均|须|都|总体|平均|稳定)*(?:达|为|保持|不|控制|提|超|高于|稳定|大于|在|≥)",
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


def _worked_on(words: Words, quantity: Quantity) -> bool:
    """Whether something is done with what a clause describes and counts (为现有的100个点加装设施)."""
    span = words.clauses[words.clause_at(quantity.start)]
    clause = words.bare[span.start : span.end]
    return re.search(r"完成|实现", clause) is not None or MAKING_RE.search(clause) is not None


def is_name_or_sort(words: Words, quantity: Quantity, left: str) -> bool:
    """Whether the number sorts, points or belongs to a phrase: 9类突出问题, 这3个, 一户一策, 四个方面."""
    unit, after = quantity.unit, words.bare[quantity.end : quantity.end + 24]
    if (
        _MARKS_OFF.search(left)
        and quantity.kind == "count"
        and unit != "倍"
        and not (left.endswith("的") and _worked_on(words, quantity))
    ) or (unit == "分" and re.search(r"(?:扣|加|减|计|得|记)$", left)):
        return True
    if unit == "分" and _GRADES.match(after):
        return True
    if unit in ("人", "名") and after.startswith("组成") and "由" in left:
        return True
    if quantity.han and left.endswith(HIDDEN) and unit in ("项", "个", "条", "种", "大"):  # “防、堵、疏”三项措施
        return True
    if quantity.low in _POWERS and _RATE_OF.match(after):  # 十万人死亡率, 百万吨死亡率
        return True
    if unit in SORTING:
        return not (unit == "批" and re.search(r"不少于|不低于|至少|达到?$", left))
    if (
        quantity.han
        and quantity.low == 1
        and _ONE_EACH.search(words.bare[max(0, quantity.start - 3) : quantity.end + 3])
    ):
        return True
    if quantity.han and re.match(r"会议|全会|大会", after) and not re.search(r"(?:召开|组织|举办|不少于|至少)$", left):
        return True
    if quantity.han and quantity.low == 1 and re.search(r"[是为]$", left) and "每" not in left:  # 更是一次…的大会
        return True
    if quantity.han and left.endswith(("届", "农村新", "老")):
        return True
    if re.match(r"[一新]体", after) or (
        quantity.han and quantity.low == 1 and left.endswith(("新", "上", "下", "前", "后"))
    ):
        return True
    if quantity.low == 1 and unit == "次" and re.match(r"性|验收|通过|死亡|成功|合格|办|告知|上岗", after):
        return True
    if _RANKED.search(left) and unit in ("名", "位"):
        return False
    if left.endswith(("等", "剩余", "其余")) and (
        MAKING_RE.search(left) or _worked_on(words, quantity)
    ):  # 拆除甲、乙等5个收费站 sums up what is to be done
        return False
    if re.search(r"(?:这|那|该|上述|其余|另外|其他|剩余|等|此|上列|前)$", left) and unit not in ("%", "元"):
        return True
    if (re.match(r"人口", after) and unit in ("", "人")) or (re.match(r"口", after) and unit == "人"):
        return True
    if unit in ("件", "项", "个") and re.match(r"(?:民生|为民|惠民)?实事", after):
        return True
    if re.match(r"分制|制(?=[,，。;；]|$)", after):
        return True
    if ABSTRACT_RE.match(after.lstrip()) and unit in ("个", "项", "条", "大", "种", "道", "套", "级", "层", "位"):
        drafted = (
            DRAFTING_RE.search(left[-16:])
            and DRAFTED_RE.match(after)
            and not re.match(r"(?:重点)?(?:措施|任务|要求|内容|问题|体系)", after)
        )
        return not drafted
    return False


def is_unled(words: Words, quantity: Quantity, comparison: Comparison, left: str, inherits: bool) -> bool:
    """Whether nothing in the clause makes the number an aim: no comparison and no verb whose object it could be."""
    if "预计" in left[-6:]:
        return True
    if quantity.low == 0 and _COLON_HARM.search(words.bare[: quantity.start]):
        return False
    if left.endswith("在内的"):  # 完成包括甲、乙在内的10座
        return not _worked_on(words, quantity)
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
            r"每[人户亩人](?:每[年月])?$|投入|安排|落实|筹措|外资|外贸|收入|产值|增加值|利润|税收|总额|补差|完成|实现|配套|设立|补助|争取|拨付|列支|保障|资金|经费|预算|投资|贷款|融资|成交|销售|营收|消费|养老金|低保|标准|工资|薪酬|人均|撬动|带动|引进|到位|减轻|减负|减免|减税|降费|节约|节省|让利",
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


def _serves(words: Words, quantity: Quantity) -> bool:
    """Whether something is done for or by those counted, with the verb after them: 为十万职工送…, 460个活动室提供…."""
    span = words.clauses[words.clause_at(quantity.start)]
    whole = words.bare[span.start : quantity.start].strip()
    lead = whole[strip_lead(whole) :].strip()
    verb = re.match(
        r"(?!以[上下内])[^,，。;；的]{0,16}?(?:VERB|进行|予以|给予)".replace("VERB", ORDER_RE.pattern),
        words.bare[quantity.end : span.end],
    )
    if re.match(r"(?:再|还|又|将|力争)?(?:让|使|帮助)", whole):
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
    if quantity.low == 0 and _COLON_HARM.search(words.bare[: quantity.start]):
        return False
    if quantity.low == 0 and (quantity.han or re.search(r"(?:为|控制在)$", words.bare[: quantity.start])):
        return False
    if _shares_unit(words, quantity):
        return False
    if not comparison.said:
        return not (_BARE_SHARE.search(left.strip()) and 0 < quantity.low <= 100)
    if re.search(r"(?:人|户|家|车|场|批|架|件)次$", left.strip()):
        return False
    if _BARE_SHARE.search(left.strip()):
        return False
    return RATE_END_RE.search(left.strip()) is None


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
        bounded = comparison.op in ("<=", "<") and comparison.said
        return not (
            (bounded and _RESPONSE.search(clause))
            or re.search(
                r"(?:时间|时长|培训|学习|每[次人天周日月年][^,，]{0,4})(?:总计|累计)?(?:不少于|不低于|达到?|至少)$",
                left + words.bare[comparison.start : quantity.start],
            )
        )
    if quantity.unit in ("工作日", "个工作日", "天", "日"):
        before = words.bare[max(0, quantity.start - 10) : quantity.start]
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


def is_total(words: Words, quantity: Quantity, left: str) -> bool:
    """Whether the number is all there is, and something is to be done with every one: 2000辆超标车全部淘汰."""
    if quantity.kind != "count" or quantity.unit in SORTING:
        return False
    lead = left[strip_lead(left) :].strip()
    opened = not lead or re.search(
        r"(?:^|年|月|日|底|前|内|对|为|给|将|把|全[省市县区乡镇国])(?:全[省市县区乡镇国])?(?:城镇|农村|城乡)?(?:剩余|现有|存量)?$",
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


def is_ground(words: Words, quantity: Quantity) -> bool:
    """Whether the number is what something builds on or goes along with (在新增200人的基础上, 在强化2个队的同时)."""
    span = words.clauses[words.clause_at(quantity.start)]
    return re.search(r"^\s*在.*的(?:基础上|同时)$", words.bare[span.start : span.end].rstrip()) is not None


def is_past_column(words: Words, quantity: Quantity) -> bool:
    """Whether the number is what was reached, beside the cell with the aim (0.08 ≤0.06)."""
    return re.match(r"\s+[≤≥≦≧]\s?\d", words.bare[quantity.end :]) is not None


def is_included(words: Words, quantity: Quantity) -> bool:
    """Whether the number is part of a greater one named next (包括规划中的7座在内的10座)."""
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


def is_penalty(words: Words, quantity: Quantity) -> bool:
    """Fines and legal consequences are no aims, nor is what a thing costs (总投资1.2亿元的项目)."""
    costs = re.match(r"的(?!目标|任务)", words.bare[quantity.end :]) and re.search(
        r"(?:投资|造价|产值|估值)(?:约|达到?|超过)?$", words.bare[: quantity.start]
    )
    return quantity.kind == "money" and (bool(costs) or bool(PENALTY_RE.search(words.bare)))


def is_listed(words: Words, quantity: Quantity, begin: int) -> bool:
    """Whether a list of names stands right before the count (南京、苏州、淮安3个中心): the count sums it up."""
    left = words.bare[begin : quantity.start]
    return left.count("、") >= 2 and quantity.kind == "count" and MAKING_RE.search(left) is not None
