"""Division codes. A code is its own path, kept without trailing zeros: 44 → 4452 → 445281 → 445281102 → village → grid.

Widths: province 2, city 4, county 6 (GB/T 2260), township 9 (GB/T 10114), village 12 (statistical), grid 15 (local). The whole
country is `0`.
"""

from __future__ import annotations

import re

COUNTRY = "0"
WIDTHS = (2, 4, 6, 9, 12, 15)
LEVELS = ("country", "province", "city", "county", "town", "village", "grid")
_CODE = re.compile(r"0|\d{2}|\d{4}|\d{6}|\d{9}|\d{12}|\d{15}")


def normalise(code: str) -> str:
    """The kept form of a code as people write it: 440000 → 44, 445200 → 4452, 445281102000 → 445281102.

    Raises ValueError when it is no division code.
    """
    code = code.strip()
    if len(code) == 12 and code.endswith("000"):
        code = code[:9]
    if len(code) == 9 and code.endswith("000"):
        code = code[:6]
    while len(code) in (4, 6) and code.endswith("00"):
        code = code[:-2]
    if not _CODE.fullmatch(code):
        raise ValueError(f"not a division code: {code!r}")
    return code


def written(code: str) -> str:
    """The form people know: province and city codes padded to six digits."""
    return code if code == COUNTRY else code.ljust(6, "0")


def level(code: str) -> str:
    """`country`, `province`, `city`, `county`, `town`, `village` or `grid`."""
    return LEVELS[0] if code == COUNTRY else LEVELS[WIDTHS.index(len(code)) + 1]


def ancestors(code: str) -> list[str]:
    """The codes above `code`, the country first, `code` itself left out."""
    if code == COUNTRY:
        return []
    return [COUNTRY, *(code[:width] for width in WIDTHS if width < len(code))]


def parent(code: str) -> str | None:
    """The code one level up; the country has none."""
    return ancestors(code)[-1] if code != COUNTRY else None


def contains(upper: str, lower: str) -> bool:
    """Whether `lower` is `upper` or lies below it."""
    return upper == COUNTRY or lower.startswith(upper)


def column(code: str) -> tuple[str, str] | None:
    """The ancestor column of `Scoped` that finds what lies in `code`, and its value; None for the country.

    Below the township there is no column of its own: use the township's and a prefix on `region_code`.
    """
    if code == COUNTRY:
        return None
    name = {2: "province_code", 4: "city_code", 6: "county_code"}.get(len(code), "town_code")
    return name, code[:9]
