"""The owners of a stretch of text: labels and brackets first, then sentence by sentence what is said of who acts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from wanghuo.engines.workplan.owners import acting, brackets, subjects
from wanghuo.engines.workplan.owners.labels import labelled
from wanghuo.engines.workplan.paper import Owner

# another name for a body, of no use here
_ALIAS = re.compile(r"\((?:以下)?(?:统?简称|下同)[^()]{0,30}\)")
# 各县〔区〕, the same as 各县(区)
_SQUARE = re.compile(r"[\[〔](?P<inner>[市县区镇乡村州旗、]{1,6})[\]〕]")
# a sentence that tells what was done, not who is to do something
_WAS = re.compile(r"(?<![\d底])(?:近日|日前|昨日|前不久)|截至目前|今年以来|近年来|去年")
# principles in four words each (政府主导、各级负责、全民参与)
_PRINCIPLE = re.compile(r"(?:[^,。;、]{2,8}、)*(?:各级|属地|分级|部门|单位|政府)负责(?:、[^,。;、]{2,8})*")
_DASHES = "—-·•●■◆▲*#> "
_WHEN = re.compile(
    r"(?:(?:到|于|在|从|自)?(?:20\d\d年)?(?:\d{1,2}月)?(?:\d{1,2}日)?(?<=[年月日])(?:底|末|初|上半年|下半年)?(?:之?前|内|起|至今)?|"
    r"[一二两三四五六\d半]+(?:个)?[年月](?:之)?内|年内|年底前|今年|每年|其中|此外|特别是|尤其是|同时|另外|即日起|所有|凡是|原则上|平时|请|望|要|并|还|再)*"
)


def find_owners(flat: str, start: int, end: int) -> tuple[Owner, ...]:
    """The owners named between `start` and `end`, in order, each body once; lead where both roles are given."""
    flat = _ALIAS.sub(lambda alias: " " * len(alias[0]), flat)
    flat = _SQUARE.sub(lambda square: f"({square['inner']})", flat)
    readers = (labelled, brackets.bracketed, brackets.torn, brackets.celled)
    found = [owner for read in readers for owner in read(flat, start, end)]
    taken = [(o.start, o.end) for o in found]
    for sentence in re.finditer(r"[^。!?;\n]+", flat[start:end]):
        found += _of_sentence(flat, start + sentence.start(), start + sentence.end(), taken)
    return each_once(found)


def each_once(found: Iterable[Owner]) -> tuple[Owner, ...]:
    """The owners in order, each body once; lead where both roles are given."""
    best: dict[str, Owner] = {}
    for owner in sorted(found, key=lambda o: (o.start, o.role)):
        kept = best.get(owner.name)
        if kept is None or (kept.role == "support" and owner.role == "lead"):
            best[owner.name] = owner
    return tuple(sorted(best.values(), key=lambda o: o.start))


def _of_sentence(flat: str, start: int, end: int, taken: list[tuple[int, int]]) -> Iterator[Owner]:
    if _WAS.search(flat, start, end):
        return
    if in_parallel := list(subjects.places_in_parallel(flat, start, end)):
        yield from in_parallel
        return
    waiting: list[Owner] = []  # bodies of clauses that are names alone, until it shows that they act
    for first, last in _clauses(flat, start, end):
        if any(a < last and first < b for a, b in taken):
            waiting = []
            continue
        words = flat[first:last]
        left = len(words) - len(words.lstrip(_DASHES))
        skipped = _WHEN.match(words, left)
        left = skipped.end() if skipped else left
        names = subjects.alone(words[left:], first + left)
        if names and flat[last : last + 1] == ",":
            waiting += names
        elif names and flat[last : last + 1] == ":" and subjects.told_after(flat[last + 1 : end].lstrip()):
            yield from names
            waiting = []
        else:
            found = _acting(flat, first + left, last, end)
            if waiting and found and found[0].start - first - left <= 1:
                yield from waiting
            yield from found
            waiting = []
        yield from acting.joined_by(words, first)
        if flat[last : last + 1] == ",":
            yield from acting.set_up(flat[start:last], start, flat[last + 1 : end])


def _acting(flat: str, first: int, last: int, end: int) -> list[Owner]:
    """Who acts in a clause, by the first way of saying it that fits."""
    words = flat[first:last]
    if _PRINCIPLE.fullmatch(words):
        return []
    for read in (acting.in_charge, acting.helped_by, acting.led_by, acting.partnered):
        if found := list(read(words, first)):
            return found
    return list(subjects.subject(flat, first, last, end))


def _clauses(flat: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Clauses, also those in brackets and behind a colon; a short bracket inside a name stays."""
    for match in re.finditer(r"[^,:()【】]+(?:\([^(),]{1,8}\)[^,:()【】]+)*(?:\([^(),]{1,6}\))?", flat[start:end]):
        words = match.group()
        left = len(words) - len(words.lstrip())
        if words.strip():
            yield start + match.start() + left, start + match.start() + left + len(words.strip())
