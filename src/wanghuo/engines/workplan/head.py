"""What a paper says of itself: title, issuer, number, day, period, region; and which paragraphs are its frame, not its body."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from wanghuo.engines.workplan.body import Head
from wanghuo.engines.workplan.days import day_in, period_in
from wanghuo.engines.workplan.layout import Paragraph
from wanghuo.engines.workplan.marks import mark_at

_HAN = r"\u4e00-\u9fffA-Z×*○"
_TYPES = (
    "方案|要点|规划|计划|意见|办法|规定|条例|通知|通报|决定|措施|细则|纲要|指南|制度|通告|公告|公示|报告|清单|预案|标准|导则|总结|安排|任务书|责任书|分解书|"
    "指引|决议|答复|(?<=的)实事|实事项目|(?:分解|任务|一览|明细|安排|进度)表|(?:责任|任务|目标|工作|指标)分解|法|规则|准则|公报|讲话|批复|函|分工|工作目标|任务|行动|实施意见|规程|章程|要求|目标"
)
_TITLE_LINES = 8
_TITLE_END = re.compile(rf"(?:{_TYPES})[”》]?(?:\s*[(〔](?:[^()]{{1,24}})[)〕])?$")
_SUFFIX = (
    "人民政府|政府办公厅|政府办公室|办公厅|办公室|委员会|党委|党组|总队|支队|大队|中队|消防救援局|局|厅|应急管理部|部|国务院|集团|公司|中心|领导小组|"
    "指挥部|消安委|消安办|防火委|防安委|协会|学校|大学|办事处|管委会|联席会议|检察院|法院|工作站|消防办|镇政府|乡政府|区政府|县政府|市政府|省政府"
)
_ISSUER = re.compile(rf"[{_HAN}()、]{{1,38}}?(?:{_SUFFIX})(?:\s+[{_HAN}()、]{{2,38}}(?:{_SUFFIX}))*")
_RUN_IN = re.compile(
    rf"(?P<title>[{_HAN}0-9“”《》()]{{4,50}}?(?:方案|要点|规划|计划|意见|办法|通知|责任书|责任状|细则|预案))\s*(?=为|根据|按照|一、|第一章)"
)
_DATE = re.compile(
    r"\(?\s*(?:(?:19|20)\d\d\s*年\s*\d{1,2}\s*月\s*\d{1,2}\s*日|[二一][〇○零Oo0一二三四五六七八九]{3}年[一二三四五六七八九十]{1,2}月[一二三四五六七八九十]{1,3}日)\s*\)?"
)
_MONTH = re.compile(r"(?:19|20)\d\d\s*年\s*\d{1,2}\s*月(?:份)?")
_SIGNED = re.compile(rf"(?P<issuer>{_ISSUER.pattern})\s+(?P<day>{_DATE.pattern})(?:\s*印发)?")
_NUMBER = rf"[{_HAN}]{{1,14}}(?:字)?\s*[〔\[【(〈]\s*(?:19|20)\d\d\s*[〕\]】)〉]\s*(?:第\s*)?\d{{1,4}}\s*号"
_NUMBER_LINE = re.compile(rf"[(]?\s*(?:文\s*号\s*[:|]?|发文字号\s*[:|]?)?\s*(?P<number>{_NUMBER})\s*[)]?")
_NUMBERED = re.compile(rf"(?P<number>{_NUMBER})\s*[《关][^。]{{4,160}}")
_SALUTATION = re.compile(
    r"[一-鿿]{2,4}(?:代表|委员|同志|先生|女士)们?:|(?!(?:为|根据|按照|现|经|近|从|在|据|关于))(?![^。]*(?:如下|有关事项|下列|要求|意见|通知):$)(?=[^。;]{0,300}(?:各|有关|局|政府|单位|部门|办|委|会|队|村|街道|厅|企业|公司))[^。;]{2,300}:"
)
_FRAME = re.compile(
    r"[(]?\s*(?:此件|公开方式|公开属性|主动公开|信息公开(?:选项|形式|类别|方式)|抄\s*送|抄\s*报|主\s*送|联\s*系\s*人|联系电话|联系方式|校\s*对|印\s*数|共印|签发人|主题词)"
    r"[^。]*。?[)]?|现予(?:以)?(?:公告|公布|公示)[^。]{0,10}。?|(?:最后,)?(?:再次)?(?:衷心)?感谢(?:您|你)[^。]{0,60}。(?:[^。]{0,30}。)?|[^。;]{2,40}\d{1,2}日\s*印发|[^。;,]{2,30}文件|(?:特急|急件|平急|机密|秘密|内部)(?:[^。;]{0,12})|附注:.*"
)
_ATTACHED = re.compile(r"附\s*[件表图录]\s*\d*\s*[:.、]?\s*(?:\d{1,2}[.、])?[^。;]*|附:[^。;]*")
_LISTED = re.compile(r"\d{1,2}\s*[.、][^。;]{2,80}")
_YEARS_LINE = re.compile(r"[(]\s*(?:20\d\d[^()]{1,20}|试行|修订稿?|征求意见稿|送审稿|暂行)[)]")
_ADOPTED = re.compile(r"((?:19|20)\d\d年\d{1,2}月\d{1,2}日)[^\n。]{0,60}(?:通过|修订|修正|批准|公布|施行)")
_PLACE = (
    r"(?:[^\s。,;:、“”《》()的各全本我委府关于]{1,7}?(?:省|自治区|特别行政区))?(?:[^\s。,;:、“”《》()的各全本我委府关于]{1,9}?(?:自治州|地区|盟|市))?"
    r"(?:(?!提升|加强|推进|建设|开展|深化|创建|完善|促进|实施)[^\s。,;:、“”《》()的各全本我委府关于]{1,9}?(?:自治县|县|新区|开发区|(?<!市)区|市|旗))?(?:[^\s。,;:、“”《》()的各全本我委府关于]{1,6}?(?:街道|镇|乡|苏木))?"
)
_LEADING_PLACE = re.compile(rf"(?:(?:19|20)\d\d年(?:度)?)?(?P<place>{_PLACE})")
_NAMED = re.compile(
    r"(?:在|对|的|着眼|针对|为|结合|印发|《|“|,|。|^|立足|将|把)(?P<place>[\u4e00-\u9fff]{2,6}?(?:省|自治区|自治州|市|县|区|镇|乡))"
)
_GENERIC = re.compile(
    r"[各全本我该对]|中共|(?:国家|森林|园林|文明|卫生|模范)+城市|(?:开展|创建|推进|建设|加强|组织|实施|做好|建立|打造|确保|实现|争创|完善|健全|根据|提高|强化)|[两三四](?!明|门|亚|河|台|原|水|都|江|穗|平|川|会|子)|(?:[城地社小辖防园景街片林库厂校营农山市灾牧矿港])[区镇乡市县]$|城市|乡镇|(?:住宅|老旧|工业|产业|中心|重点|相关|有关|部分|高新|开发|居民|经济|管理|.{0,2}"
    r"(?:住房|城乡|农村|乡村|建设|部门|机关|单位|政府|村居|由|和|及|或|等|为|与|于(?![都洪田])|从|从事|是否))"
)


@dataclass(frozen=True)
class Front:
    """What was read: the head, the title's paragraphs and the others of the frame (salutation, signature, list of annexes)."""

    head: Head
    frame: frozenset[int] = frozenset()
    issuers: tuple[str, ...] = ()


