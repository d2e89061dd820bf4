"""What a number measures and over what: the metric and its scope, cut from the words around the number."""

from __future__ import annotations

import re
from dataclasses import dataclass

from wanghuo.engines.workplan.targets.clauses import HIDDEN
from wanghuo.engines.workplan.targets.words import (
    EVERY_RE,
    LIGHT_RE,
    MAKING_RE,
    NAMED_RATE_RE,
    PREDICATE_RE,
    RATE_END_RE,
    VERB,
    VERB_END_RE,
    VERB_RE,
)

_TIME = (
    r"(?:到|至|截至|截止|自|从|在)?20\d\d(?:-20\d\d)?年(?:\d{1,2}月)?(?:\d{1,2}日)?(?:底|末|初|度|上半年|下半年)?(?:之前|以前|前|之内|内|止|起|期间|间)?"
    r"|(?:到|在)?(?:今年|明年|本年度?|当年|全年|年内|年底|年末|年度)(?:之?内|底|之?前)?|(?:用|力争)?[一二两三四五六七八九十半\d]+(?:年|个月|个工作日|日|天|周)(?:左右)?(?:的)?(?:时间)?(?:之内|以内|内)"
    r"|(?:到|至)?\d{1,2}月(?:底|末|初|\d{1,2}日|上旬|中旬|下旬|份)?(?:之?前|以前|内)?|[上下]半年|每学[期年]|[一二三四五]年(?=新|累|建|完)|第?[一二三四]季度(?:末|底)?(?:之?前|内)?|每(?:年度?|半年|季度?|个?月度?|半个?月|周|日|天|个季度)(?:度)?"
    r"|(?:到)?□{5,7}(?:期间|时期|期末|末)(?:末)?|用[一二两三四五\d]年(?:左右)?的?时间|规划期(?:末|内|间)|届时|期间|按(?:年|季度?|月)|年均(?=新)|近期|远期|中期"
)
_LEAD = re.compile(
    rf"(?:{_TIME}|第[一二三四五六七八九十百零\d]{{1,6}}[条款项章节]|■{{3,4}}(?=.)|[\s、,:的是]|[①-⑳]|[一二三四五六七八九十]是|\([一二三四五六七八九十\d]+\)|\d{{1,2}}[、.﹒．](?!\d)|"
    r"力争|争取|确保|努力|全力|积极|加快|进一步|持续|逐步|逐年|基本|应当|应(?![急对收用届该城])|须|必须|将(?!来)|要(?![点素求件])|并(?!列)|且|同时|其中|以及|或者|或|和(?![平谐])|及(?!时)|与|实现|使(?!用)|让|保证|做到|有效|全面(?=压|提|完|推|建|落|加|开|实|培)|深入|切实|大力"
    r"|推动|推进|组织|督促|指导|自行|分别|均(?!衡)|都|总计|总共|共计|合计|累计|还|也|再(?!生)|重点(?=抓|培|打|整|建|推|实)|定期|统筹|主动|协调|鼓励|支持|引导|计划|拟|原则上|至少|不断|着力|严格|稳步|有序|高标准|高质量|按(?:标准|要求|规定|需)|一年一度|免费|即(?!时|使)|在(?=全[省市县区乡镇国])|依法|依托|以此)+"
)
_SCOPE = re.compile(
    r"(?:全[国省市县区乡镇旗州域]|(?:省|市|县|区|乡|镇)级?(?:层面)|各(?:设区市|市县区|县市区|县\(市、?区\)|市、县|市州|市|县区|县|区|乡镇街道|乡镇\(街道\)|乡镇|镇街|街道|镇|乡|村居|村\(居\)|村社区|村|社区|支队|大队|中队|站|队站|级党委政府|级政府|级部门|级|地|部门|单位|行业部门|成员单位|学校|企业|网格|辖区|街镇)(?:各)?(?:■{3,6})?)"
)
_PER = re.compile(
    r"(?:平均)?每(?:一)?(?:个|支|名|家|处|座|所|户|栋|辆|条|街|台|组|村|万|\d+(?:个|户|名|人|公里|平方公里|米)?)?[一-鿿■□0-9、]{0,12}?"
    rf"(?=要|应|须|至少|不|达|确保|必须|最|均|都|每|年|{VERB}|$)"
)
_CUT_SUBJECT = re.compile(
    r"(?:要|应|须)?(?:结合|按照|根据|针对|通过|采取|围绕|依托|立足|利用|运用|聚焦|在|对|由|以|将|把|紧盯).*$"
)
_SUBJECT_TIME = re.compile(rf"(?:{_TIME}|要|应|须|将|定期|至少)+$")
_TAIL = re.compile(
    r"(?:[\s、,的:至要应须将并]|按照|按|力争|确保|实现|至少|分别|均|都|总数(?=$)(?<!总数)|年内|累计|共计|共|合计|总计)+$"
)
_CUT_RIGHT = re.compile(
    r"[,，。;；、:]|以及|或(?!者)|并(?!列)|负责|构成|组成|用于|从事|承担|参与|达到|不少于|不低于|不超过|覆盖率|确保|力争|,|以(?!上|下|内)|其中|纳入|用以|促进|进一步|提升(?!改造|工程|行动)|对(?!口|象|接|标|性)|向|给予|形成|实现|等(?=$|[,，])|\s{2,}"
)
_AND_RIGHT = re.compile(r"和|及(?!时)|与")


