"""What is measured of units: how many there are of each class, and how many key units have a complete file and people
in charge. The register keeps no past days, so each is counted as it stands now.
"""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlencode

from django.db.models import BooleanField, Case, Count, Q, Value, When

from wanghuo.base import Text
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.indicators import Indicator, Part, Period, register
from wanghuo.kernel.indicators.registry import Records
from wanghuo.modules.places import selectors, taxonomy
from wanghuo.modules.places.models import Unit, UnitClass
from wanghuo.modules.places.states import UnitState

CODES = ("places.key_units", "places.complete_files", "places.people_named_rate", "places.units")
# Classes that papers count, with what they call them; key units have a measure of their own
CLASS_WORDS = {
    "high_risk": ("火灾高危单位",),
    "gathering": ("公众聚集场所",),
    "crowded": ("人员密集场所",),
    "nine_small": ("九小场所", "小场所"),
    "mixed_use": ("多合一场所", "三合一场所", "合用场所"),
    "group_let": ("群租房",),
    "let_house": ("出租房", "居住出租房"),
    "self_built_business": ("经营性自建房",),
    "large_complex": ("大型商业综合体",),
    "high_rise": ("高层建筑",),
}


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


def count_people_named(period: Period) -> dict[str, Part]:
    """Key units that named both a responsible person and a safety manager, of all key units."""
    rows = Unit.objects.filter(_key_units()).values_list("town_code", "county_code")
    counted = rows.annotate(n=Count("pk"), named=Count("pk", filter=Q(people_named=True))).order_by()
    found: dict[str, Part] = {}
    for town, county, n, named in counted:
        found[town or county] = found.get(town or county, Part(0, 0)) + Part(named, n)
    return found


def count_units(period: Period) -> dict[str, Part]:
    """Active units by town."""
    return _by_town(Q(state=UnitState.ACTIVE))


def count_class(code: str) -> Callable[[Period], dict[str, Part]]:
    """Active units of a class by town."""

    def counts(period: Period) -> dict[str, Part]:
        standing = UnitClass.objects.filter(code=code, ended_at=None).values("unit")
        return _by_town(Q(state=UnitState.ACTIVE, pk__in=standing))

    return counts


def _by_town(condition: Q) -> dict[str, Part]:
    rows = Unit.objects.filter(condition).values_list("town_code", "county_code").annotate(n=Count("pk")).order_by()
    found: dict[str, Part] = {}
    for town, county, n in rows:
        found[town or county] = found.get(town or county, Part(0, 1)) + Part(n, 0)
    return found


def people_list(actor: Actor, region: str, period: Period, part: str) -> str:
    """The key units, or those in which nobody is named."""
    wanted = {"class": "key_unit", "state": "active", "region": region}
    if part == "gap":
        wanted["no_people"] = "1"
    return f"/units?{urlencode(wanted)}"


def class_list(code: str) -> Records:
    """The units of a class."""

    def address(actor: Actor, region: str, period: Period, part: str) -> str:
        wanted = {"class": code} if code else {}
        return f"/units?{urlencode({**wanted, 'state': 'active', 'region': region})}"

    return address


def key_unit_list(actor: Actor, region: str, period: Period, part: str) -> str:
    """The list behind the number."""
    wanted = {"class": "key_unit", "state": "active", "region": region}
    if part == "gap":
        wanted["incomplete"] = "1"
    return f"/units?{urlencode(wanted)}"


KEY_UNITS = (
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
        standing=True,
        topic="basis",
        words=("重点单位数", "消防安全重点单位 数"),
    ),
    Indicator(
        code=CODES[1],
        name=Text("重点单位档案完整率", "Complete files of key units"),
        formula=Text(
            "有信用代码、坐标、消防安全责任人和管理人的重点单位 ÷ 重点单位",
            "key units with credit code, point, responsible person and safety manager ÷ key units",
        ),
        unit="%",
        better="up",
        source="消防安全重点单位户籍化管理",
        mark="D",
        kind="rate",
        counts=count_complete,
        records=key_unit_list,
        standing=True,
        climbs=True,
        topic="basis",
        words=("重点单位 档案 完整", "户籍化 建档率", "重点单位 建档率"),
    ),
    Indicator(
        code=CODES[2],
        name=Text("重点单位责任人、管理人明确率", "Key units with both persons named"),
        formula=Text(
            "明确了消防安全责任人和管理人的重点单位 ÷ 重点单位",
            "key units that named a responsible person and a safety manager ÷ key units",
        ),
        unit="%",
        better="up",
        source="消防法（2021）第十七条第二款第一项：确定消防安全管理人",
        mark="C",
        kind="rate",
        counts=count_people_named,
        records=people_list,
        standing=True,
        climbs=True,
        topic="basis",
        words=("责任人 管理人 明确", "消防安全管理人 明确 率", "消防安全管理人 配备"),
    ),
)


def declare() -> None:
    """Declare the measures; called when the app is ready."""
    for measure in KEY_UNITS:
        register(measure)
    _declare_count(CODES[3], Text("在册单位数", "Units"), "", ("社会单位数", "在册单位"))
    for code, words in CLASS_WORDS.items():
        found = taxonomy.classes().get(code)
        if found is not None:
            name = Text(f"{found.name.zh}数", f"Units: {found.name.en}")
            _declare_count(f"places.class_{code}", name, code, tuple(f"{word} 数 -率" for word in words))


def _declare_count(code: str, name: Text, unit_class: str, words: tuple[str, ...]) -> None:
    what = name.zh.removesuffix("数")
    register(
        Indicator(
            code=code,
            name=name,
            formula=Text(f"此刻在营的{what}数", f"{name.en.lower()}, active at this moment"),
            unit="",
            better="up",
            source="",
            mark="D",
            kind="count",
            counts=count_class(unit_class) if unit_class else count_units,
            records=class_list(unit_class),
            standing=True,
            topic="basis",
            words=words,
        )
    )