@dataclass
class _Found:
    titles: list[str] = field(default_factory=list)
    frame: set[int] = field(default_factory=set)
    issuers: list[str] = field(default_factory=list)
    numbers: list[str] = field(default_factory=list)
    days: list[date] = field(default_factory=list)


def read_head(
    flat: str, paragraphs: Sequence[Paragraph], particulars: Mapping[str, str], places: Sequence[str] = ()
) -> Front:
    """Read the head from the paragraphs around the body. `particulars`: what the site's table says (see `noise`)."""
    words = [_plain(flat[p.start : p.end]) for p in paragraphs]
    found = _Found()
    listed = _listed_annexes(words)
    first = next((i for i, p in enumerate(paragraphs) if i not in listed and _begins_body(flat, p)), len(paragraphs))
    found.frame |= {i for i in listed if i < first}
    _frame_lines(words, first, found)
    _titles(words, first, found)
    title = (
        found.titles[-1]
        if found.titles
        else particulars.get("标题", particulars.get("名称", ""))
        or _run_in_title(words)
        or _annexed_title(words)
        or _reported_title(flat)
    )
    longer = [named for named in found.titles if len(named) > 6]
    title = longer[-1] if longer and title in found.titles and len(title) <= 6 else title
    issuer = _issuer(found, particulars, title, words[:first])
    number = _first([*found.numbers, particulars.get("文号", ""), particulars.get("发文字号", "")])
    number = re.sub(r"\s", "", number).replace("[", "〔").replace("]", "〕")
    issued = _issued(found, particulars, flat)
    text = flat[paragraphs[0].start : paragraphs[-1].end] if paragraphs else ""
    period = period_in(title, text, issued)
    head = Head(title, issuer, number, issued, period, _region(title, issuer, text, places))
    return Front(head, frozenset(found.frame), tuple(found.issuers))


