"""Who answers for an item: bodies and persons named in labels (责任单位:…), by verbs (由…牵头, 会同…) or as subjects of a clause.

Objects of a clause (督促单位…, 对…开展) are no owners; a body is one only where the sentence makes it act.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

from wanghuo.engines.workplan.bodies import ENDS, HAN, PERSON, is_body, is_plausible, parts_of
from wanghuo.engines.workplan.paper import Owner
from wanghuo.engines.workplan.verbs import MANNER, VERB

Role = Literal["lead", "support"]

_LEAD_LABEL = (
    "牵头单位|牵头部门|牵头处室|责任处室|主责处室|主要责任单位|第一责任单位|总牵头单位|总牵头部门|牵头领导|牵头责任单位|责任单位|责任部门|责任主体|责任领导|责任人|主办单位|主责单位|主责部门|承办单位|负责单位|负责部门|实施单位|组织单位|"
    "完成单位|落实单位|责任科室|牵头科室|牵头人|包保领导|主管部门|责任分工|牵头|主办"
)
_SUPPORT_LABEL = "配合单位|配合部门|协办单位|协同单位|参与单位|参加单位|参加部门|参与部门|支持单位|协作单位|协助单位|协同部门|配合科室|配合处室|协作部门|支持部门|会办单位|配合责任单位|联办单位|配合|协办"
_LABEL = re.compile(
    rf"(?P<label>(?P<lead>{_LEAD_LABEL})|(?P<support>{_SUPPORT_LABEL}))\s*(?::|(?<=[位门人导室])为(?!主))\s*"
)
_LABEL_STOP = re.compile(
    rf"[。;)\]】\n]|(?:[,\s]\s*)?(?:{_LEAD_LABEL}|{_SUPPORT_LABEL}|完成时限|时限要求|完成时间|时间节点|时限|工作要求|进度安排|完成期限|整改时限|办理时限)\s*(?::|(?<=[位门人导室])为(?!主))"
)
_LEADS = (
    r"(?:共同|具体|全面|分别|按职责分工|按职责|按照职责分工|按照各自职责|依职责|各自|统一|依法)?"
    r"(?:牵头负责|牵头抓总|牵头组织实施|牵头组织|牵头落实|牵头实施|牵头(?!部门|单位|人|领导|责任)|负责组织实施|负责落实|负责(?!人|同志)|主抓|主办|承办|主导|分工负责|组织实施|落实)"
)
_HELPS = r"(?:等)?(?:积极|共同|密切|按职责分工|按职责|主动|依职责|协同)?(?:配合|协助|参与|参加|协办)(?:实施|落实)?"
_BY = re.compile(
    rf"(?:^|[,(、]|,并|分别|统一|具体|工作|事项|任务|资金|经费|费用|办公室|项目)由(?P<by>[^,。;:!?\n“”由]{{2,80}}?)(?:{_LEADS}|组织|担任|统筹|制定|统一|实施|承担|开展|会同)"
)
_LED = re.compile(rf"(?P<led>[^,。;:!?\n“”(]{{2,90}}?)(?:{_LEADS})(?=$|[^{HAN}]|[{HAN}])")
_HELPED = re.compile(rf"(?P<helped>[^,。;:!?\n“”(]{{2,120}}?)(?:{_HELPS})$")
_WITH = re.compile(
    r"(?:会同|联合|商(?=[省市县区])|会商)(?P<with>[^,。;:!?\n“”]{2,90}?)(?P<tail>等?(?:相关|有关|多个|职能)?(?:部门|单位|机构))?"
    r"(?=开展|组织|建立|实施|推进|制定|进行|对|加强|研究|印发|出台|落实|共同|集中|深入|依法|定期|及时|做好|完善|强化|按|负责|牵头|承担|$)"
)
_PUSHED = re.compile(
    rf"(?:推动|组织|督促|指导|协调|提请|报请|责成|安排|要求)(?P<pushed>(?:[{HAN}、]{{2,40}}?等[^,。;的]{{0,6}}?(?:部门|单位)|[{HAN}、]{{2,24}}?(?:部门|政府|派出所|局|厅|委|大队|支队|乡镇街道|街道|乡镇)))"
    r"(?=依法|开展|实施|履行|落实|建立|制定|出台|将|发布|一律|加强|做好|完善|推进|修订|编制|对|切实|严格|认真|全面|按|牵头|抓紧|加大|颁布|组织|切)"
)
_OFFICE = re.compile(r"[\u4e00-\u9fff]{2,8}(?:科|处|室|办|站|所|队)")
# the same where the text is cut off before the bracket closes; its last name is torn
_TORN = re.compile(r"(?<=[。;])[(【\[](?P<bodies>[^()【】\[\]:;。]{6,120})、[^、()【】\[\]:;。]{0,20}$")
# whoever is told what to do: 各级财政要…, 各村党支部应当…
_TOLD = re.compile(
    rf"(?P<who>(?:[{HAN}()]{{2,8}})?各(?![类项种方环个])[{HAN}()、]{{1,12}}?)(?:都|均)?(?:(?<![主重必])要(?!求|点|素)|应当|应(?![急用对])|必须|须)"
)
# a verb that serves as a noun: 建设的覆盖率, 队伍建设得到加强
_NOMINAL = re.compile(
    r"教育活动|[\u4e00-\u9fff]{2,4}?(?:的|得到|进一步|明显|显著|水平|能力|相结合)|[\u4e00-\u9fff]{2,3}室(?:在|对|要|应|将|须|负责|牵头|会同)"
)
# who of a labelled list leads or helps
_ROLE_REMARK = re.compile(r"\((?:牵头|主办|协办|配合|排名第一|按职责分工(?:负责)?)(?:单位|部门)?\)")
# another name for a body, of no use here
_ALIAS = re.compile(r"\((?:以下)?(?:统?简称|下同)[^()]{0,30}\)")
# brackets that close a sentence; a short bracket inside is of a name
_CLOSING = re.compile(
    r"[(【\[〔](?P<bodies>(?:[^()【】\[\]〔〕:。\n]|\([^()]{1,8}\)){3,240}?)[)】\]〕](?=\s*(?:[。;\n]|$))"
)
# 各县〔区〕, the same as 各县(区)
_SQUARE = re.compile(r"[\[〔](?P<inner>[市县区镇乡村州旗、]{1,6})[\]〕]")
_MODAL = re.compile(r"(?<![主重必])要(?![素求点])|应(?![急用对])|须")
_EACH = re.compile(r"各[\u4e00-\u9fff()、]{1,7}")
# towns and districts that are told to act: 城西工业区、商城镇需…
_PLACE = r"(?![全我本该各辖])[\u4e00-\u9fff]{1,7}?(?:工业区|开发区|园区|新区|乡|镇|县|[^社小地城市全]区|[^城都]市)"
_PLACES = re.compile(
    rf"(?P<list>{_PLACE}(?:[、和]{_PLACE})*)(?:都|均|分别)?(?=要(?![求点素])|应(?![急用对])|须|需(?!求)|负责|牵头)"
)
_JOINS_IN = re.compile(r"(?:会同|联合)(?=[省市县区镇乡各])")
_LISTED = re.compile(
    rf"(?P<list>[{HAN}、()]{{2,90}}?)等(?P<of>[^,。;:“”、]{{0,18}}?的(?:部门|单位|机构)|[^,。;:“”、]{{0,10}}?(?:部门|单位|行业(?!领域|部门|单位|系统)|机构)|"
    r"各?(?:地区|地市|地(?!方|下|铁|质|震)))(?P<comma>,)?"
)
_CHARGE = re.compile(
    rf"(?P<who>[{HAN}、]{{2,24}}?)(?P<post>任(?:副)?组长|任(?:副)?主任|任(?:副)?总指挥|任指挥长|担任|为(?:副)?组长|为组员|为成员|任组员|任成员|"
    r"(?:是|为)[^,。;]{0,30}?(?:第一责任人|直接责任人|主要责任人|总责任人|具体责任人|责任人|责任主体))"
)
_WHEN = re.compile(
    r"(?:(?:到|于|在|从|自)?(?:20\d\d年)?(?:\d{1,2}月)?(?:\d{1,2}日)?(?<=[年月日])(?:底|末|初|上半年|下半年)?(?:之?前|内|起|至今)?|"
    r"[一二两三四五六\d半]+(?:个)?[年月](?:之)?内|年内|年底前|今年|每年|其中|此外|特别是|尤其是|同时|另外|即日起|原则上|平时|请|望|要|并|还|再)*"
)
_ACTS = re.compile(
    r"(?:等)?(?:不仅|既|都|均|也)?(?:要|应(?![急用对])|须|需要|必须|将|把|对|按|以|在|于|从(?!业)|向|每|依|根据|按照|结合|通过|围绕|针对|负责(?!人|同志)|不得|可以?|会同|就(?![业近地医餐])|分别|均|具体|为|设(?!在|于)|建成|建立|报(?!告|警|道))"
)
_NOUNS_AFTER = re.compile(
    r"(?:监督|监管|检查|管理|建设|培训|教育|宣传|考核|评估|训练|保障|救援|整治|治理|防控|调查|处置|执法|联合|审批|指导|组织|巡查|排查|备案|登记|整改|联动|运行|值班|学习)"
    r"[\u4e00-\u9fff]{0,6}?(?:机制|责任|体系|制度|力量|能力|范围|模式|职责|人员|队伍|平台|系统|标准|水平|效能|数据|信息|情况|结果|频次|比例|规范|网络|意识|措施|设施|主体|基地|点|室|区域)"
)
_REPORTS = re.compile(
    r"(?P<who>各[\u4e00-\u9fff()、]{1,12}?(?:单位|部门|地区|地|镇|乡|街道|队|县区|县|区|市|局|委)(?!级))[^,。;]{0,40}?前(?:[^,。;]{0,16})?报"
)


def find_owners(flat: str, start: int, end: int) -> tuple[Owner, ...]:
    """The owners named between `start` and `end`, in order, each body once; lead where both roles are given."""
    flat = _ALIAS.sub(lambda alias: " " * len(alias[0]), flat)
    flat = _SQUARE.sub(lambda square: f"({square['inner']})", flat)
    found = [
        *_labelled(flat, start, end),
        *_bracketed(flat, start, end),
        *_torn(flat, start, end),
        *_celled(flat, start, end),
    ]
    taken = [(o.start, o.end) for o in found]
    for sentence in re.finditer(r"[^。!?;\n]+", flat[start:end]):
        found += _of_sentence(flat, start + sentence.start(), start + sentence.end(), taken)
    best: dict[str, Owner] = {}
    for owner in sorted(found, key=lambda o: (o.start, o.role)):
        kept = best.get(owner.name)
        if kept is None or (kept.role == "support" and owner.role == "lead"):
            best[owner.name] = owner
    return tuple(sorted(best.values(), key=lambda o: o.start))


def _labelled(flat: str, start: int, end: int) -> Iterator[Owner]:
    """Owners behind labels; 责任单位 beside a 牵头单位 supports it."""
    headed = re.search(r"牵头(?:单位|部门|责任单位|科室)?\s*:", flat[start:end]) is not None
    for match in _LABEL.finditer(flat, start, end):
        last = _label_end(flat, match.end(), min(end, match.end() + 400))
        role: Role = "lead" if match["lead"] else "support"
        if headed and match["lead"] and "牵头" not in match["lead"]:
            role = "support"
        at = match.end()
        words = _ROLE_REMARK.sub(lambda remark: " " * len(remark[0]), flat[match.end() : last])
        for part in words.split(","):
            helps, leads = re.search(rf"{_HELPS}$", part), re.search(rf"{_LEADS}$", part)
            cut = helps or leads
            words = part[: cut.start()] if cut else part
            yield from _names(words, at, "support" if helps else role, sure=True)
            at += len(part) + 1


def _label_end(flat: str, start: int, end: int) -> int:
    """Where the list behind a label ends; a bracket inside a name (各县(市、区)) ends nothing."""
    for stop in _LABEL_STOP.finditer(flat, start, end):
        if stop.group() == ")" and flat.count("(", start, stop.start()) > flat.count(")", start, stop.start()):
            continue
        return stop.start()
    return end


def _bracketed(flat: str, start: int, end: int) -> Iterator[Owner]:
    """(市教育局、市民政局) at the end of a sentence, also (…牵头,…配合): the bodies that answer for it."""
    for match in _CLOSING.finditer(flat, start, end):
        pieces = [_role_of(part, match.start("bodies")) for part in re.finditer(r"[^,;]+", match["bodies"])]
        names = [words[a:b] for words, _, _ in pieces for a, b in parts_of(re.sub("等[^、]*$", "", words))]
        stands_in = re.search(r"(?:政府|部门|办事处|街道|局)$", flat[start : match.start()]) is not None
        known = sum(1 for name in names if is_body(name) or _OFFICE.fullmatch(name) or _EACH.fullmatch(name))
        shared = any(words.endswith("部门") for words, _, _ in pieces)
        if (
            names
            and not (stands_in and len(names) == 1)
            and all(is_plausible(name) or (shared and is_plausible(name + "部门")) for name in names)
            and (2 * known > len(names) or shared)
        ):
            for words, at, role in pieces:
                yield from _names(words, at, role, sure=True)


def _role_of(part: re.Match[str], offset: int) -> tuple[str, int, Role]:
    """The names in a stretch of a bracket, where they stand, and the role the verb behind them gives."""
    words = part.group().strip()
    helps, leads = re.search(rf"{_HELPS}$", words), re.search(rf"{_LEADS}$", words)
    cut = helps or leads
    led = re.match("由", words)
    first = led.end() if led else 0
    at = offset + part.start() + part.group().index(words) + first
    return words[first : cut.start() if cut else len(words)], at, "support" if helps else "lead"


def _torn(flat: str, start: int, end: int) -> Iterator[Owner]:
    match = _TORN.search(flat, start, end)
    if match is not None and end >= len(flat.rstrip()):
        words = match["bodies"]
        if all(is_plausible(words[a:b]) and is_body(words[a:b]) for a, b in parts_of(words)):
            yield from _names(words, match.start("bodies"), "lead", sure=True)


def _celled(flat: str, start: int, end: int) -> Iterator[Owner]:
    """Lines that are names of bodies and nothing else: the cells of a row whose table was flattened to one cell a line."""
    for line in list(re.finditer(r"[^\n]+", flat[start:end]))[1:]:
        words = line.group().strip()
        names = [words[a:b] for a, b in parts_of(words)]
        if len(words) <= 40 and names and all(is_plausible(name) and is_body(name) for name in names):
            yield from _names(words, start + line.start() + line.group().index(words), "lead", sure=True)


def _of_sentence(flat: str, start: int, end: int, taken: list[tuple[int, int]]) -> Iterator[Owner]:
    waiting: list[Owner] = []  # bodies of clauses that are names alone, until it shows that they act
    for first, last in _clauses(flat, start, end):
        if any(a < last and first < b for a, b in taken):
            waiting = []
            continue
        words = flat[first:last]
        skipped = _WHEN.match(words)
        left = skipped.end() if skipped else 0
        alone = _alone(words[left:], first + left)
        if alone and flat[last : last + 1] == ",":
            waiting += alone
        elif alone and flat[last : last + 1] == ":" and _told_after(flat[last + 1 : end].lstrip()):
            yield from alone
            waiting = []
        else:
            readers = (_in_charge, _helping, _leading)
            found = next((owners for read in readers if (owners := list(read(words[left:], first + left)))), [])
            found = found or list(_subject(flat, first + left, last, end))
            if waiting and found and found[0].start - first - left <= 1:
                yield from waiting
            yield from found
            waiting = []
        yield from _with(words, first)


def _told_after(words: str) -> bool:
    """Whether what stands behind a colon is something to do."""
    return _two(words) or words.startswith("每")


def _alone(words: str, at: int) -> list[Owner]:
    """The bodies of a clause that is nothing but their names (各县人民政府,各开发区管委会,…要加强领导)."""
    by = len(words) - len(words.removeprefix("由"))
    words, at = words[by:], at + by
    names = [words[a:b] for a, b in parts_of(words)]
    known = [is_plausible(name) and (is_body(name) or name.startswith("各")) for name in names]
    if not names or not all(known) or not any(is_body(name) for name in names) or _LABEL.match(words + ":"):
        return []
    return [Owner(words[a:b], "lead", at + a, at + b) for a, b in parts_of(words)]


def _clauses(flat: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Clauses, also those in brackets and behind a colon; a short bracket inside a name stays."""
    for match in re.finditer(r"[^,:()【】]+(?:\([^(),]{1,8}\)[^,:()【】]+)*(?:\([^(),]{1,6}\))?", flat[start:end]):
        words = match.group()
        left = len(words) - len(words.lstrip())
        if words.strip():
            yield start + match.start() + left, start + match.start() + left + len(words.strip())


