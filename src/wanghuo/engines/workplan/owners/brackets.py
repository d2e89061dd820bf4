"""Names that stand for themselves: in brackets at the end of a sentence, in a torn bracket, as cells of a flattened table."""

from __future__ import annotations

import re
from collections.abc import Iterator

from wanghuo.engines.workplan.bodies import is_body, is_plausible, parts_of
from wanghuo.engines.workplan.owners.names import Role, names, role_told, without_remarks
from wanghuo.engines.workplan.paper import Owner

# brackets that close a sentence; a short bracket inside is of a name
_CLOSING = re.compile(
    r"[(【\[〔](?P<bodies>(?:[^()【】\[\]〔〕:。\n]|[(〔][^()〔〕]{1,8}[)〕]){3,240}?)[)】\]〕](?=\s*(?:[。;\n(【\[]|$))|"
    r"[(【\[〔](?P<leading>(?:[^()【】\[\]〔〕:。\n]|[(〔][^()〔〕]{1,8}[)〕]){3,120}?)[,;](?=(?:配合|协办|参与|责任|协同|参加)(?:单位|部门):)"
)
# the same where the text is cut off before the bracket closes; its last name is torn
_TORN = re.compile(r"(?<=[。;])[(【\[](?P<bodies>[^()【】\[\]:;。]{6,120})、[^、()【】\[\]:;。]{0,20}$")
_OFFICE = re.compile(r"[\u4e00-\u9fff]{2,8}(?:科|处|室|办|(?<!网)站|所|队|组|学院)")
_EACH = re.compile(r"各[\u4e00-\u9fff()、]{1,7}")
# a day or how long it goes on, beside the names
_STATUS = re.compile(
    r"\d{4}年.*|\d{1,2}月.*|(?:长期|持续|常年|全年|年内|年底|年度|每年|每季|常态|贯穿|立即|即日|按时限|于).*|[^、]*(?:底前|月底|日前|前完成|完成|坚持|推进)"
)


def bracketed(flat: str, start: int, end: int) -> Iterator[Owner]:
    """(市教育局、市民政局) at the end of a sentence, also (…牵头,…配合): the bodies that answer for it."""
    for match in _CLOSING.finditer(flat, start, end):
        kind = "bodies" if match["bodies"] else "leading"
        bodies = without_remarks(match[kind])
        parts = [p for p in re.finditer(r"[^,;]+", bodies) if not _STATUS.fullmatch(p.group().strip())]
        pieces = [_role_of(part, match.start(kind)) for part in parts]
        if _names_bodies([words for words, _, _ in pieces], flat[start : match.start()]):
            for words, at, role in pieces:
                yield from names(words, at, role, sure=True)


def _names_bodies(stretches: list[str], before: str) -> bool:
    """Whether the stretches of a bracket are names of bodies and nothing else; a single one behind 政府 and the like explains it."""
    single = [words[a:b] for words in stretches for a, b in parts_of(re.sub("等[^、]*$|会同", "、", words))]
    told = [re.sub(r"\s+", "", name) for name in single]
    shared = any(words.endswith("部门") for words in stretches)
    known = sum(1 for name in told if is_body(name) or _OFFICE.fullmatch(name) or _EACH.fullmatch(name))
    if not told or (len(told) == 1 and re.search(r"(?:政府|部门|办事处|街道|局)$", before)):
        return False
    fits = all(
        is_plausible(name) or name in ("办公室", "政府") or (shared and is_plausible(name + "部门")) for name in told
    )
    return fits and (2 * known > len(told) or shared)


def _role_of(part: re.Match[str], offset: int) -> tuple[str, int, Role]:
    """The names in a stretch of a bracket, where they stand, and the role the verb behind them gives."""
    words = part.group().strip()
    led = re.match(r"由|会同", words)
    first = led.end() if led else 0
    at = offset + part.start() + part.group().index(words) + first
    bare, role = role_told(words)
    return bare[first:], at, "support" if words.startswith("会同") else role or "lead"


def torn(flat: str, start: int, end: int) -> Iterator[Owner]:
    """Names in a bracket that the text's end cuts off."""
    match = _TORN.search(flat, start, end)
    if match is not None and end >= len(flat.rstrip()):
        told = [_role_of(part, match.start("bodies")) for part in re.finditer(r"[^,]+", match["bodies"])]
        if all(is_plausible(words[a:b]) and is_body(words[a:b]) for words, _, _ in told for a, b in parts_of(words)):
            for words, at, role in told:
                yield from names(words, at, role, sure=True)


def celled(flat: str, start: int, end: int) -> Iterator[Owner]:
    """Lines that are names of bodies and nothing else: the cells of a row whose table was flattened to one cell a line."""
    for line in list(re.finditer(r"[^\n]+", flat[start:end]))[1:]:
        words = line.group().strip()
        told = [words[a:b] for a, b in parts_of(words)]
        if len(words) <= 40 and told and all(is_plausible(name) and is_body(name) for name in told):
            yield from names(words, start + line.start() + line.group().index(words), "lead", sure=True)
