"""What is measured of units: how many key units there are, and how many of them have a complete file."""

from __future__ import annotations

from urllib.parse import urlencode

from django.db.models import BooleanField, Case, Count, Q, Value, When

from wanghuo.base import Text
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.indicators import Indicator, Part, Period, register
from wanghuo.modules.places import selectors
from wanghuo.modules.places.models import Unit, UnitClass
from wanghuo.modules.places.states import UnitState

CODES = ("places.key_units", "places.complete_files")


def _key_units() -> Q:
    standing = UnitClass.objects.filter(code="key_unit", ended_at=None).values("unit")
    return Q(state=UnitState.ACTIVE, pk__in=standing)


def count_key_units(period: Period) -> dict[str, Part]:
    """Key units by town, as they stand now: the register keeps no past days."""
    return {place: Part(whole, 0) for place, (_, whole) in _counted().items()}


def count_complete(period: Period) -> dict[str, Part]:
    """Key units whose file is complete, of all key units."""
    return {place: Part(complete, whole) for place, (complete, whole) in _counted().items()}


def _counted() -> dict[str, tuple[int, int]]:
    complete = Case(
        When(selectors.complete_file(), then=Value(True)), default=Value(False), output_field=BooleanField()
    )
    rows = Unit.objects.filter(_key_units()).annotate(complete=complete).order_by()
    found: dict[str, tuple[int, int]] = {}
    for town, county, is_complete, n in rows.values_list("town_code", "county_code", "complete").annotate(
        n=Count("pk")
    ):
        had, whole = found.get(town or county, (0, 0))
        found[town or county] = (had + n if is_complete else had, whole + n)
    return found


def key_unit_list(actor: Actor, region: str, period: Period, part: str) -> str:
    """The list behind the number."""
    wanted = {"class": "key_unit", "state": "active", "region": region}
    if part == "gap":
        wanted["incomplete"] = "1"
    return f"/units?{urlencode(wanted)}"


def declare() -> None:
    """Declare the measures; called when the app is ready."""
    register(
        Indicator(
            code=CODES[0],
            name=Text("消防安全重点单位数", "Key units"),
            formula=Text("在营且认定为消防安全重点单位的单位数", "active units decided to be key units"),
            unit="",
            better="up",
            source="消防法（2021）第十七条",
            mark="C",
            kind="count",
            counts=count_key_units,
            records=key_unit_list,
        )
    )
    register(
        Indicator(
            code=CODES[1],
            name=Text("重点单位档案完整率", "Complete files of key units"),
            formula=Text(
                "有信用代码、坐标、消防安全责任人和管理人的重点单位 ÷ 重点单位",
                "key units with credit code, point, responsible person and safety manager ÷ key units",
            ),
            unit="%",
            better="up",
            source="regulations 6.5；消防安全重点单位户籍化管理",
            mark="D",
            kind="rate",
            counts=count_complete,
            records=key_unit_list,
        )
    )