def _subject(flat: str, first: int, last: int, end: int) -> Iterator[Owner]:
    """The bodies at the head of a clause that are made to act in it."""
    words = flat[first:last]
    if words.startswith(("与", "和", "及", "同", "跟", "给")):
        return
    listed = _LISTED.match(flat, first, end)
    of = "部门" if listed and listed["of"].endswith("部门") else ""
    if listed and (listed["comma"] or listed.end() <= last) and all(_plain_parts(listed["list"], of)):
        comma = bool(listed["comma"])
        if _acts(flat[listed.end() : min(end, listed.end() + 60)], after_comma=comma):
            yield from _list_names(listed["list"], listed["of"], first, "lead")
            return
    places = _PLACES.match(words)
    if places and all(is_plausible(places["list"][a:b]) for a, b in parts_of(places["list"])):
        yield from _names(places["list"], first, "lead", sure=True)
        return
    told = _TOLD.match(words)
    if told and (found := list(_told(told["who"], first))):
        yield from found
        return
    reports = _REPORTS.match(words)
    if reports:
        yield from _names(reports["who"], first, "lead", sure=False)
        return
    for stop in sorted({match.end(1) for match in ENDS.finditer(words[:60])}):
        rest = words[stop:]
        name = words[:stop]
        if rest and _acts(rest) and all(_plain_parts(name)):
            found = list(_names(name, first, "lead", sure=False))
            if found:
                yield from found
                return


