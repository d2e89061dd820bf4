"""How papers name organisations: 教育部门, 市教育局, 各级教育行政部门, 乡应急办 → which office, at which level.

The words are data (params/bodies.toml); this module only reads them. Nothing here asks the database.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

from wanghuo.base import Text

KINDS: Mapping[str, Text] = {
    "government": Text("政府", "government"),
    "committee_office": Text("消安委办", "fire-safety committee office"),
    "fire_rescue": Text("消防救援机构", "fire and rescue"),
    "department": Text("部门", "department"),
    "township": Text("乡镇、街道", "township"),
    "village": Text("村、社区", "village or community"),
    "other": Text("其他", "other"),
}


@dataclass(frozen=True, slots=True)
class Office:
    """A kind of organisation that stands once in a region: its words, and what it is called at each level.

    `token`: the issuer's character in numbers of papers (机关代字). `also`: offices the body of a level serves besides (文化广电旅游体育局 serves 体育 and 文物).
    """

    code: str
    kind: str
    sector: str
    levels: Mapping[str, str]
    shorts: Mapping[str, str]
    also: Mapping[str, Sequence[str]]
    token: str


@dataclass(frozen=True, slots=True)
class Named:
    """What a generic name means. `level`: a region level of `codes.LEVELS`, "city?" for 市 (a city, or a county that is called
    one), or "" where none is said. `plural`: every one of them is meant (各乡镇)."""

    office: str
    level: str
    plural: bool


@cache
def _words() -> tuple[dict[str, Office], dict[str, str]]:
    raw = tomllib.loads((resources.files("wanghuo.params") / "bodies.toml").read_text("utf-8"))
    offices: dict[str, Office] = {}
    generic: dict[str, str] = {}
    for code, row in raw["offices"].items():
        shorts = {level: row.get("short", "") for level in row["levels"]} | row.get("shorts", {})
        token = row.get("token") or next(iter(row.get("stems", ())), "")
        offices[code] = Office(
            code,
            row.get("kind", "department"),
            row.get("sector", ""),
            row["levels"],
            shorts,
            row.get("also", {}),
            token,
        )
        endings = row.get("endings", raw["endings"])
        names = [*row.get("names", ()), *(stem + ending for stem in row.get("stems", ()) for ending in ("", *endings))]
        names += [name.removeprefix("{region}") for name in row["levels"].values()]
        for name in names:
            generic.setdefault(name, code)
    return offices, generic


def offices() -> Mapping[str, Office]:
    """Every office, by code, in the order of the file."""
    return _words()[0]


def tidy(name: str) -> str:
    """A name as it is compared: full-width forms made plain, no spaces, brackets as （）."""
    plain = "".join(unicodedata.normalize("NFKC", name).split())
    return plain.replace("(", "（").replace(")", "）").strip("“”\"'、，。；;,")


# The level a generic name begins with, longest first; what is left over names the office.
_PLURAL = re.compile(r"^(?:各有关|各相关|各级各|各级|各地|各|所有|全体)")
_OWN = re.compile(r"^(?:有关|相关|本级|同级|本|当地|属地|辖区|所在地|地方|所属)")
_LEVELS: Sequence[tuple[str, str]] = (
    (
        "town",
        r"(?:乡镇（街道）|镇（街道）|乡（镇、街道）|乡镇街道|镇街道|乡镇级|乡镇|镇街|镇乡|街镇|街道|镇级|乡级|镇|乡)",
    ),
    ("county", r"(?:县（市、区）级|县（市、区）|县（区）|县市区|县区|区县|区（县）|县级|区级|县|区|旗)"),
    ("city", r"(?:设区的?市|地级以上市|地级市)"),
    ("city?", r"(?:市直|市级|地市|全市|市)"),
    ("province", r"(?:省直|省级|全省|省)"),
)
_BRIGADES = (("province", "总队"), ("city", "支队"), ("county", "大队"))
_LEVEL_OF = {f"{lead}{word}": level for level, word in _BRIGADES for lead in ("", "消防", "消防救援")}
_LEVEL_OF |= {"消防工作站": "town"} | dict.fromkeys(("办事处", "街道办", "街道办事处"), "town")


def generic(name: str) -> Named | None:
    """What a generic name means; None when its words are not known. The names of divisions are taken off beforehand."""
    rest, plural = tidy(name), False
    if found := _PLURAL.match(rest):
        rest, plural = rest[found.end() :], "地" not in found.group() or found.group() == "各地"
    if found := _OWN.match(rest):
        rest = rest[found.end() :]
    known = _words()[1]
    if rest in known:  # 市场监管局, 乡镇…: the office's own words come before a level read out of them
        return Named(known[rest], _LEVEL_OF.get(rest, ""), plural)
    for level, pattern in _LEVELS:
        found = re.match(pattern, rest)
        if not found:
            continue
        office = rest[found.end() :].lstrip("的级")
        if office in ("", "党委", "单位"):
            return Named("government", level, plural) if level in ("town", "county", "city") and office == "" else None
        office = office if office in known else office.removeprefix("委")  # 市委宣传部
        if office in known:
            return Named(known[office], level, plural)
    return None


def offices_of(name: str, regions: Iterable[str]) -> frozenset[str]:
    """The offices a body's own name speaks of, once the names of `regions` are taken off it."""
    named = generic(without_regions(name, regions))
    return frozenset({named.office}) if named else frozenset()


def without_regions(name: str, regions: Iterable[str]) -> str:
    """The name without the divisions it begins with, and without 中共…委员会 around a party department."""
    rest = tidy(name)
    names = sorted(regions, key=len, reverse=True)
    party = re.match(r"^(?:中共)?(.+?)委(?:员会)?(宣传部|组织部|机构编制委员会办公室)$", rest)
    if party and party.group(1) in names:
        return party.group(2)
    while found := next((n for n in names if n and rest.startswith(n) and len(rest) > len(n)), ""):
        rest = rest[len(found) :]
    return rest
