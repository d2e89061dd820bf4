"""Owners as the subject of a clause: who is told to act (各村要…), who is said to act (市教育局开展…), places and classes too."""

from __future__ import annotations

import re
from collections.abc import Iterator

from wanghuo.engines.workplan.bodies import ENDS, HAN, PERSON, is_body, is_plausible, parts_of
from wanghuo.engines.workplan.owners.labels import is_label
from wanghuo.engines.workplan.owners.names import CLASSES, list_names, names
from wanghuo.engines.workplan.paper import Owner
from wanghuo.engines.workplan.verbs import MANNER, VERB

_MUST = (
    r"(?:都|均|也)?(?:(?<![主重必])要(?![求点素件])|应当|应(?![急用对])|必须|务必|须|每(?:半?年|季度?|半?月|周|日|天))"
)
# whoever is told what to do: 各级财政要…, 各村党支部应当…
_TOLD = re.compile(rf"(?P<who>(?:[{HAN}()]{{2,8}})?各(?![类项种方环个])[{HAN}()、“”]{{1,12}}?){_MUST}")
# classes of actors that are told though their name has no ending of a body: 新闻媒体要…, 学校应当…, 村“两委”须…
_TOLD_CLASS = re.compile(
    rf"(?P<who>[{HAN}()、“”]{{0,20}}?(?:媒体|部队|党员|干部|职工|员工|志愿者|护林员|巡查员|安全员|协管员|消防员|网格员|网格长|民警|运营商|聚集场所|经营场所|合作社|两委”?|[查导促]组|专班|领导|同志|"
    rf"负责人|管理人|责任人|(?:群团|社会|妇联|共青团|工会|党|团|[镇乡县区][村居街镇]两级)组织|主任|代表|政协委员|干部群众|学会|银行|学校|院校|企业|医院|单位|公司|社区|办公室))(?:{_MUST}|(?:(?<=两委)|(?<=两委”))负责(?!人|同志))"
)
# those who are left or meant, told apart by nothing else (其他乡镇要…, 有条件的镇和村(社区)要…)
_KIN = r"(?:县\(市\)、区|县\(市、区\)|乡镇|镇街|街道|社区|地区|地方|[镇乡村县区])(?:\([^()]{1,6}\))?"
_TOLD_REST = re.compile(
    rf"(?P<who>(?:其他|其余|有关|相关|有条件的){_KIN}(?:[和或、]{_KIN})*)[^,。;]{{0,24}}?(?:{_MUST}|配备|配置|设立|(?<=\))可|(?<=[镇乡村县区])可)"
)
# offices told by 处 科 部 室 组 alone, where a duty stands right behind (保卫处负责…, 宣传科要…)
_TOLD_OFFICE = re.compile(
    rf"(?P<who>[{HAN}、]{{2,24}}?(?<![到各此内外局干])(?<![^安]全)(?:处|科|部|室|组)(?![长员门]))(?:{_MUST}|(?:具体|全面)?负责(?!人|同志)|牵头(?!部门|单位))"
)
_CLASS_NONE = re.compile(r"^(?:工作|组织|加强)?领导$")
_PLACE = r"(?![全我本该各辖])[\u4e00-\u9fff]{1,7}?(?:工业区|开发区|园区|新区|乡|镇|县|[^社小地城市全]区|[^城都]市)"
# towns and districts that are told to act: 城西工业区、商城镇需…
_PLACES = re.compile(
    rf"(?P<list>{_PLACE}(?:[、和]{_PLACE})*)(?:都|均|分别)?(?=要(?![求点素])|应(?![急用对])|须|务必|需(?!求)|负责|牵头)"
)
_PARALLEL = re.compile(
    rf"(?:^|(?<=[,。;\n]))(?P<list>[{HAN}]{{2}}(?:、[{HAN}]{{2}})*)(?P<how>重点|率先|先行|负责)(?=推进|建设|开展|打造|完成|实施|创建|抓好|发展)"
)
_JOINS_IN = re.compile(r"(?:会同|联合)(?=[省市县区镇乡各有相]|[一-鿿]{2,6}(?:部门|局|机构))")
_LISTED = re.compile(
    rf"(?P<list>[{HAN}、()]{{2,90}}?)等(?P<of>[^,。;:“”、]{{0,18}}?的(?:部门|单位|机构)|[^,。;:“”、]{{0,10}}?(?:部门|单位|行业(?!领域|部门|单位|系统|主管|监管)|机构|(?:媒体|组织|团体|企业|场所|学校)(?={_MUST}))|"
    r"各?(?:地区|地市|地(?!方|下|铁|质|震)))(?P<comma>,)?"
)
# a verb that serves as a noun: 建设的覆盖率, 队伍建设得到加强
_NOMINAL = re.compile(
    r"教育活动|[\u4e00-\u9fff]{2,4}?(?:的|得到|进一步|明显|显著|水平|能力|相结合)|[\u4e00-\u9fff]{2,3}室(?:在|对|要|应|将|须|负责|牵头|会同|、|和|及)"
)
_ACTS = re.compile(
    r"(?:等)?(?:不仅|既|都|均|也)?(?:要|应(?![急用对])|须|需要|必须|将|把|对|按|以|在|于|从(?!业)|向|每|依|根据|按照|结合|通过|围绕|针对|负责(?!人|同志)|不得|可以?|会同|就(?![业近地医餐])|分别|均|具体|为|设(?!在|于)|建成|建立|报(?!告|警|道))"
)
_NOUNS_AFTER = re.compile(
    r"(?:监督|监管|检查|管理|建设|培训|教育|宣传|考核|评估|训练|保障|救援|整治|治理|防控|调查|处置|执法|联合|审批|指导|组织|巡查|排查|备案|登记|整改|联动|运行|值班|学习)"
    r"[\u4e00-\u9fff]{0,6}?(?:机制|责任|体系|制度|力量|能力|范围|模式|职责|人员|队伍|平台|系统|标准|水平|效能|数据|信息|情况|结果|频次|比例|规范|网络|意识|措施|设施|主体|基地|点|室|区域)"
)
# what is done with a building (消防站竣工, 服务中心投入使用), not by a body
_BUILT = re.compile(
    r"(?:[及与和]|新建|改建|扩建|改扩建|[^,。;、]{0,4}建设|改造|维修)*(?:工程|项目)|(?:要|应|将|须)?(?:主体)?(?:竣工|完工|封顶|动工|开工)|建成投|投入(?:使用|运行|执勤)|完成(?:征地|选址|附属|主体|立项|装修|改造)"
)
_IS_BUILT_UP = re.compile(r"(?:队伍|机构|中心|体系|专职队)$")
_REPORTS = re.compile(
    r"(?P<who>各[\u4e00-\u9fff()、]{1,12}?(?:单位|部门|地区|地|镇|乡|街道|队|县区|县|区|市|局|委)(?!级)(?:\([市县区州、]+\))?)[^,。;]{0,40}?前(?:[^,。;]{0,16})?报"
)


