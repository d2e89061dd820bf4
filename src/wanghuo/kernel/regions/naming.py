"""How a division's name is written in Latin letters: pinyin for search, an English name for English pages."""

from __future__ import annotations

from dataclasses import dataclass

from pypinyin import Style, lazy_pinyin

# Names in use in English that are not plain pinyin (省级; 陕西 is spelt apart from 山西 by the national standard).
ENGLISH = {
    "全国": "China",
    "陕西省": "Shaanxi",
    "内蒙古自治区": "Inner Mongolia",
    "西藏自治区": "Xizang",
    "新疆维吾尔自治区": "Xinjiang",
    "广西壮族自治区": "Guangxi",
    "宁夏回族自治区": "Ningxia",
    "香港特别行政区": "Hong Kong",
    "澳门特别行政区": "Macao",
    "台湾省": "Taiwan",
    "哈尔滨市": "Harbin",
    "呼和浩特市": "Hohhot",
    "乌鲁木齐市": "Urumqi",
    "拉萨市": "Lhasa",
    "鄂尔多斯市": "Ordos",
    "呼伦贝尔市": "Hulunbuir",
    "巴彦淖尔市": "Bayannur",
    "乌兰察布市": "Ulanqab",
    "兴安盟": "Hinggan League",
    "锡林郭勒盟": "Xilingol League",
    "阿拉善盟": "Alxa League",
    "市辖区": "Districts",
    "县": "Counties",
    "省直辖县级行政区划": "Directly administered counties",
    "自治区直辖县级行政区划": "Directly administered counties",
}
# The ending of a name, the word for it in English, the longest ending first.
ENDINGS = (
    ("特别行政区", "Special Administrative Region"),
    ("自治区", ""),
    ("自治州", "Prefecture"),
    ("自治县", "County"),
    ("自治旗", "Banner"),
    ("民族乡", "Township"),
    ("街道", "Subdistrict"),
    ("地区", "Prefecture"),
    ("新区", "New Area"),
    ("林区", "Forestry District"),
    ("特区", "Special District"),
    ("苏木", "Sumu"),
    ("社区", "Community"),
    ("省", ""),
    ("市", ""),
    ("盟", "League"),
    ("州", ""),
    ("区", "District"),
    ("县", "County"),
    ("旗", "Banner"),
    ("镇", "Town"),
    ("乡", "Township"),
    ("村", "Village"),
)


@dataclass(frozen=True, slots=True)
class Latin:
    """A name in Latin letters: whole pinyin without its ending, first letters, and the English name."""

    pinyin: str
    initials: str
    english: str


def latin(name: str) -> Latin:
    """The Latin forms of a Chinese division name: 普宁市 → puning, pn, Puning; 赤岗镇 → chigang, cg, Chigang Town."""
    stem, ending = split_ending(name)
    syllables = lazy_pinyin(stem, style=Style.NORMAL, errors="ignore", v_to_u=False)
    pinyin = "".join(syllables).lower()
    english = ENGLISH.get(name) or " ".join(word for word in (_joined(syllables), ending) if word)
    return Latin(pinyin[:160], "".join(s[0] for s in syllables if s).lower()[:40], english[:120])


def _joined(syllables: list[str]) -> str:
    """Syllables as one word, an apostrophe before a vowel that would be read with the syllable before it: Xi'an."""
    word = "".join(f"'{s}" if n and s[:1] in ("a", "e", "o") else s for n, s in enumerate(syllables))
    return word.capitalize()


def split_ending(name: str) -> tuple[str, str]:
    """The name without its ending, and the ending in English; a stem of one character keeps its ending (泾县 → 泾县, County)."""
    for ending, english in ENDINGS:
        if name.endswith(ending) and len(name) > len(ending):
            stem = name[: -len(ending)]
            return (stem if len(stem) > 1 else name), english if len(stem) > 1 else ""
    return name, ""