_LED_VERB = re.compile(
    rf"(?:要|应|须|将|每(?:年度?|半年|季度?|个?月|半个?月|周|日|天)(?:定期|至少)?|年内|月底前|年底前)(?P<verb>{VERB})"
)


_ACTOR = re.compile(r"(?:领导|干部|人员|网格员|负责人|责任人|班子成员)$")
_FROM_LEVEL = re.compile(
    r"(?:由|从)(?:目前|现在|原来|现有|当前|去年|上年|(?:19|20)\d\d年(?:底|末)?)?的?[\d.]+[^\d,，]{0,8}$"
)
_EACH_END = re.compile(
    r"每(?![年季月周日天半])(?:一)?(?:个|名|支|家|处|座|户|栋|辆|学)?" + rf"(?:(?!至少|{VERB})[一-鿿■]){{1,6}}$"
)


@dataclass(frozen=True, slots=True)
class Name:
    """`metric`: the measured thing as a person would say it; `noun`: its bare noun, for what follows in the sentence;
    `verb`: the verb of making, which coordinated numbers share; `scope`: over what it counts."""

    metric: str
    noun: str = ""
    verb: str = ""
    scope: str = ""


@dataclass(frozen=True, slots=True)
class Around:
    """The words on both sides of a number and its comparing words, real and with quotations hidden (the same length)."""

    left: str
    bare_left: str
    right: str
    bare_right: str


def strip_lead(bare: str) -> int:
    """How many characters of adverbs, days and connectives open the stretch."""
    match = _LEAD.match(bare)
    return match.end() if match else 0


def split_scope(words: str, bare: str) -> tuple[str, int]:
    """A scope such as 全省, 各支队 or 每个村 at the beginning, after adverbs and days; and where the rest begins."""
    at, scope = strip_lead(bare), ""
    while True:
        match = _SCOPE.match(bare, at) or _PER.match(bare, at)
        if match is None or match.end() == at:
            return scope, at
        part = words[at : match.end()]
        scope = part if not scope or part[0] in "每各" else scope
        at = match.end()
        at += strip_lead(bare[at:])


def tidy(words: str) -> str:
    """A metric without marks at its ends and blanks inside."""
    words = re.sub(r"\s+|至少|不少于", "", words).strip("、,，。;；:：的·.| ")
    words = _TAIL.sub("", words) or words
    if words.count('"') % 2:
        words = words.replace('"', "")
    if words.count("“") != words.count("”"):
        words = words.replace("“", "").replace("”", "")
    if words.count("(") != words.count(")"):
        words = words.strip("()") if words.count("(") + words.count(")") == 1 else words
    return words