def alone(words: str, at: int) -> list[Owner]:
    """The bodies of a clause that is nothing but their names (各县人民政府,各开发区管委会,…要加强领导)."""
    by = len(words) - len(words.removeprefix("由"))
    words, at = words[by:], at + by
    told = [words[a:b] for a, b in parts_of(words)]
    known = [is_plausible(name) and (is_body(name) or name.startswith("各")) for name in told]
    if re.search(r"(?<![残妇商])(?:会同|联合)(?!会|执法)", words):
        return []
    if not told or not all(known) or not any(is_body(name) for name in told) or is_label(words):
        return []
    return [Owner(words[a:b], "lead", at + a, at + b) for a, b in parts_of(words)]


def told_after(words: str) -> bool:
    """Whether what stands behind a colon is something to do."""
    return _two(words) or words.startswith("每")


def subject(flat: str, first: int, last: int, end: int) -> Iterator[Owner]:
    """The bodies at the head of a clause that are made to act in it."""
    words = flat[first:last]
    if words.startswith(("与", "和", "及", "同", "跟", "给")):
        return
    for read in (_listed, _placed, _told, _left, _reporting, _acting):
        if found := list(read(flat, first, last, end)):
            yield from found
            return


def _listed(flat: str, first: int, last: int, end: int) -> Iterator[Owner]:
    """教育、民政等部门要…."""
    listed = _LISTED.match(flat, first, end)
    if listed is None or not (listed["comma"] or listed.end() <= last):
        return
    of = "部门" if listed["of"].endswith("部门") else ""
    if listed["comma"] and listed["of"].endswith("行业"):
        return
    classed = re.search(r"(?:媒体|组织|团体|企业|场所|学校)$", listed["of"]) is not None
    after = flat[listed.end() : min(end, listed.end() + 60)]
    if (classed or all(_plain_parts(listed["list"], of))) and _acts(after, after_comma=bool(listed["comma"])):
        yield from list_names(listed["list"], listed["of"], first, "lead")


