"""Owners by verbs that say what they do: 由…牵头, …配合, 会同…, 推动…依法…, …任组长, …是第一责任人."""

from __future__ import annotations

import re
from collections.abc import Iterator

from wanghuo.engines.workplan.bodies import ENDS, HAN, is_body, is_plausible, parts_of
from wanghuo.engines.workplan.owners.names import HELPS, LEADS, Role, list_names, names
from wanghuo.engines.workplan.paper import Owner
from wanghuo.engines.workplan.verbs import VERB

_BY = re.compile(
    rf"(?:^|[,(、]|,并|分别|统一|具体|工作|事项|任务|资金|经费|费用|办公室|项目)(?<!是)由(?P<by>[^,。;:!?\n“”由]{{2,80}}?)(?:{LEADS}|组织|担任|兼任|统筹|制定|统一|实施|承担|开展|会同|责令|依法|给予|处理|安排)"
)
_LED = re.compile(rf"(?P<led>[^,。;:!?\n“”(]{{2,90}}?)(?:{LEADS})(?=$|[^{HAN}]|[{HAN}])")
_HELPED = re.compile(
    rf"(?P<helped>[^,。;:!?\n“”(]{{2,120}}?)(?:{HELPS})$|(?P<listed>[{HAN}、]{{4,60}}?)等(?:共同|积极|协同)?(?:配合|协助|协办)(?!单位|部门|制|度)"
)
_WITH = re.compile(
    r"(?:会同|联合(?!调动|推动|推进|打造|制定|印发|出台|发布|攻坚|防控|检查|执法|督|调查|工作|整治|行动|演练|惩戒)|商(?=[省市县区])|会商)(?P<with>[^,。;:!?\n“”]{2,90}?)(?P<tail>等?(?:相关|有关|多个|职能)?(?:部门|单位|机构))?"
    r"(?=开展|组织|建立|实施|推进|制定|进行|对|加强|研究|印发|出台|落实|共同|集中|深入|依法|定期|及时|做好|完善|强化|按|负责|牵头|承担|$)"
)
_PUSHED = re.compile(
    rf"(?:推动|组织|督促|指导|协调|提请|报请|责成|安排|要求)(?P<pushed>(?:[{HAN}、]{{2,40}}?等[^,。;的]{{0,6}}?(?:部门|单位)|[{HAN}、]{{2,24}}?(?:部门|政府|派出所|局|厅|委|大队|支队|乡镇街道|街道|乡镇)|(?:相关|有关|其他|各)(?:[镇乡村县区]|乡镇|街道)(?:\([^()]{{1,6}}\))?))"
    r"(?=也?要|[在于]\d|成立|完成|依法|开展|实施|履行|落实|建立|制定|出台|将|发布|一律|加强|做好|完善|推进|修订|编制|对|切实|严格|认真|全面|按|牵头|抓紧|加大|颁布|组织|切)"
)
_ENTRUSTED = re.compile(
    rf"(?:委托|授权)(?P<who>[{HAN}]{{3,24}}?)(?:\([^()]{{2,12}}\))?(?=[,]?(?:对|按|负责|开展|组织|具体)|$)"
)
_MODAL = re.compile(r"(?<![主重必])要(?![素求点])|应(?![急用对])|必?须|将(?!来)|对(?!外)")
_CHARGE = re.compile(
    rf"(?P<who>[{HAN}、]{{2,24}}?)(?P<post>任(?:副)?组长|任(?:副)?主任|任(?:副)?总指挥|任指挥长|兼任|担任|为(?:副)?组长|为组员|为成员|任组员|任成员|"
    r"(?:是|作?为)[^,。;]{0,30}?(?:第一责任人|直接责任人|主要责任人|总责任人|具体责任人|责任人|责任主体))"
)
_CHARGE_LEAD = re.compile(r"^(?:.{0,8}?由|(?:成立|建立)?以)")
_PARTNER = re.compile(
    r"(?:与|(?<!会)同)(?P<other>[^,。;与同要应须]{2,24}?)(?:签订|建立|合作|共建|对接|联合|共同|开展|加强|形成|保持|密切)"
)


