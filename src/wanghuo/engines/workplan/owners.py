"""Who answers for an item: bodies and persons named in labels (责任单位:…), by verbs (由…牵头, 会同…) or as subjects of a clause.

Objects of a clause (督促单位…, 对…开展) are no owners; a body is one only where the sentence makes it act.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

from wanghuo.engines.workplan.paper import Owner
from wanghuo.engines.workplan.verbs import MANNER, VERB

Role = Literal["lead", "support"]

_HAN = r"\u4e00-\u9fffA-Za-z"
# the last word of a body's name
_KIND = (
    "人民政府|党委政府|政府|党委|党工委|党组|管委会|部门|主管单位|责任单位|成员单位|有关单位|单位|机构|消防救援局|局|厅|发展改革委|发改委|国资委|卫健委|卫生健康委|"
    "政法委|宣传部|组织部|网信办|文明办|综治办|应急办|消防办|安委会|消安委|消委会|防火委|安委办|消安办|消防安全委员会|委员会|办公室|办事处|经发办|城建办|"
    "规环办|社事办|党政办|平安办|专班|专项办|领导小组|指挥部|总队|支队|大队|中队|消防救援站|消防站|工作站|派出所|中心|乡镇|街道|镇街|乡镇街道|乡镇场街道|村\\(居\\)|"
    "村\\(社区\\)|村委会|居委会|行政村|社区|网格员|协会|公司|集团|学校|医院|联席会议|法院|检察院|纪委监委|纪委|监委|团委|妇联|工会|总工会|残联|气象台|供电所|"
    "电力公司|应急管理部|公安部|教育部|民政部|住房城乡建设部|国家消防救援局|[各全]?机关|指挥中心|保障大队|消防所"
)
_COLLECTIVE = (
    "各级各部门|各地区各部门|各地各部门|各地区、各部门|各地、各部门|各地各有关部门|各地区各有关部门|各级各有关部门|各级、各单位|各级各单位|各级|各地区|各地市|各地|"
    "各设区市|各市县|各市州|各市|各县\\(市、区\\)|各县\\(区\\)|各县区|各县市区|各区县|各区|各县|各镇街|各镇|各乡镇|各街道|各乡|各村\\(居\\)|各村居|各村\\(社区\\)|各村|各行业|"
    "各部门|各单位|各成员单位|各责任单位|各支队|各大队|各办公室|各科室|各处室|各站所|全省|全市|省级层面|市级层面|县级层面|总队|支队|大队"
)
_PERSON = (
    "党委书记|镇长|乡长|书记|市长|县长|区长|局长|主任|主要负责人|主要负责同志|分管负责人|分管负责同志|分管领导|主要领导|负责人|班子成员|军政主官|主官|村支书|支部书记|"
    "消防安全责任人|消防安全管理人|责任人|管理人"
)
_NAME = rf"(?:[各本全]级?)?[{_HAN}·]{{0,18}}?(?:\([^()]{{1,10}}\))?[{_HAN}]{{0,14}}?(?:{_KIND})"
_LIST = re.compile(
    r"(?P<list>[^,。;:()!?\n“”]{2,160}?)(?P<etc>等(?:相关|有关|多个|职能|重点|行业|\d+个|[一二三四五六七八九十]+个)*(?P<of>部门|单位|行业|地|机构)?)?"
)
_LEAD_LABEL = "牵头单位|牵头部门|牵头领导|责任单位|责任部门|责任主体|责任领导|责任人|主办单位|主责单位|主责部门|承办单位|负责单位|负责部门|实施单位|组织单位|完成单位|落实单位|责任科室|牵头科室"
_SUPPORT_LABEL = "配合单位|配合部门|协办单位|协同单位|参与单位|参加单位|参加部门|参与部门|支持单位|协作单位|协助单位|协同部门|配合科室"
_LABEL = re.compile(rf"(?P<label>(?P<lead>{_LEAD_LABEL})|(?P<support>{_SUPPORT_LABEL}))\s*[:]\s*")
_LABEL_STOP = re.compile(
    rf"[。;)\]】\n]|(?:[,\s]\s*)?(?:{_LEAD_LABEL}|{_SUPPORT_LABEL}|完成时限|时限要求|完成时间|时间节点|时限|工作要求|进度安排)\s*:"
)
_LEADS = r"(?:共同|具体|全面|分别|按职责分工|按职责|按照职责分工|依职责|组织)?(?:牵头负责|牵头抓总|牵头组织|牵头|负责|主抓|主办|承办|主导|组织实施|落实|承担|分工负责)"
_BY_VERB = re.compile(
    rf"(?:由|以)(?P<by>[^,。;:!?\n“”]{{2,80}}?)(?:{_LEADS}|组织|担任|统筹|制定|统一|实施|承担|开展)"
    rf"|(?P<led>[^,。;:!?\n“”(]{{2,90}}?)(?:{_LEADS})(?=[,。;)]|$|[^\s]{{0,24}}(?:工作|任务|实施|落实|建设|监管)?(?:[,。;)]|$))"
    rf"|(?P<helped>[^,。;:!?\n“”(]{{2,120}}?)(?:等)?(?:积极|共同|密切|按职责分工|按职责)?(?:配合|协助|参与|参加|协同)(?=[,。;)]|$)"
)
_WITH = re.compile(
    r"(?:会同|联合|商请|协同|协调|商)(?P<with>[^,。;:!?\n“”]{2,90}?)(?=等?(?:部门|单位|机构)|等?(?:开展|组织|建立|实施|推进|制定|进行|对|加强|研究|印发|出台|落实|共同|集中|深入|依法)|[,。;)])(?P<tail>等?(?:部门|单位|机构)?)"
)
_SUBJECT = re.compile(
    rf"(?P<subject>(?:(?:{_COLLECTIVE})|{_NAME}|[{_HAN}]{{0,8}}(?:{_PERSON}))(?:[、和及与](?:(?:{_COLLECTIVE})|{_NAME}|[{_HAN}]{{1,10}})(?=[、和及与等]|{_KIND}))*(?:等(?:相关|有关|职能|重点)?(?:部门|单位|行业|机构|地))?)"
)
_CHARGE = re.compile(
    rf"(?P<who>[{_HAN}]{{2,20}}?)(?P<post>任(?:副)?组长|任(?:副)?主任|任(?:副)?总指挥|为(?:副)?组长|为组员|为成员|(?:是|为)[^,。;]{{0,30}}?(?:第一责任人|直接责任人|主要责任人|总责任人|责任人|责任主体))"
)
_ROUND = re.compile(r"和|及|与|以及|、|,")
_KEEP = re.compile(
    r"住房和城乡|发展和改革|工业和信息化|人力资源和社会保障|文化和旅游|自然资源和规划|规划和自然资源|卫生和计划生育|经济和信息化|民族和宗教|国防和|体育和|商务和|"
    r"科学和|退役军人和|水利和|农业和农村|交通和|住建和|广播电视和|政务服务和|行政审批和|城市管理和|综合行政和|教育和体育|教育和科技|市场监督和|生态环境和|"
    r"托运和|党和政府|工商和"
)
_NOT_OWNER = re.compile(
    r"^(?:对|将|把|在|督促|推动|指导|引导|鼓励|要求|监督|检查|加强|强化|支持|发动|提请|报请|针对|依托|按照|根据|通过|从|向|为|与|以|使|让|落实|完善|深化|推进|"
    r"建立|健全|聚焦|紧盯|围绕|结合|坚持|凡|如|若|经|发现|深入|开展|组织|实现|确保|提升|提高|强|重大|没有|所有|部分|一些|多数)"
)
_VAGUE = frozenset(
    {
        "",
        "部门",
        "单位",
        "机构",
        "中心",
        "学校",
        "公司",
        "办公室",
        "委员会",
        "社区",
        "责任人",
        "管理人",
        "机关",
        "负责人",
        "医院",
        "主任",
        "书记",
    }
)


def find_owners(flat: str, start: int, end: int) -> tuple[Owner, ...]:
    """The owners named between `start` and `end`, in order, each body once; lead where both roles are given."""
    found: list[Owner] = []
    labelled = list(_labelled(flat, start, end))
    found += labelled
    taken = [(o.start, o.end) for o in labelled]
    for sentence in re.finditer(r"[^。!?;\n]+", flat[start:end]):
        at = start + sentence.start()
        found += _of_sentence(flat, at, start + sentence.end(), taken)
    best: dict[str, Owner] = {}
    for owner in sorted(found, key=lambda o: (o.start, o.role)):
        kept = best.get(owner.name)
        if kept is None or (kept.role == "support" and owner.role == "lead"):
            best[owner.name] = owner
    return tuple(sorted(best.values(), key=lambda o: o.start))


def _labelled(flat: str, start: int, end: int) -> Iterator[Owner]:
    headed = re.search(r"牵头(?:单位|部门)\s*:", flat[start:end]) is not None
    for match in _LABEL.finditer(flat, start, end):
        stop = _LABEL_STOP.search(flat, match.end(), end)
        last = stop.start() if stop else min(end, match.end() + 300)
        role: Role = "lead" if match["lead"] else "support"
        if headed and match["lead"] and "牵头" not in match["lead"]:
            role = "support"
        at = match.end()
        for part in re.split(r"[,]", flat[match.end() : last]):
            helps = re.search(r"(?:等)?(?:配合|协助|参与|协办)$", part)
            leads = re.search(rf"{_LEADS}$", part)
            words = part[: (helps or leads).start()] if helps or leads else part  # type: ignore[union-attr]
            yield from _names(words, at, "support" if helps else role, strict=False)
            at += len(part) + 1


def _of_sentence(flat: str, start: int, end: int, taken: list[tuple[int, int]]) -> Iterator[Owner]:
    for first, last in _clauses(flat, start, end):
        if any(a < last and first < b for a, b in taken):
            continue
        words = flat[first:last]
        yield from _by_verb(words, first)
        yield from _in_charge(words, first)
        yield from _subject(words, first)


def _clauses(flat: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Clauses, also those in brackets; a list's 、 does not part them."""
    for match in re.finditer(r"[^,:()]+(?:\([^()]{1,8}\)[^,:()]+)*", flat[start:end]):
        words = match.group()
        left = len(words) - len(words.lstrip())
        if words.strip():
            yield start + match.start() + left, start + match.start() + left + len(words.strip())