def _plain(words: str) -> str:
    """A line without the marks of Markdown; a place masked as **县 keeps its mask."""
    words = words.lstrip("# ")
    return words.strip("* ") if words.startswith("**") and words.endswith("**") else words


def _begins_body(flat: str, paragraph: Paragraph) -> bool:
    mark = mark_at(flat, paragraph.start, paragraph.end)
    sample = mark is not None and mark.kind == "part" and "篇" in mark.label  # 第一篇: as sites head a sample
    return mark is not None and not sample and mark.kind not in ("annex", "first", "yao", "half")


def _frame_lines(words: list[str], first: int, found: _Found) -> None:
    """The lines that are neither title nor text: number, day, signature, salutation, list of annexes, imprint."""
    for at, line in enumerate(words):
        near = at < first or at >= len(words) - 12
        number = (_NUMBER_LINE.fullmatch(line) if len(line) < 60 else None) or (
            _NUMBERED.fullmatch(line) if at < 2 else None
        )
        signed = _SIGNED.fullmatch(line) if len(line) < 90 else None
        if number and near:
            found.numbers.append(number["number"])
        elif signed:
            found.issuers.append(re.sub(r"\s+", " ", signed["issuer"]).strip())
            _add_day(found, signed["day"])
        elif (len(line) < 40 and _DATE.fullmatch(line.rstrip("? "))) or (
            at and _MONTH.fullmatch(line) and _is_issuer(words[at - 1])
        ):
            _add_day(found, line)
            before = at - 1
            while before >= 0 and before not in found.frame and _is_issuer(words[before]) and at - before < 6:
                found.issuers.insert(0, words[before])
                found.frame.add(before)
                before -= 1
        elif not (
            (at < first and _SALUTATION.fullmatch(line) and at + 1 < len(words))
            or (near and len(line) < 200 and _FRAME.fullmatch(line))
        ):
            continue
        found.frame.add(at)
    _annex_lists(words, first, found)
    _leftovers(words, found)


def _leftovers(words: list[str], found: _Found) -> None:
    """What stands behind the signature (buttons of a site), and a signature that was cut off in its middle."""
    last = max(found.frame, default=-1)
    if last > 0 and len(words) - last <= 8 and all(len(line) <= 6 for line in words[last + 1 :]):
        found.frame.update(range(last + 1, len(words)))
    elif len(words) > 2 and len(words[-1]) <= 12 and words[-2].endswith("。"):
        named = re.match(rf"[《“]?(?P<issuer>[{_HAN}()、]{{2,40}}?)关于", " ".join(words[:3]))
        if named and len(words[-1]) >= 3 and named["issuer"].startswith(words[-1]):
            found.frame.add(len(words) - 1)


