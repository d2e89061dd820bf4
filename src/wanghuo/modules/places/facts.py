"""The fields of a unit as people give them, checked: one place for forms, imports and programs."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from stdnum.cn import uscc as _uscc
from stdnum.exceptions import ValidationError

from wanghuo.base import Invalid, Text
from wanghuo.modules.places import rules, search, taxonomy
from wanghuo.modules.places.errors import OutsideChina, UsccWrong
from wanghuo.modules.places.models import Unit

NUMBERS = ("area_m2", "storeys", "height_m", "employees", "beds", "rooms", "seats", "pupils")
ANSWERS = ("mixed_use", "self_built", "let_out", "has_control_room")
WORDS = ("name", "local_code", "kind", "address", "opening_hours")
FIELDS = (*WORDS, "uscc", "lng", "lat", *NUMBERS, *ANSWERS, "key_unit_since")
CHINA = (73.0, 136.0, 3.0, 54.0)  # west, east, south, north, in degrees
_PHONE = re.compile(r"[0-9+\-() 转#*]{3,24}")


def clean(given: Mapping[str, Any]) -> dict[str, Any]:
    """The given fields in their kept form; those that are not fields of a unit are left out.

    Raises Invalid (its `field` names where): UsccWrong, OutsideChina, or one for an empty name or an unknown kind.
    """
    found = {name: given[name] for name in FIELDS if name in given}
    for name in WORDS:
        if name in found:
            found[name] = " ".join(str(found[name] or "").split())
    if "name" in found and not search.normal(found["name"]):
        raise Invalid(Text("请填写单位名称。", "Give the unit's name."), field="name")
    if "kind" in found and found["kind"] not in taxonomy.kinds():
        raise Invalid(Text("请选择场所种类。", "Choose the kind of place."), field="kind")
    if "uscc" in found:
        found["uscc"] = clean_uscc(found["uscc"] or "")
    if found.get("lng") is not None or found.get("lat") is not None:
        check_point(found.get("lng"), found.get("lat"))
    return found


def clean_uscc(given: str) -> str:
    """A unified social credit code in its kept form; empty stays empty. Raises UsccWrong. Source: GB 32100-2015."""
    code = unicodedata.normalize("NFKC", given).strip().upper()
    if not code:
        return ""
    try:
        return str(_uscc.validate(code))
    except ValidationError:
        raise UsccWrong(field="uscc", uscc=code[:24]) from None


def check_point(lng: float | None, lat: float | None) -> None:
    """Raise OutsideChina unless the point is whole and may lie in China."""
    west, east, south, north = CHINA
    if lng is None or lat is None or not (west <= lng <= east and south <= lat <= north):
        raise OutsideChina(field="lng", lng=lng if lng is not None else "—", lat=lat if lat is not None else "—")


def clean_phone(given: str) -> str:
    """A phone number as written, folded to half width. Raises Invalid."""
    phone = unicodedata.normalize("NFKC", given).strip()
    if phone and not _PHONE.fullmatch(phone):
        raise Invalid(
            Text("“{phone}”不是电话号码。", "“{phone}” is not a phone number."), field="phone", phone=phone[:24]
        )
    return phone


def put(unit: Unit, found: Mapping[str, Any], at: datetime) -> None:
    """Put checked fields into a unit, with what follows from them."""
    for name, value in found.items():
        setattr(unit, name, value)
    if "name" in found:
        parts = search.syllables(unit.name)
        unit.pinyin = " ".join(parts)[:600]
        unit.initials = "".join(part[0] for part in parts)[:120]
    unit.changed_at = at


def of(unit: Unit) -> dict[str, Any]:
    """The fields that rules look at."""
    return {name: getattr(unit, name) for name in ("kind", *NUMBERS, *ANSWERS)}


def proposals(unit: Unit) -> list[rules.Proposal]:
    """What the rules say of the unit's classes."""
    return rules.proposals(of(unit), unit.region_code)
