"""A sentence made ready for reading: its clauses, its quantities, and what stands in quotation marks or brackets."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from wanghuo.engines.workplan.numerals import Quantity, level, quantities

HIDDEN = "□"
REMARK = "■"
_QUOTED = re.compile(
    r"“[^”\n]{0,80}”|‘[^’\n]{0,40}’|「[^」\n]{0,80}」|《[^》\n]{0,120}》|〔[^〕\n]{0,20}〕|\[[^\]\n]{0,40}\]|\"[^\"\n]{0,40}\""
)
_BRACKET = re.compile(r"\([^()\n]{0,160}\)")
_TELLS = re.compile(
    r"\((?=[^()]*\d)(?:其中|即[^()]{0,14}(?:不(?:能|得)?(?:超过|低于|少于|高于)|以[上内下])|不少于|不低于|每|至少|达到|含|原则上|(?:20\d\d年)?(?:完成|新建|改造|建成|新增|实施|开工))"
)
# a share told once for several things (A率、B率三个“100%”): the words around it say no more than the share
_SHARED = re.compile(r"[两二三四五六七八九十\d]个(?P<open>[“\"])(?P<share>\d{1,3}(?:\.\d+)?%)[”\"]")
# shares of several, each of its own (“一圈”乡镇的35%、“两翼”乡镇的30%)
_SHARES = re.compile(r"\((?:[^()、\d]{2,20}的\d+(?:\.\d+)?%[、,]?){2,}\)")
_BREAK = re.compile(r"[,，;；。!！?？:：\n]")


@dataclass(frozen=True, slots=True)
class Clause:
    """A stretch between commas; offsets into the sentence."""

    start: int
    end: int


@dataclass(frozen=True)
class Words:
    """A sentence. `text`: its words with plain digits and signs; `bare`: the same with quoted names, document titles and
    bracketed remarks hidden, so that nothing is read inside them. Same length; offsets are into the sentence."""

    text: str
    bare: str
    clauses: tuple[Clause, ...]
    quantities: tuple[Quantity, ...]
    sums: frozenset[int] = frozenset()  # clauses that begin in a bracket which takes the number before it apart

    def clause_at(self, offset: int) -> int:
        """The number of the clause that holds `offset`."""
        for number, clause in enumerate(self.clauses):
            if offset < clause.end:
                return number
        return len(self.clauses) - 1


def words_of(sentence: str) -> Words:
    """Prepare one sentence, given as the paper has it."""
    text = _SHARED.sub(_plain_share, level(sentence))
    sums = _sums(text)
    bare = _hidden(text, sums)
    found = tuple(q for q in quantities(text) if bare[q.start] not in (HIDDEN, REMARK))
    kept = list(bare)
    for quantity in found:
        for at in range(quantity.start, quantity.end):
            if kept[at] in ",:":
                kept[at] = "0"
    bare = "".join(kept)
    clauses = tuple(_clauses(bare))
    apart = frozenset(
        no for no, clause in enumerate(clauses) if any(a < clause.end and clause.start < b for a, b in sums)
    )
    return Words(text, bare, clauses, found, apart)


def _plain_share(match: re.Match[str]) -> str:
    """The share alone, in the same place and length."""
    return " " * (match.start("share") - match.start()) + match["share"] + " " * (match.end() - match.end("share"))


def _sums(text: str) -> list[tuple[int, int]]:
    """The brackets whose counts add up to the count before them: 8部消防车(3辆水罐车、2辆泡沫车、3辆供水车); and those that
    give several shares."""
    found = [match.span() for match in _SHARES.finditer(text)]
    for match in _BRACKET.finditer(text):
        counted = [q for q in quantities(match[0]) if q.kind == "count" and q.high is None]
        parts = [q for q in counted if q.unit == counted[0].unit]  # 1辆16吨供水车: a size beside the count
        if len(parts) < 2:
            continue
        whole = [q for q in quantities(text[max(0, match.start() - 24) : match.start()]) if q.kind == "count"]
        if whole and whole[-1].low == sum(q.low for q in parts):
            found.append(match.span())
    return found


def _hidden(text: str, sums: Collection[tuple[int, int]]) -> str:
    """Quoted stretches whole, and the inside of brackets unless they tell a share or a minimum of their own."""
    chars = list(text)
    for match in _QUOTED.finditer(text):
        chars[match.start() : match.end()] = HIDDEN * (match.end() - match.start())
    once = "".join(chars)
    for match in _BRACKET.finditer(once):
        tells = _TELLS.match(once, match.start(), match.end())
        if tells or match.span() in sums:
            chars[match.start()] = chars[match.end() - 1] = "，"
        elif not re.search(r"(?:[0-9一二三四五六七八九十百千万]|人|元)$", once[: match.start()]) or len(match[0]) > 4:
            chars[match.start() : match.end()] = REMARK * len(match[0])
    return "".join(chars)


def _clauses(bare: str) -> Iterator[Clause]:
    at = 0
    for match in _BREAK.finditer(bare):
        if match.start() > at:
            yield Clause(at, match.start())
        at = match.end()
    if at < len(bare):
        yield Clause(at, len(bare))