def _annex_lists(words: list[str], first: int, found: _Found) -> None:
    """附件:1.… 2.… as a list at the end of a notice; an annex itself stays in the body."""
    for at, line in enumerate(words):
        if at in found.frame or len(line) > 300 or not _ATTACHED.fullmatch(line):
            continue
        titled = re.sub(r"^附\s*(?:[件表图录]|:)?\s*\d*\s*[:.、]?\s*", "", line)
        listed = at + 1
        while listed < len(words) and titled and listed not in found.frame and _LISTED.fullmatch(words[listed]):
            listed += 1
        before_signature = listed in found.frame or listed >= len(words)
        if (titled and (at < first or before_signature)) or (at < first and not titled):
            found.frame.update(range(at, listed))


def _listed_annexes(words: list[str]) -> set[int]:
    """The lines of 附件:1.… 2.… where they come to more than one; the numbers in them are no marks of the body."""
    listed: set[int] = set()
    for at, line in enumerate(words):
        if not re.match(r"附\s*件\s*[:.、]?\s*1\s*[.、]", line) or len(line) > 200:
            continue
        upto = at + 1
        while upto < len(words) and _LISTED.fullmatch(words[upto]) and words[upto].startswith(str(upto - at + 1)):
            upto += 1
        listed.update(range(at, upto))
    return listed


def _titles(words: list[str], first: int, found: _Found) -> None:
    """Titles, each perhaps over several lines; lines of a title on their own that come again in a later one."""
    group: list[int] = []
    loose: list[int] = []
    for at in range(first):
        line = words[at]
        if found.titles and not group and at - 1 in found.frame and _YEARS_LINE.fullmatch(line):
            found.titles[-1] += line
            found.frame.add(at)
            continue
        if at in found.frame or not _is_titlish(line, words[at + 1] if at + 1 < len(words) else ""):
            loose += group
            group = []
            continue
        group.append(at)
        if len(group) > _TITLE_LINES:  # no title runs over so many
            loose.append(group.pop(0))
        whole = "".join(words[i] for i in group)
        if _TITLE_END.search(re.sub(r"\s", "", whole)) and whole.count("《") == whole.count("》"):
            found.titles.append(re.sub(r"(?<=[\u4e00-\u9fff])\s+(?=[\u4e00-\u9fff(])", "", whole))
            found.frame.update(group)
            group = []
    loose += group
    if not found.titles and loose and len(words[loose[0]]) >= 4 and loose[0] <= 3:
        found.titles.append(words[loose[0]])
        found.frame.add(loose[0])
    found.frame.update(i for i in loose if any(words[i] in title for title in found.titles) or _ADOPTED.match(words[i]))
    for at in range(first):
        if at not in found.frame and _ADOPTED.match(words[at]) and "。" not in words[at]:
            found.frame.add(at)


def _run_in_title(words: list[str]) -> str:
    """A title that the first paragraph was run into: 消防工作责任书为认真贯彻…"""
    match = _RUN_IN.match(words[0]) if words else None
    return match["title"] if match else ""


def _annexed_title(words: list[str]) -> str:
    """The title that the letter around a paper gives it, where the letter has lost its own: 附件:1.2019年目标任务分解表."""
    for line in words:
        match = re.match(r"附\s*件\s*[:.、]\s*(?:1\s*[.、])?\s*(?P<title>[^。;,|]{6,60})$", line)
        if match and _TITLE_END.search(match["title"]):
            return match["title"].strip()
    return ""


def _reported_title(flat: str) -> str:
    """The title of the paper that a report of it names first: 市政府公布了《关于加强…的意见》."""
    match = re.search(
        r"(?:印发|公布|出台|发布|下发|制定)了?《(?:关于印发)?(?P<title>[^《》\n]{6,60}?)(?:的通知)?》", flat
    )
    return match["title"] if match and _TITLE_END.search(match["title"]) else ""