def led_by(words: str, at: int) -> Iterator[Owner]:
    """由…牵头 and …牵头: what stands before the verb answers for it."""
    for match in _BY.finditer(words):
        yield from names(match["by"], at + match.start("by"), "lead", sure=True)
    if not _BY.search(words):
        yield from _by_any(words, at)
    led = _LED.match(words)
    if (
        led
        and not words.startswith(("由", "以"))
        and not words.endswith(("和人员落实", "人员落实", "责任落实", "措施落实"))
    ):
        sure = re.search(r"牵头|主办|承办|主抓", led.group()) is not None
        who = _MODAL.split(led["led"], maxsplit=1)[0]
        if sure or all(is_plausible(who[a:b]) for a, b in parts_of(who)):
            yield from names(who, at, "lead", sure=sure)


def _by_any(words: str, at: int) -> Iterator[Owner]:
    """由 a body that is told apart by its ending, whatever it does (由市安委会对单位进行评定)."""
    for by in re.finditer(r"(?<![自来理是])由", words):
        rest = words[by.end() : by.end() + 60]
        for stop in sorted({end.end(1) for end in ENDS.finditer(rest)}):
            told = rest[:stop]
            if re.match(rf"(?:对|按|根据|向|进行|予以|{VERB.pattern})", rest[stop:]) and all(
                is_plausible(told[a:b]) and is_body(told[a:b]) for a, b in parts_of(told)
            ):
                yield from names(told, at + by.end(), "lead", sure=False)
                break


def helped_by(words: str, at: int) -> Iterator[Owner]:
    """…配合."""
    helped = _HELPED.match(words)
    who = (helped["helped"] or helped["listed"]) if helped else ""
    if helped and not _MODAL.search(who):
        sure = re.search(r"配合|协办", helped.group()) is not None
        yield from names(who, at, "support", sure=sure)


def joined_by(words: str, at: int) -> Iterator[Owner]:
    """会同…, 联合… in support; bodies that are pushed to act (推动公安派出所依法…) as their own actors."""
    for match in _WITH.finditer(words):
        if match["tail"] and match["tail"].startswith("等"):
            yield from list_names(match["with"], re.sub("^等", "", match["tail"]), at + match.start("with"), "support")
        else:
            yield from names(match["with"] + (match["tail"] or ""), at + match.start("with"), "support", sure=False)
    for match in _ENTRUSTED.finditer(words):
        yield from names(match["who"], at + match.start("who"), "lead", sure=False)
    for match in _PUSHED.finditer(words):
        listed = re.fullmatch(r"(?P<list>.+)等(?P<of>[^等]*(?:部门|单位))", match["pushed"])
        where = at + match.start("pushed")
        if listed:
            yield from list_names(listed["list"], listed["of"], where, "lead")
        elif match["pushed"].startswith(("相关", "有关", "其他")) and not is_body(match["pushed"]):
            yield Owner(match["pushed"], "lead", where, where + len(match["pushed"]))
        else:
            yield from names(match["pushed"], where, "lead", sure=False)


def in_charge(words: str, at: int) -> Iterator[Owner]:
    """…任组长,…任副组长; …是第一责任人; several on a string of such words each by itself."""
    for place, match in enumerate(_CHARGE.finditer(words)):
        if not place and words.startswith("的", match.end()):  # 由主要负责人任主任的安全生产委员会
            return
        if match.start() and words[match.start()] != "、" and not _CHARGE_LEAD.match(match["who"]):
            return
        role: Role = "support" if re.search(r"副|组员|成员", match["post"]) else "lead"
        for first, last in parts_of(match["who"]):
            name = _CHARGE_LEAD.sub("", match["who"][first:last])
            if len(name) >= 2 and "的" not in name and (is_plausible(name) or is_body(name)):
                where = at + match.start() + last - len(name)
                yield Owner(name, role, where, where + len(name))


def set_up(words: str, at: int, after: str) -> Iterator[Owner]:
    """成立以镇长为组长的领导小组,负责…: what one clause sets up acts in the next."""
    made = re.search(
        rf"(?:成立|组建|设立)(?:.{{0,120}}的)?(?P<who>[{HAN}]{{0,12}}(?:领导小组|工作组|指挥部|专班|办公室))$", words
    )
    if made and re.match(r"(?:具体|统一|全面)?负责(?!人|同志)", after):
        yield Owner(made["who"], "lead", at + made.start("who"), at + made.end("who"))


def partnered(words: str, at: int) -> Iterator[Owner]:
    """甲与乙签订…: the first acts."""
    match = _PARTNER.search(words)
    if match and match.start() >= 2 and is_body(words[: match.start()]):
        yield from names(words[: match.start()], at, "lead", sure=False)