def _placed(flat: str, first: int, last: int, end: int) -> Iterator[Owner]:
    places = _PLACES.match(flat, first, last)
    if places and all(is_plausible(places["list"][a:b]) for a, b in parts_of(places["list"])):
        yield from names(places["list"], first, "lead", sure=True)


def places_in_parallel(flat: str, start: int, end: int) -> Iterator[Owner]:
    """甲乙、丙丁重点推进…,戊己、庚辛重点推进…: places by their bare names, known by what their clauses have in common."""
    told = list(_PARALLEL.finditer(flat, start, end))
    if len(told) > 1 and len({match["how"] for match in told}) == 1:
        for match in told:
            yield from names(match["list"], match.start("list"), "lead", sure=True)


def _told(flat: str, first: int, last: int, end: int) -> Iterator[Owner]:
    """Those who are told, each name of a list; none where something else than names stands there."""
    for pattern in (_TOLD, _TOLD_CLASS, _TOLD_OFFICE):
        told = pattern.match(flat, first, last)
        if told is None or _CLASS_NONE.match(told["who"]):
            continue
        who = told["who"]
        parts = [(a, b) for a, b in parts_of(who) if pattern is not _TOLD or who[a:b] not in ("单位", "部门", "机构")]
        if parts and all(_can_be_told(re.sub("[“”]", "", who[a:b])) for a, b in parts):
            found = list(names(who, first, "lead", sure=True))
            yield from found or [Owner(who[a:b], "lead", first + a, first + b) for a, b in parts]
            return


def _left(flat: str, first: int, last: int, end: int) -> Iterator[Owner]:
    """The rest, or those that can."""
    if told := _TOLD_REST.match(flat, first, last):
        yield Owner(told["who"], "lead", first, first + len(told["who"]))


def _can_be_told(name: str) -> bool:
    if re.search(r"[局队所站办委]对(?!口|外)", name):  # 消防救援大队对重点单位每年…
        return False
    return is_plausible(name) or name in CLASSES or name in ("单位", "镇", "乡", "村", "县", "区")


def _reporting(flat: str, first: int, last: int, end: int) -> Iterator[Owner]:
    reports = _REPORTS.match(flat, first, last)
    if reports:
        yield from names(reports["who"], first, "lead", sure=False)


def _acting(flat: str, first: int, last: int, end: int) -> Iterator[Owner]:
    """Names by their endings, with something to do right behind."""
    words = flat[first:last]
    for stop in sorted({match.end(1) for match in ENDS.finditer(words[:60])}):
        name, rest = words[:stop], words[stop:]
        if _IS_BUILT_UP.search(name) and rest.startswith("建设"):  # 救援队伍建设2025年应完成40%
            continue
        if rest and _acts(rest) and all(_plain_parts(name)) and (found := list(names(name, first, "lead", sure=False))):
            yield from found
            return


def _plain_parts(words: str, of: str = "") -> Iterator[bool]:
    """Whether each part is a name; `of`: the word they share (规划、建设等部门)."""
    of = of or ("部门" if words.endswith("部门") else "")
    return (
        is_plausible(words[a:b]) or words[a:b] == "政府" or (bool(of) and b - a <= 8 and is_plausible(words[a:b] + of))
        for a, b in parts_of(words)
    )


def _acts(rest: str, *, after_comma: bool = False) -> bool:
    """Whether what follows a name is what it does."""
    if _JOINS_IN.match(rest):
        return True
    if _BUILT.match(rest) or rest in (
        "建设",
        "发展",
        "管理",
        "改造",
        "整治",
        "治理",
        "创建",
        "监管",
        "服务",
    ):  # a heading
        return False
    if (
        re.match(r"(?:力争|争取|预计|确保)(?:达到?|突破|超过|增长|保持|稳定|增至)", rest)
        or re.fullmatch(r"健全|完善|规范|明确|到位|齐全|完备", rest)
        or re.match(r"达到|达\d|得到|具备|获得|在[校册建编岗园院职训押籍]", rest)
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