def _is_titlish(line: str, following: str) -> bool:
    if not 2 <= len(line) <= 64 or line.startswith("序号") or re.search(r"[。;!?:,]$|[。;!?]", line):
        return False
    if _is_issuer(line):
        return following.startswith(("关于", "印发", "转发"))
    return len(re.findall(rf"[{_HAN}]", line)) >= 2 and not _ADOPTED.match(line)


def _is_issuer(line: str) -> bool:
    line = re.sub(r"\((?:代)?章\)$|\(盖章\)$", "", line)
    return len(line) <= 60 and _ISSUER.fullmatch(line) is not None and not re.search(r"的|关于|负责|。", line)


def _add_day(found: _Found, line: str) -> None:
    day = day_in(line)
    if day is not None:
        found.days.append(day)


def _issuer(found: _Found, particulars: Mapping[str, str], title: str, front: Sequence[str]) -> str:
    named = [re.sub(r"\s+", "、", name) for name in dict.fromkeys(found.issuers)]
    if named:
        return "、".join(named) if len(named) <= 6 else named[0]
    for label in ("发文机关", "发文单位", "制发机关", "颁发部门", "发布机构", "发布单位", "公开主体", "发布部门"):
        if particulars.get(label):
            return particulars[label]
    for line in (*found.titles, title):
        about = re.match(rf"[《“]?(?P<issuer>[{_HAN}()、]{{2,40}}?)(?:关于|转发|批转)", line)
        if about and _is_issuer(about["issuer"]):
            return about["issuer"]
    for line in front:
        letterhead = re.fullmatch(rf"(?P<issuer>{_ISSUER.pattern})文件", line)
        if letterhead:
            return letterhead["issuer"]
    opening = re.match(rf"(?:20\d\d年度?)?(?P<issuer>[{_HAN}]{{2,24}}?(?:{_SUFFIX}))(?!工作|建设)", title)
    if opening:
        return opening["issuer"]
    for line in (re.sub(r"\s+", "", line) for line in front):
        maker = re.search(
            rf"(?:^|[,。])(?P<issuer>[{_HAN}]{{2,20}}?)(?:研究决定|决定|结合(?:本地|我\S)?实际,(?:特)?(?:制定|研究))",
            line,
        )
        if maker and not re.search(r"[各我本经]|部署|要求", maker["issuer"]):
            return maker["issuer"]
    return ""


def _issued(found: _Found, particulars: Mapping[str, str], flat: str) -> date | None:
    if found.days:
        return found.days[-1] if len(found.days) == 1 else found.days[0]
    for label in (
        "成文日期",
        "成文时间",
        "发文日期",
        "印发日期",
        "生成日期",
        "发布日期",
        "公开日期",
        "日期",
        "发布时间",
    ):
        day = day_in(particulars.get(label, ""))
        if day is not None:
            return day
    adopted = [day_in(match[1]) for match in _ADOPTED.finditer(flat[:3000])]
    days = [day for day in adopted if day is not None]
    return max(days) if days else None


def _region(title: str, issuer: str, text: str, places: Sequence[str]) -> str:
    known = sorted((place for place in places if place in title or place in issuer), key=len, reverse=True)
    if known:
        return known[0]
    after_year = re.search(r"20\d\d年(?:度)?(?P<rest>.+)", title)
    named = re.sub(r"^[^《]*?关于(?:下达|印发|做好|开展|加强|落实)?", "", title)
    for words in (issuer, title, after_year["rest"] if after_year else "", named):
        place = _leading_place(words)
        if place:
            return place
    counts = Counter(match["place"] for match in _NAMED.finditer(text) if not _GENERIC.match(match["place"]))
    counts = Counter({place: text.count(place) for place in (*counts, *places) if place in text})
    best = counts.most_common(1)
    return best[0][0] if best and best[0][1] >= 2 else ""


def _leading_place(words: str) -> str:
    match = _LEADING_PLACE.match(words.removeprefix("中共").removeprefix("中国共产党"))
    place = match["place"] if match else ""
    return "" if _GENERIC.match(place) or len(place) < 2 else place


def _first(values: Sequence[str]) -> str:
    return next((value for value in values if value), "")