def left_noun(words: str, bare: str) -> tuple[str, str]:
    """The noun phrase of a stretch and the qualification before its last 的, as (noun, scope)."""
    scope, at = split_scope(words, bare)
    words, bare = words[at:], bare[at:]
    for opening in ("对于", "针对", "对", "将", "把", "使", "所有", "凡", "现有", "由"):
        if bare.startswith(opening) and not bare.startswith(("对口", "对象", "对标")):
            words, bare = words[len(opening) :], bare[len(opening) :]
    ending = _SUBJECT_TIME.search(bare.rstrip())
    if ending and ending.start() > 1:
        words, bare = words[: ending.start()], bare[: ending.start()]
    moved = _FROM_LEVEL.search(bare)
    if moved:
        words, bare = words[: moved.start()], bare[: moved.start()]
    each = _EACH_END.search(bare)
    if each and each.start() > 1:
        scope, words, bare = tidy(words[each.start() :]), words[: each.start()], bare[: each.start()]
    cut = bare.rfind("的")
    if 0 < cut < len(bare) - 2 and not bare.startswith(HIDDEN * (cut + 1)):
        noun = tidy(words[cut + 1 :])
        return noun, tidy(words[: cut + 1]) + "的" + (bare_object(noun) or noun)
    if (cut := bare.rfind("等")) > 3 and len(bare) - cut - 1 > 2 and "、" in bare[:cut]:
        return tidy(words[cut + 1 :]), tidy(words)
    return tidy(words), scope


def name_share(around: Around, noun_before: str) -> Name:
    """The metric of a percentage, a score or a bare number: 完好率, 大型商业综合体达标率, 市政消火栓进入平台比例."""
    noun, scope = left_noun(around.left, around.bare_left)
    bare = without_light(noun)
    if bare and RATE_END_RE.search(bare):
        return _rate(bare, scope, noun_before)
    predicate = _predicate(around)
    if bare:
        if predicate:
            return Name(_as_rate(bare + predicate), bare, "", scope)
        if VERB_END_RE.search(bare):
            stem = VERB_RE.sub("", bare) if len(bare) > 2 else ""
            return Name(_as_rate(bare if stem else noun_before + bare), noun_before if not stem else bare, "", scope)
        return Name(bare, bare, "", scope)
    if predicate:
        start = PREDICATE_RE.match(predicate)
        if start and noun_before:
            return Name(_as_rate(noun_before + predicate), noun_before, "", scope)
        return Name(_as_rate(predicate), predicate, "", scope)
    return Name("", "", "", scope)


def bare_object(noun: str) -> str:
    """The thing of which a rate is told: 重点单位联网率 gives 重点单位."""
    stem = re.sub(r"(?:率|比例|比重|总量|总数|数量|人数)$", "", noun)
    return re.sub(rf"(?:{MAKING_RE.pattern}|{PREDICATE_RE.pattern})+$", "", stem)


def _rate(metric: str, scope: str, noun_before: str) -> Name:
    """A rate that names itself; a bare one (完好率) takes the noun that went before."""
    stem = metric
    for opening in (LIGHT_RE.match(metric),):
        if opening and len(metric) - opening.end() >= 3:
            stem = metric[opening.end() :]
    if noun_before and NAMED_RATE_RE.search(stem) and not bare_object(stem):
        return Name(noun_before + stem, noun_before, "", scope)
    if noun_before and len(stem) == 3 and NAMED_RATE_RE.search(stem):
        return Name(noun_before + stem, noun_before, "", scope)
    return Name(stem, bare_object(stem), "", scope)


def _predicate(around: Around) -> str:
    """What follows a percentage up to the end of its part, without verbs that say nothing: 实施挂牌督办 gives 挂牌督办."""
    bare = around.bare_right
    cut = re.search(r"[,，。;；:]|并(?!列)|以上|、(?=\d)", bare)
    end = cut.start() if cut else len(bare)
    words, bare = around.right[:end], bare[:end]
    at = re.match(r"(?:的|以上的?|\s)*", bare)
    start = at.end() if at else 0
    words, bare = words[start:], bare[start:]
    standard = re.match(r"(?:比例|标准|要求|比率)", bare)
    if standard:
        return tidy(words[standard.end() : 30]) + "比例"
    if around.bare_left.strip() and (
        light := re.match(r"(?:实施|完成|实现|予以|得到|落实|进行|开展|做到|按期|及时|全部|均|都)+", bare)
    ):
        rest = words[light.end() :]
        words, bare = (rest, bare[light.end() :]) if rest.strip() else (words, bare)
    verbs = PREDICATE_RE.match(bare)
    if verbs and len(bare) > 9 and around.bare_left.strip():
        return tidy(words[: max(verbs.end(), 2)]) if verbs.end() >= 2 else tidy(words[:8])
    return tidy(words[:24])