def _by_verb(words: str, at: int) -> Iterator[Owner]:
    for match in _BY_VERB.finditer(words):
        for group, role in (("by", "lead"), ("led", "lead"), ("helped", "support")):
            if match[group] is not None and (group == "by" or match.start() == 0):
                yield from _names(match[group], at + match.start(group), role, strict=True)  # type: ignore[arg-type]
    for match in _WITH.finditer(words):
        suffix = re.sub("^等", "", match["tail"] or "")
        yield from _names(
            match["with"] + ("等" + suffix if suffix else ""), at + match.start("with"), "support", strict=True
        )


def _in_charge(words: str, at: int) -> Iterator[Owner]:
    match = _CHARGE.match(words)
    if match is None:
        return
    who = match["who"]
    role: Role = "support" if re.search(r"副|组员|成员", match["post"]) else "lead"
    if not _NOT_OWNER.match(who) and len(who) >= 2:
        yield Owner(who, role, at, at + len(who))


def _subject(words: str, at: int) -> Iterator[Owner]:
    match = _SUBJECT.match(words)
    if match is None or match.end() >= len(words) or _NOT_OWNER.match(words):
        return
    rest = words[match.end() :]
    manner = MANNER.match(rest)
    after = rest[manner.end() :] if manner else rest
    if not (VERB.match(rest) or VERB.match(after)):
        return
    yield from _names(match["subject"], at, "lead", strict=True)


