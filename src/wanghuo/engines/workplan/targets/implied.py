"""Targets without a number: all of them (全部, 逐一, 应建尽建, 全覆盖) or none at all (杜绝, 不发生, 零事故)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from wanghuo.engines.workplan.targets.clauses import Clause, Words
from wanghuo.engines.workplan.targets.naming import Name, left_noun, split_scope, tidy
from wanghuo.engines.workplan.targets.numbers import Finding
from wanghuo.engines.workplan.targets.words import LIGHT_RE, PAST_RE, PUNISHING_RE, SOFT_RE, VERB_RE

_ALL = re.compile(
    r"(?P<all>(?<!的)全部(?!门|队|力|岗|地区|行业|工作|人员力)|一律|逐一|逐起|逐户|逐栋|逐家|(?<!逐级)逐个(?!单位|环节|层级)|(?:逐项|逐条)(?!地|对照|研究|梳理|细化|分析|落实|分解|拆细|拆解)|逐件|逐案|逐村|逐人|(?:百分之百|悉数))"
    r"|(?P<should>应(?P<v>[一-鿿])(?:尽|必)(?P=v)|应[一-鿿]{2}尽[一-鿿]{1,2}|能[一-鿿]尽[一-鿿])"
    r"|(?P<cover>全覆盖|无遗漏(?=覆盖)|全员覆盖)"
    r"|(?P<clear>(?<!“)(?:清底|清零|销零|见底清零|动态清零)(?!的|式|”?(?:行动|专项|攻坚)))"
    r"|(?P<every>所有(?!权|人|者|制)|凡(?:是)?(?!事|此)|每(?:一)?(?:个|户|家|起|栋|名|处)(?=[^,，]{2,20}(?:都|均|必须|全部)))"
)
_NONE = re.compile(
    r"(?P<verb>杜绝|消灭|(?:坚决)?不(?:得)?发生|(?:确保|实现|力争)?(?:零|0)(?=发生|事故|伤亡|火灾|亡人|死亡)|无(?=(?:较大|重大|特大|重特大|亡人|人员伤亡)[^,，。;]{0,10}(?:事故|火灾|伤亡))|严禁|“零(?:发生|事故|伤亡|死亡)”|不出现|坚决防止发生|无(?=(?:火灾|安全|责任|生产安全|安全生产|安全责任)事故))"
)
_HARM = re.compile(
    r"(?:事故|火灾|火情|伤亡|死亡|建筑|房|案件|灾害|隐患|现象|行为|房屋|场所|事件|作业|用房|反弹|违建|栏|住人|使用[^,，]{0,10}|充电|停放|存放|燃放)$"
)
_LOOSE = re.compile(
    r"随意|任意|形式主义|官僚主义|盲目|侥幸|松懈|麻痹|走过场|推诿|不作为|失职|闲置|浪费|弄虚作假|一刀切|虚假|以罚代管|重复|层层加码|简单化"
)
_NUMBERED = re.compile(r"[个条项]$")
_SPLIT = re.compile(r"、|以及|和|及(?!时)|与|或")
_LONGEST = 40


def find_implied(words: Words, numbered: list[Finding]) -> list[Finding]:
    """The aims of one sentence that write no number. A clause whose number already says it is left alone."""
    found: list[Finding] = []
    for place, clause in enumerate(words.clauses):
        taken = [f for f in numbered if f.start < clause.end and clause.start < f.end]
        found.extend(_none(words, clause, taken))
        every = _all(words, place, clause)
        known = [f for f in numbered if every and f.at < every.at and not f.within]
        if every is not None and not every.name.noun and known:
            every = replace(every, name=replace(every.name, metric=known[-1].name.noun + every.name.metric))
        if (
            every is not None
            and not any("total" in f.notes for f in taken)
            and (every.name.noun or not any(f.unit == "%" and f.value == 100 for f in numbered))
            and not (taken and words.bare.startswith("全覆盖", every.at))
            and not any(f.unit == "%" or f.name.metric == every.name.metric for f in taken)
            and not (taken and _only_every(words, every))
            and not any(every.at < f.at and f.unit != "%" and words.clause_at(f.at) == place for f in taken)
        ):
            found.append(every)
    return found


def _only_every(words: Words, finding: Finding) -> bool:
    """所有 beside a number only says over what the number counts."""
    return words.bare.startswith(("所有", "凡", "每"), finding.at)


def _all(words: Words, place: int, clause: Clause) -> Finding | None:
    every = list(_ALL.finditer(words.bare, clause.start, clause.end))
    match = next((m for m in every if not m["every"]), every[0] if every else None)
    if (
        match is not None
        and match["every"]
        and re.match(r"[^,，]{0,14}(?:定期|日常|经常)", words.bare[match.end() : clause.end])
    ):
        return None
    if match is None or _NUMBERED.search(words.bare[clause.start : match.start()]):
        return None
    if PAST_RE.search(words.bare[clause.start : match.start()]):
        return None
    name = _name_of_all(words, place, clause, match)
    if name is None:
        return None
    soft = SOFT_RE.search(words.bare, clause.start, clause.end) is not None
    return Finding(name, ">=", 100.0, "%", clause.start, clause.end, match.start(), 0.7, soft=soft, implied=True)


def _name_of_all(words: Words, place: int, clause: Clause, match: re.Match[str]) -> Name | None:
    left, bare_left = words.text[clause.start : match.start()], words.bare[clause.start : match.start()]
    right, bare_right = words.text[match.end() : clause.end], words.bare[match.end() : clause.end]
    if match["cover"]:
        return _coverage(left, bare_left)
    if match["clear"]:
        noun, scope = left_noun(left, bare_left)
        return Name(f"{noun}{match[0]}率", noun, "", scope) if noun else None
    if match["every"]:
        return _every(words, place, clause, match)
    noun, scope = left_noun(left, bare_left)
    if VERB_RE.fullmatch(noun):
        noun = ""
    done = tidy(right[:_LONGEST])
    noun = re.sub(r"^为", "", noun)
    if match["all"] == "一律" and PUNISHING_RE.search(done[:6]):
        return None
    if match["should"]:
        if re.match(r"[一-鿿、]{0,6}的?(?:原则|要求|思路|理念)", bare_right):
            return None
        rest = re.match(r"(?:、|,|\s)*", bare_right)
        done = tidy(right[rest.end() if rest else 0 :])
        if not noun and not done:
            aimed = re.search(r"(?:实现|做到|确保)$", words.bare[clause.start : match.start()])
            return Name(f"{match[0]}率", match[0], "", scope) if aimed else None
        return Name(f"{noun or done}{match[0]}率", noun or done, "", scope)
    if not done and not noun:
        return None
    if not done or re.match(r"[的、]", bare_right):
        return None
    if not noun:
        noun = _object_before(words, place)
    if not noun and LIGHT_RE.fullmatch(done):  # 12月底前全部落实 does not say of what
        return None
    empty = re.match(r"(?:开展|实施|完成|予以|进行|落实)+", done)
    if empty and len(done) - empty.end() >= 2:
        done = done[empty.end() :]
    return Name(f"{noun}{done}率" if len(done) <= 6 else f"{noun}{done}比例", noun, "", scope)


def _coverage(left: str, bare_left: str) -> Name | None:
    """县区全覆盖, 全民培训全覆盖; not 开展全覆盖、拉网式的检查."""
    _, at = split_scope(left, bare_left)
    at += 1 if bare_left.startswith("对", at) else 0
    rest, bare = left[at:], bare_left[at:]
    if ending := re.search(r"(?:开展|实施|进行|组织)$", bare):
        rest, bare = rest[: ending.start()], bare[: ending.start()]
    verb = VERB_RE.match(bare)
    if verb and verb.end() < len(bare):
        rest, bare = rest[verb.end() :], bare[verb.end() :]
    elif verb:
        return None
    noun = tidy(rest)
    if len(noun) < 2 or bare.endswith(("、", "的", "式", "化")):
        return None
    return Name(f"{noun}覆盖率", noun)


def _every(words: Words, place: int, clause: Clause, match: re.Match[str]) -> Name | None:
    """所有 is an aim only with a state to reach in its clause."""
    right = words.text[match.end() : clause.end]
    bare = words.bare[match.end() : clause.end]
    state = re.search(
        r"(?:全部|均|都|基本|必须|要|应)?(?:完善好用|完好好用|完好|达标|到位|覆盖|接入|纳入|安装|配齐|完成|轮训|培训|检查|整改|落实|建立|联网|持证上岗|配备|设置|建成|上线|达到[^,，]{2,18}?(?:标准|水平|等级|要求|级|园))[^,，]{0,12}$",
        bare,
    )
    if state is None or state.start() < 2:
        return None
    scope = tidy(right[: state.start()])
    noun = scope.rpartition("的")[2] or scope
    done = re.sub(r"^(?:全部|均|都|基本|必须|要|应)+", "", state[0])
    return Name(f"{noun}{done}率", noun, "", scope)


def _object_before(words: Words, place: int) -> str:
    """The thing spoken of in the clause before, with 对 or as its subject."""
    if not place:
        return ""
    span = words.clauses[place - 1]
    text, bare = words.text[span.start : span.end], words.bare[span.start : span.end]
    if not re.match(r"\s*(?:对|针对|所有|凡)", bare):
        return ""
    noun, _ = left_noun(text, bare)
    return noun if len(noun) <= 16 else ""


def _none(words: Words, clause: Clause, taken: list[Finding]) -> Iterator[Finding]:
    for match in _NONE.finditer(words.bare, clause.start, clause.end):
        if any(f.start <= match.start() < f.end and f.value == 0 for f in taken):
            continue
        if PAST_RE.search(words.bare[clause.start : match.start()]):
            continue
        following = _NONE.search(words.bare, match.end(), clause.end)
        stop = following.start() if following else clause.end
        right, bare = words.text[match.end() : stop], words.bare[match.end() : stop]
        subject = words.bare[clause.start : match.start()]
        rest = re.sub(r"^(?:发生|出现|因)", "", right)
        what = tidy(rest)
        if match["verb"].endswith(("零", "0")):
            what = what.removeprefix("发生") or tidy(subject)
            harm = bool(what)
        else:
            harmful = match["verb"] == "严禁" and len(what) >= 4
            harm = bool(what) and (harmful or bool(_HARM.search(what))) and not _LOOSE.search(bare)
        if not harm or len(what) > _LONGEST:
            continue
        for piece in _pieces(what):
            soft = SOFT_RE.search(subject) is not None
            yield Finding(
                Name(piece, piece),
                "==",
                0.0,
                "",
                clause.start,
                clause.end,
                match.start(),
                0.75,
                soft=soft,
                implied=True,
            )


def _pieces(what: str) -> list[str]:
    """亡人火灾和较大影响火灾事故 are two; a list of qualities of one thing stays whole."""
    pieces = [tidy(piece) for piece in _SPLIT.split(what)]
    whole = all(re.search(r"(?:事故|火灾|火情|伤亡|死亡|案件|灾害|事件)$", piece) for piece in pieces)
    return pieces if whole and len(pieces) > 1 else [what]