def _as_rate(words: str) -> str:
    """A statement as the name of a share: 达标 becomes 达标率, a long one gets 比例."""
    words = words.strip("、,的")
    if RATE_END_RE.search(words):
        return words
    verbs = list(PREDICATE_RE.finditer(words))
    return words + ("率" if verbs and verbs[-1].end() == len(words) else "比例")


def _plain(words: str) -> str:
    """Without 全省 and the like behind the verb."""
    return re.sub(rf"^({VERB})?全[国省市县区乡镇](?!面|部|员|民)", r"\1", words)


def without_light(words: str) -> str:
    match = LIGHT_RE.match(words)
    return words[match.end() :] if match and len(words) - match.end() >= 2 else words


def name_total(around: Around) -> Name:
    """The metric of a number that is all there is (2000辆存量超标车全部淘汰): what is done with them."""
    done = re.sub(r"^(?:的)?", "", around.right)
    metric = re.sub(r"全部|一律|逐[一-鿿](?:开展|进行|实施)?|均|都|开展|进行|实施(?=.)", "", done, count=2)
    noun = re.sub(rf"(?:{MAKING_RE.pattern})+$", "", tidy(metric[:30]))
    return Name(tidy(metric[:30]), noun)


def name_count(around: Around, verb_before: str, noun_before: str, unit: str, *, money: bool) -> Name:
    """The metric of a counted thing: 新增市政消火栓, 培训准消防员, 消防安全评估."""
    scope, at = split_scope(around.left, around.bare_left)
    left, bare = around.left[at:], around.bare_left[at:]
    ending = _SUBJECT_TIME.search(bare.rstrip())
    if ending:
        left, bare = left[: ending.start()], bare[: ending.start()]
    moved = _FROM_LEVEL.search(bare)
    if moved:
        left, bare = left[: moved.start()], bare[: moved.start()]
    each = _EACH_END.search(bare)
    if each:
        scope, left, bare = tidy(left[each.start() :]), left[: each.start()], bare[: each.start()]
    if RATE_END_RE.search(bare.rstrip()) and len(bare.strip()) > 1 and not VERB_RE.fullmatch(bare.strip()):
        return _named_total(left, bare, scope)
    right = "" if money else _right_noun(around)
    subject, verb, noun = _parts(left, bare, adjacent=bool(right))
    inner = _EACH_END.search(subject)
    scope = scope or (subject[inner.start() :] if inner else "")
    event = unit in ("次", "场", "轮", "期", "遍")
    if right:
        made = verb or ("" if noun else verb_before)
        whole = _said(made, right) if not noun or verb else right
        return Name(_people(whole, right, unit), right, made, scope or subject or (noun if not verb else ""))
    if noun:
        if event and not verb and _ACTOR.search(noun):
            return Name("", "", "", noun)
        made = verb or verb_before
        return Name(_said(made, noun), noun, made, scope or subject)
    if verb:
        target = "资金" if money else "" if event and not LIGHT_RE.fullmatch(verb) else noun_before
        return Name(_said(verb, target), target, verb, scope or subject)
    return Name("", "", "", scope)


def _named_total(left: str, bare: str, scope: str) -> Name:
    """A count that names itself: 消防队站总数, 编制员额."""
    noun, wider = left_noun(left, bare)
    opening = VERB_RE.match(noun)
    stem = re.sub(r"(?:总数|总量|数量|人数)$", "", noun[opening.end() :] if opening else noun)
    return Name(_plain(without_light(noun)), stem, "", scope or wider)


def _said(verb: str, noun: str) -> str:
    """Verb and noun, the verb only where it says something."""
    verb = tidy(verb)
    light = LIGHT_RE.fullmatch(verb) and not MAKING_RE.fullmatch(verb)
    if not noun:
        return verb
    return noun if not verb or light or noun.startswith(verb) else verb + noun