def _told(who: str, at: int) -> Iterator[Owner]:
    """Those who are told, each name of a list; none where something else than names stands there."""
    parts = list(parts_of(who))
    parts = [(a, b) for a, b in parts if who[a:b] not in ("单位", "部门", "机构")]
    if all(is_plausible(who[a:b]) and len(who[a:b]) >= 2 for a, b in parts):
        for a, b in parts:
            yield Owner(re.sub(r"\s+", "", who[a:b]), "lead", at + a, at + b)


def _plain_parts(words: str, of: str = "") -> Iterator[bool]:
    """Whether each part is a name; `of`: the word they share (规划、建设等部门)."""
    return (
        is_plausible(words[a:b]) or words[a:b] == "政府" or (bool(of) and b - a <= 8 and is_plausible(words[a:b] + of))
        for a, b in parts_of(words)
    )


def _acts(rest: str, *, after_comma: bool = False) -> bool:
    """Whether what follows a name is what it does."""
    if _JOINS_IN.match(rest):
        return True
    if (
        re.match(r"达到?\d|在[校册建编岗]", rest)
        or PERSON.match(rest)
        or _NOUNS_AFTER.match(rest)
        or _NOMINAL.match(rest)
    ):
        return False
    manner = MANNER.match(rest)
    after = rest[manner.end() :] if manner else rest
    if after_comma:
        return re.match(r"要|应|须|分别|加强|建立|开展|按|根据|结合|依法|负责|强化|落实|对", rest) is not None
    return bool(
        _ACTS.match(rest)
        or re.match(r"\d{4}年|\d{1,2}月", rest)
        or _two(rest)
        or (manner and _two(after))
        or (manner and _ACTS.match(after))
    )