def _names(words: str, at: int, role: Role, *, strict: bool) -> Iterator[Owner]:
    """The single names of a list, with 部门 put to each of 教育、民政等部门. `strict`: only what looks like a body."""
    tail = re.search(r"等(?:相关|有关|多个|职能|重点|\d+个)*(?P<of>部门|单位|机构|行业)?$", words)
    common = tail["of"] if tail and tail["of"] else ""
    body = words[: tail.start()] if tail else words
    if not common:
        shared = re.search(r"(?P<of>部门)$", body)
        common = shared["of"] if shared and "、" in body else ""
    for first, last in _parts(body):
        name = body[first:last].strip()
        name = re.sub(r"^(?:由|和|及|与|以及|并|以|各地)(?=.{3})", "", name) if strict else name
        clean = re.sub(r"\s+", "", name)
        if not clean or clean in _VAGUE or (strict and _NOT_OWNER.match(clean)) or len(clean) > 30:
            continue
        if strict and not common and not _is_body(clean):
            continue
        full = clean if not common or _is_body(clean) else clean + common
        where = at + body.find(name, first)
        yield Owner(full, role, where, where + len(name))


def _is_body(name: str) -> bool:
    return re.search(rf"(?:{_KIND}|{_PERSON})$", name) is not None or re.fullmatch(_COLLECTIVE, name) is not None


def _parts(words: str) -> Iterator[tuple[int, int]]:
    """Where each name of a list stands; 和 inside 住房和城乡建设局 and marks inside brackets do not part."""
    kept = [(m.start(), m.end()) for m in _KEEP.finditer(words)] + [
        (m.start(), m.end()) for m in re.finditer(r"\([^()]*\)", words)
    ]
    first = 0
    for match in _ROUND.finditer(words):
        if match.start() < first or any(a <= match.start() < b for a, b in kept):
            continue
        yield first, match.start()
        first = match.end()
    yield first, len(words)