def _people(metric: str, noun: str, unit: str) -> str:
    """Persons counted in a body (消防队, 20人) are its strength."""
    if unit in ("人", "名") and re.search(r"(?:队|站|组|班|所|室)$", noun):
        return metric + "人数"
    return metric


def _main_verb(bare: str, *, adjacent: bool) -> re.Match[str] | None:
    """The verb that governs the number: the last one where its object follows the number, else one after 要, 每年 and the like,
    else the first one, a verb of doing before others (整治 and 培训 are mostly nouns inside a name)."""
    if adjacent and (last := VERB_END_RE.search(bare.rstrip())):
        return last
    led = _LED_VERB.search(bare)
    if led is not None and (match := VERB_RE.match(bare, led.start("verb"))):
        return match
    every = list(VERB_RE.finditer(bare))
    opening = [match for match in every if match.start() == 0]
    light = [match for match in every if LIGHT_RE.fullmatch(match[0])]
    return next(iter(opening or light[:1] or every), None)


def _parts(left: str, bare: str, *, adjacent: bool) -> tuple[str, str, str]:
    """Subject, verb and object of the words before the number: 火灾高危单位 | 开展 | , or  | 新增 | 市政消火栓."""
    first = _main_verb(bare, adjacent=adjacent)
    if first is None:
        return "", "", tidy(left)
    subject = left[: first.start()]
    verbs_end = first.end()
    while (more := re.match(r"(?:、|和|并|或)?", bare[verbs_end:])) is not None:
        following = VERB_RE.match(bare, verbs_end + more.end())
        if following is None:
            break
        verbs_end = following.end()
    verb, noun = left[first.start() : verbs_end], left[verbs_end:]
    if not noun.strip() and not adjacent and subject.strip() and not _is_subject(bare[: first.start()]):
        acted = re.sub(r"^(?:对于|针对|对|所有|将|把)", "", _SUBJECT_TIME.sub("", tidy(subject)))
        acted = EVERY_RE.sub("", acted)
        return "", "", tidy(acted + verb) if acted else ""
    noun = re.sub(r"^(?:各类|各级|一批|了|好|全[省市县区])", "", noun.strip())
    subject = _CUT_SUBJECT.sub("", subject) if len(subject) > 6 else subject
    subject = _SUBJECT_TIME.sub("", subject)
    cut = noun.rfind("的")
    if 0 < cut < len(noun) - 2:
        noun = noun[cut + 1 :]
    return tidy(subject), verb, tidy(noun)


def _is_subject(bare: str) -> bool:
    """Whether what stands before a verb acts, rather than is acted on."""
    return bool(
        re.search(
            r"(?:单位|部门|企业|支队|大队|队|站|所|政府|委|局|中心|机构|学校|村|社区|街道|乡镇|专班|要|应|须|将|地|级|人员|办|组|会|公司|领导|干部|网格员|责任人|负责人)(?:要|应|须|将|每.*)?$",
            bare.strip(),
        )
    )


def _right_noun(around: Around) -> str:
    """The noun that follows a count, up to a stop, a conjunction with another number, or a new verb."""
    bare = around.bare_right
    start = re.match(r"(?:以上|以下|以内|的|新型?(?=$)|左右|\s)*", bare)
    at = start.end() if start else 0
    standard = re.search(r"的(?:标准|要求|比例|规模)", bare[at:])
    if standard and standard.start() < 8:
        around = Around(
            around.left, around.bare_left, around.right[: at + standard.start()], bare[: at + standard.start()]
        )
        bare = around.bare_right
    cut = _CUT_RIGHT.search(bare, at + 1) if at < len(bare) else None
    end = cut.start() if cut else len(bare)
    words, bare = around.right[at:end], bare[at:end]
    if bare[:1] in ",，。;；、:)":
        return ""
    joined = _AND_RIGHT.search(bare)
    following = bare[joined.end() :] if joined else ""
    if (
        joined
        and joined.start() > 1
        and (re.search(r"\d|[一二两三四五六七八九十]", following[:2]) or "于一体" in following)
    ):
        words = words[: joined.start()]
    cut_at = re.search(r"(?:的)(?=[^的]{2,}$)", words)
    if cut_at and cut_at.start() > 0 and len(words) > 8:
        words = words[cut_at.end() :]
    return tidy(words[:30])