def _two(words: str) -> bool:
    match = VERB.match(words)
    return match is not None and len(match.group()) > 1


def _leading(words: str, at: int) -> Iterator[Owner]:
    """由…牵头 and …牵头: what stands before the verb answers for it."""
    for match in _BY.finditer(words):
        yield from _names(match["by"], at + match.start("by"), "lead", sure=True)
    led = _LED.match(words)
    if led and not words.startswith(("由", "以")):
        sure = re.search(r"牵头|主办|承办|主抓", led.group()) is not None
        yield from _names(_MODAL.split(led["led"], maxsplit=1)[0], at, "lead", sure=sure)


def _helping(words: str, at: int) -> Iterator[Owner]:
    """…配合."""
    helped = _HELPED.match(words)
    if helped and not re.search(r"(?<![主重])要|应(?![急用])|须", helped["helped"]):
        sure = re.search(r"配合|协办", helped.group()) is not None
        yield from _names(helped["helped"], at, "support", sure=sure)


def _with(words: str, at: int) -> Iterator[Owner]:
    """会同…, 联合… in support; bodies that are pushed to act (推动公安派出所依法…) as their own actors."""
    for match in _WITH.finditer(words):
        if match["tail"] and match["tail"].startswith("等"):
            yield from _list_names(match["with"], re.sub("^等", "", match["tail"]), at + match.start("with"), "support")
        else:
            yield from _names(match["with"] + (match["tail"] or ""), at + match.start("with"), "support", sure=False)
    for match in _PUSHED.finditer(words):
        listed = _LISTED.fullmatch(match["pushed"])
        where = at + match.start("pushed")
        if listed:
            yield from _list_names(listed["list"], listed["of"], where, "lead")
        else:
            yield from _names(match["pushed"], where, "lead", sure=False)


