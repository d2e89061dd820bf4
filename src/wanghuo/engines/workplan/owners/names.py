"""A stretch that holds names of bodies becomes owners: lists taken apart, shared endings handed out, remarks left out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

from wanghuo.engines.workplan.bodies import is_body, is_plausible, parts_of
from wanghuo.engines.workplan.paper import Owner

Role = Literal["lead", "support"]

LEADS = (
    r"(?:共同|具体|全面|分别|按职责分工|按职责|按照职责分工|按照各自职责|依职责|各自|统一|依法|总)?"
    r"(?:牵头负责|牵头抓总|牵头组织实施|牵头组织|牵头落实|牵头实施|牵头督导|牵头(?!部门|单位|人|领导|责任)|负责组织实施|负责落实|负责(?!人|同志)|主抓|主办|承办|主导|分工负责|组织实施|落实)"
)
HELPS = r"(?:等)?(?:积极|共同|密切|按职责分工|按职责|主动|依职责|协同)?(?:配合|协助|参与|参加|协办)(?:实施|落实)?"
LEADS_END = re.compile(rf"{LEADS}$")
HELPS_END = re.compile(rf"{HELPS}$")
# who of a list leads or helps
_ROLE_REMARK = re.compile(
    r"[(\[〔](?:[^()\[\]〔〕]{0,24}下同|列第一位[^()\[\]〔〕]{0,24}|牵头|主办|协办|配合|负责|主责|排名第一|按职责分工(?:负责)?)(?:单位|部门)?[)\]〕]"
)
# what an enumeration leaves at its end (市教育局等8个部门)
_AND_OTHERS = re.compile(r"等(?:\d+个|各|相关|有关|多个|职能|重点|成员|行业|主管|监管)*(?:部门|单位|机构|行业|地)?$")
_OF_OTHERS = re.compile(
    r"等(?P<of>(?:相关|有关|多个|职能|重点|成员|行业|主管|监管|\d+个)*(?:部门|单位|机构|行业|地))?$"
)
_MANNER_END = re.compile(r"(?:共同|具体|依法|统一|分别|直接|(?<=[长导委府])总)+$")
_JOINS = re.compile(r"(?:会同|(?<![残妇商])联合(?!会|国|执法|社))(?=[一-鿿])")
# members of a list that are bodies themselves (各级党校、行政学院等培训机构)
_INSTITUTION = re.compile(r"(?:党校|学院|局|厅|委|办|电台|电视台|公司|中心|协会|学会|医院|大队|支队)$")
# a single word that names a body well enough where a label or a verb shows that it is one
CLASSES = frozenset({"办公室", "政府", "学校", "医院", "企业", "公司", "社区", "机关", "协会", "集团", "专班"})


def without_remarks(words: str) -> str:
    """The words with the remarks on roles made blank, so that all places stay."""
    return _ROLE_REMARK.sub(lambda remark: " " * len(remark[0]), words)


def role_told(words: str) -> tuple[str, Role | None]:
    """A stretch without the verb that ends it (市教育局牵头), and the role this verb gives; None where it says none."""
    helps, leads = HELPS_END.search(words), LEADS_END.search(words)
    cut = helps or leads
    return (words[: cut.start()], "support" if helps else "lead") if cut else (words, None)


def names(words: str, at: int, role: Role, *, sure: bool) -> Iterator[Owner]:
    """The single names of a list. `sure`: a label or a verb has shown that they are names, so that any ending will do."""
    joint = _JOINS.search(words)
    if joint and joint.start() >= 2:
        yield from names(words[: joint.start()], at, role, sure=sure)
        yield from names(words[joint.end() :], at + joint.end(), "support", sure=sure)
        return
    tail = _OF_OTHERS.search(words)
    if tail:
        if tail["of"]:
            yield from list_names(words[: tail.start()], tail["of"], at, role)
            return
        words = words[: tail.start()]
    shared = _shared_ending(words)
    for first, last in parts_of(words):
        name = re.sub(r"\s+", "", words[first:last])
        cut = re.match(r"(?:由|并|以及|各自)", name)
        if cut:
            first, name = first + cut.end(), name[cut.end() :]
        name = _MANNER_END.sub("", _AND_OTHERS.sub("", name)).strip("“”\"'") if "两委" not in name else name
        if shared and len(name) <= 8 and not is_body(name) and is_plausible(name + shared):
            yield Owner(name + shared, role, at + first, at + last)
        elif (is_plausible(name) and (sure or is_body(name))) or (name in CLASSES and (sure or _goes_on(words, first))):
            yield Owner(name, role, at + first, at + last)


def _goes_on(words: str, first: int) -> bool:
    """Whether a bare 政府 goes on from the 党委 before it (各级党委、政府)."""
    return re.search(r"委[、和及与]$", words[:first]) is not None


def _shared_ending(words: str) -> str:
    """部门 where the last of a list has it for all (公安、交通、农机部门); not where it is one more member (各村、各部门)."""
    last = re.search(r"(?:、|和|及|与)(?P<last>[^、和及与]{1,8})部门$", words)
    return "部门" if last and not re.search(r"各|有关|相关|直|级$|属|其他|成员|职能|主管", last["last"]) else ""


def list_names(words: str, of: str, at: int, role: Role) -> Iterator[Owner]:
    """教育、民政等部门: each with 部门; 南昌、赣州等地: as they stand; 宾馆、餐馆等火灾高危单位: the class."""
    bare = re.fullmatch(r"(?:相关|有关|成员|责任|多个|职能|各)*(?:单位|机构)", of)
    if re.search(r"(?:单位|机构|媒体|组织|团体|企业|场所|学校)$", of) and not bare:
        members = [words[a:b] for a, b in parts_of(words)]
        if all(is_plausible(name) and _INSTITUTION.search(name) for name in members):
            yield from names(words, at, role, sure=True)
            return
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
