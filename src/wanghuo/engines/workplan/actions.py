"""What an item orders done: its clauses that begin with a verb, each with its object and the clauses that go with it."""

from __future__ import annotations

import re

from wanghuo.engines.workplan.paper import Action
from wanghuo.engines.workplan.verbs import MANNER, VERB

_SENTENCE = re.compile(r"[^。!?;\n]+")
_CLAUSE = re.compile(r"[^,]+")
# clauses that lead up to an action and do not order one themselves
_LEAD_IN = re.compile(
    r"(?:按照|根据|依据|依托|结合|围绕|通过|针对|对|以|为|坚持|立足|聚焦|紧盯|突出|着眼|在|从|随着|凡|因|如|若|由于|鉴于|遵循|本着)"
)
_QUOTE = {"“": 1, "《": 1, "(": 1, "”": -1, "》": -1, ")": -1}
_LONGEST = 200
# who answers for it, in brackets behind it, is no part of what is to be done
_OWNERS = re.compile(r"\((?:牵头|责任|配合|负责|主办|协办|承办|落实)(?:单位|部门|领导|人)?:[^()]*(?:\)|$)")


def find_actions(flat: str, start: int, end: int) -> tuple[Action, ...]:
    """The actions between `start` and `end`, in order; a clause without a verb of its own goes with the one before it."""
    own = _OWNERS.sub(lambda brackets: " " * len(brackets[0]), flat[start:end])
    found: list[Action] = []
    for sentence in _SENTENCE.finditer(own):
        found += _of_sentence(own, sentence.start(), sentence.end())
    return tuple(Action(action.text, action.start + start, action.end + start) for action in found)


def _of_sentence(flat: str, start: int, end: int) -> list[Action]:
    spans: list[list[int]] = []
    lead: int | None = None
    for first, last in _clauses(flat, start, end):
        words = flat[first:last]
        plain = MANNER.sub("", words, count=1) if MANNER.match(words) else words
        acts = VERB.match(plain) is not None or VERB.match(words) is not None or _has_subject(words)
        if _LEAD_IN.match(words) and last < end:
            lead = first if lead is None else lead
        elif acts and (not spans or last - spans[-1][0] > 8):
            spans.append([first if lead is None else lead, last])
            lead = None
        elif spans and last - spans[-1][0] <= _LONGEST:
            spans[-1][1] = last
            lead = None
    return [_action(flat, first, last) for first, last in spans if last - first >= 4]


def _clauses(flat: str, start: int, end: int) -> list[tuple[int, int]]:
    """Stretches between commas; a comma inside brackets or quotes does not count."""
    found, depth, first = [], 0, start
    for at in range(start, end):
        depth = max(0, depth + _QUOTE.get(flat[at], 0))
        if flat[at] == "," and depth == 0:
            found.append((first, at))
            first = at + 1
    found.append((first, end))
    trimmed = []
    for first, last in found:
        words = flat[first:last]
        left = first + len(words) - len(words.lstrip())
        if words.strip():
            trimmed.append((left, left + len(words.strip())))
    return trimmed


def _has_subject(words: str) -> bool:
    """Whether a clause is a body and what it does: 各部门要研究制定…; 年内新增…"""
    match = re.match(
        r"[^,]{2,20}?(?:部门|单位|政府|机构|局|办|队|委|中心|站|地|级|领导|负责人|书记|内|前|底|年|月|日)(?=.)", words
    )
    return match is not None and VERB.match(words, match.end()) is not None


def _action(flat: str, start: int, end: int) -> Action:
    return Action(re.sub(r"\s+", "", flat[start:end]), start, end)