def _in_charge(words: str, at: int) -> Iterator[Owner]:
    match = _CHARGE.match(words)
    if match is None:
        return
    role: Role = "support" if re.search(r"副|组员|成员", match["post"]) else "lead"
    for first, last in parts_of(match["who"]):
        name = re.sub(r"^.{0,8}?由", "", match["who"][first:last])
        if len(name) >= 2 and "的" not in name and (is_plausible(name) or is_body(name)):
            where = at + last - len(name)
            yield Owner(name, role, where, where + len(name))


def _list_names(words: str, of: str, at: int, role: Role) -> Iterator[Owner]:
    """教育、民政等部门: each with 部门; 南昌、赣州等地: as they stand; 宾馆、餐馆等火灾高危单位: the class."""
    if of.endswith(("单位", "机构")) and not re.fullmatch(r"(?:相关|有关|成员|责任|多个|职能)*(?:单位|机构)", of):
        where = at + len(words) + 1
        if is_plausible(of):
            yield Owner(of, role, where, where + len(of))
        return
    for first, last in parts_of(words):
        name = words[first:last]
        if len(name) > 14 or not (is_plausible(name) or (of.endswith("部门") and is_plausible(name + "部门"))):
            continue
        full = name + "部门" if of.endswith("部门") and not is_body(name) else name
        yield Owner(full, role, at + first, at + last)


def _names(words: str, at: int, role: Role, *, sure: bool) -> Iterator[Owner]:
    """The single names of a list. `sure`: a label or a verb has shown that they are names, so that any ending will do."""
    tail = re.search(r"等(?P<of>(?:相关|有关|多个|职能|重点|成员|\d+个)*(?:部门|单位|机构|行业|地))?$", words)
    if tail:
        if tail["of"]:
            yield from _list_names(words[: tail.start()], tail["of"], at, role)
            return
        words = words[: tail.start()]
    shared = "部门" if sure and re.search(r"、[^、]{1,8}部门$", words) else ""
    for first, last in parts_of(words):
        name = re.sub(r"\s+", "", words[first:last])
        cut = re.match(r"(?:由|并|以及|各自)", name)
        if cut:
            first, name = first + cut.end(), name[cut.end() :]
        name = name.strip('“”"')
        if not (is_plausible(name) and (sure or is_body(name))) and not (sure and name == "办公室"):
            continue
        full = name if not shared or is_body(name) else name + shared
        yield Owner(full, role, at + first, at + last)
