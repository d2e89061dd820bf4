"""Owners behind labels: 责任单位:…, 牵头(责任)单位:…, 包抓领导:…."""

from __future__ import annotations

import re
from collections.abc import Iterator

from wanghuo.engines.workplan.bodies import is_body, is_plausible, parts_of
from wanghuo.engines.workplan.owners.names import Role, names, role_told, without_remarks
from wanghuo.engines.workplan.paper import Owner

_LEVEL = r"(?:市级|县级|区级|省级|镇级|主要|第一|具体|直接|总)?"
_OFFICE = r"(?:\((?:责任|牵头|主办|配合)\))?[省市县区镇乡校院局]?(?:单位|部门|处室|科室)(?:\((?:单位|部门|人|科室|责任人)\))?(?:(?:及|和|、|/)(?:责任人|部门|单位))?"
_LEAD_LABEL = (
    rf"{_LEVEL}(?:牵头责任|牵头|主要责任|责任|主责|主办|承办|负责|实施|组织|完成|落实|主管|督办|监管|建设){_OFFICE}|{_LEVEL}(?:责任|实施|监管|落实)主体|"
    r"(?:牵头|责任|包保|包抓|包联|联系|挂钩|挂联|分管|督办|主管)[省市县区镇乡校院局]?(?:级)?领导|(?:主要|具体|直接)?(?:责任人|牵头人|包保人)|责任分工|牵头|主办"
)
_SUPPORT_LABEL = rf"{_LEVEL}(?:配合责任|配合|协办|协同|参与|参加|支持|协作|协助|会办|联办|协管){_OFFICE}|配合|协办"
_COLON = r"\s*(?::|(?:(?<=[单位]位)|(?<=部门)|(?<=[处科]室)|(?<=主体)|(?<=责任人))[为是](?!主|第))"
_LABEL = re.compile(rf"(?:(?P<support>{_SUPPORT_LABEL})|(?P<lead>{_LEAD_LABEL})){_COLON}\s*")
_LABEL_STOP = re.compile(
    rf"[。;)\]】\n]|(?:[,\s]\s*)?(?:{_LEAD_LABEL}|{_SUPPORT_LABEL}|完成时限|时限要求|完成时间|时间节点|时限|工作要求|进度安排|完成期限|整改时限|办理时限|联系人|联系电话){_COLON}"
)


def is_label(words: str) -> bool:
    """Whether the words are a label."""
    return _LABEL.match(words + ":") is not None


def labelled(flat: str, start: int, end: int) -> Iterator[Owner]:
    """Owners behind labels; 责任单位 beside a 牵头单位 supports it."""
    headed = re.search(r"牵头(?:\(责任\))?(?:单位|部门|责任单位|科室)?\s*:", flat[start:end]) is not None
    for match in _LABEL.finditer(flat, start, end):
        last = _label_end(flat, match.end(), min(end, match.end() + 400))
        role: Role = "lead" if match["lead"] else "support"
        if headed and match["lead"] and "牵头" not in match["lead"]:
            role = "support"
        at = match.end()
        for part in re.split("[,;]", without_remarks(flat[match.end() : last])):
            words, told = role_told(part)
            yield from names(words, at, told if told == "support" else role, sure=True)
            at += len(part) + 1


def _label_end(flat: str, start: int, end: int) -> int:
    """Where the list behind a label ends; a bracket inside a name (各县(市、区)) ends nothing, nor a ; with nothing but names behind."""
    for stop in _LABEL_STOP.finditer(flat, start, end):
        if stop.group() == ";" and _goes_on(flat, stop.end(), end):
            continue
        if stop.group() == ")" and flat.count("(", start, stop.start()) > flat.count(")", start, stop.start()):
            continue
        return stop.start()
    return end


def _goes_on(flat: str, start: int, end: int) -> bool:
    """Whether more names stand behind a ; and nothing else before the list is over."""
    more = re.compile(r"\s*([^,;:。\n)\]】]{2,60})(?=[;。\n)\]】])").match(flat, start, end)
    return more is not None and all(is_plausible(more[1][a:b]) and is_body(more[1][a:b]) for a, b in parts_of(more[1]))
