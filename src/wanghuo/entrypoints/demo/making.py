"""The invented words and numbers: units, people in charge, past hazards and alarms, the same for the same seed."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from wanghuo.kernel.regions.naming import latin

SURNAMES = "陈林黄张李王吴刘蔡杨许郑谢郭洪曾赖方罗杜"
GIVEN = (
    "伟",
    "芳",
    "娜",
    "敏",
    "静",
    "强",
    "磊",
    "洋",
    "艳",
    "勇",
    "军",
    "杰",
    "娟",
    "涛",
    "明",
    "超",
    "秀兰",
    "霞",
    "平",
    "刚",
)
TRADES = (
    "恒丰",
    "锦绣",
    "万家",
    "金源",
    "广顺",
    "华美",
    "新安",
    "和兴",
    "永泰",
    "佳和",
    "宏达",
    "瑞祥",
    "康乐",
    "福星",
    "东方",
)


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of unit: what it is called, who looks after it, and its usual size."""

    kind: str
    word: str
    sector: str
    control_room: bool
    size: tuple[int, int]
    extra: dict[str, tuple[int, int]] = field(default_factory=dict)


KINDS = (
    Kind("complex", "购物广场", "commerce", True, (30_000, 90_000), {"storeys": (4, 8)}),
    Kind("shop", "商场", "commerce", True, (1_500, 12_000), {"storeys": (2, 5)}),
    Kind("hotel", "酒店", "culture_tourism", True, (3_000, 18_000), {"rooms": (40, 260), "storeys": (5, 18)}),
    Kind("hospital", "医院", "health", True, (8_000, 40_000), {"beds": (60, 600), "storeys": (4, 12)}),
    Kind("elderly_home", "敬老院", "civil_affairs", True, (800, 5_000), {"beds": (20, 160)}),
    Kind("boarding_school", "中学", "education", True, (10_000, 40_000), {"pupils": (600, 3_200), "beds": (100, 900)}),
    Kind("day_nursery", "幼儿园", "education", False, (600, 2_400), {"pupils": (60, 320)}),
    Kind("entertainment", "歌舞厅", "culture_tourism", True, (200, 1_500), {"seats": (40, 300)}),
    Kind("restaurant", "酒家", "market", False, (120, 1_200), {"seats": (30, 400)}),
    Kind("factory", "制衣厂", "industry", True, (2_000, 20_000), {"employees": (60, 900)}),
    Kind("warehouse", "仓储", "industry", True, (2_000, 16_000), {}),
    Kind("workshop", "加工作坊", "market", False, (60, 280), {"employees": (3, 18)}),
    Kind("rental", "出租屋", "housing", False, (150, 600), {"rooms": (8, 40)}),
)


@dataclass(frozen=True, slots=True)
class MadeUnit:
    """One invented unit, with what its registration takes, and the people in charge."""

    region_code: str
    sector: str
    fields: dict[str, Any]
    people: tuple[tuple[str, str, str], ...]


def person(rng: random.Random) -> str:
    """An invented name."""
    return rng.choice(SURNAMES) + rng.choice(GIVEN)


def phone(rng: random.Random) -> str:
    """A mobile number of a range that is not given out (170 0000 xxxx)."""
    return f"1700000{rng.randint(0, 9999):04d}"


VILLAGES, GRIDS = {"甲": "A", "乙": "B", "丙": "C"}, ("一", "二")
FIRST_VILLAGE = 901  # beyond the numbers that real villages have


def divisions(towns: Sequence[tuple[str, str, float, float]], seed: int) -> list[dict[str, str]]:
    """Invented villages of each town and grids of each village, as rows of the divisions import; their names say that they
    are made up.
    """
    rng = random.Random(f"{seed}/divisions")
    rows = []
    for town, name, lng, lat in towns:
        short = name.removesuffix("街道").removesuffix("镇").removesuffix("乡")
        for number, (letter, english) in enumerate(VILLAGES.items(), FIRST_VILLAGE):
            east, north = lng + rng.uniform(-0.02, 0.02), lat + rng.uniform(-0.02, 0.02)
            village = f"Village {english}, {latin(short).english} (made up)"
            rows.append(_division(f"{town}{number}", f"{short}{letter}村（虚构）", village, east, north))
            for order, word in enumerate(GRIDS, 1):
                east, north = east + rng.uniform(-0.004, 0.004), north + rng.uniform(-0.004, 0.004)
                name, grid = f"{short}{letter}村第{word}网格（虚构）", f"Grid {order}, {village}"
                rows.append(_division(f"{town}{number}{order:03d}", name, grid, east, north))
    return rows


def _division(code: str, name: str, name_en: str, lng: float, lat: float) -> dict[str, str]:
    return {"code": code, "name": name, "name_en": name_en, "lng": f"{lng:.6f}", "lat": f"{lat:.6f}"}


def units(towns: Sequence[tuple[str, str, float, float]], count: int, seed: int) -> list[MadeUnit]:
    """Invented units spread over towns (code, name, longitude, latitude of a point in each)."""
    rng = random.Random(f"{seed}/units")
    return [_unit(rng, number, *rng.choice(towns)) for number in range(count)]


def _unit(rng: random.Random, number: int, town: str, town_name: str, lng: float, lat: float) -> MadeUnit:
    kind = rng.choice(KINDS)
    short = town_name.removesuffix("街道").removesuffix("镇").removesuffix("乡")
    fields: dict[str, Any] = {
        "name": f"{short}{rng.choice(TRADES)}{kind.word}",
        "kind": kind.kind,
        "address": f"{town_name}示例路 {rng.randint(1, 320)} 号（演示）",
        "area_m2": float(rng.randint(*kind.size)),
        "has_control_room": kind.control_room,
        "lng": round(lng + rng.uniform(-0.02, 0.02), 6),
        "lat": round(lat + rng.uniform(-0.02, 0.02), 6),
        "local_code": f"DEMO-{number + 1:04d}",
    }
    fields |= {name: rng.randint(*span) for name, span in kind.extra.items()}
    people = (
        ("responsible_person", person(rng), phone(rng)),
        ("safety_manager", person(rng), phone(rng)),
        ("duty_phone", "", f"0663-2{rng.randint(100000, 999999)}"),
    )
    village = f"{town}{FIRST_VILLAGE + number % len(VILLAGES)}"
    return MadeUnit(village, kind.sector, fields, people)


PROBLEMS = (
    (1, "疏散通道", "疏散通道被货物占用，净宽不足"),
    (1, "安全出口", "安全出口锁闭，无法从内侧开启"),
    (2, "消火栓", "室内消火栓无水"),
    (2, "喷淋", "喷淋末端压力不足"),
    (2, "报警主机", "火灾报警主机长期处于故障状态"),
    (2, "应急照明", "应急照明灯损坏"),
    (3, "防火门", "常闭式防火门被拆除"),
    (4, "危险品", "违规存放酒精、油漆"),
    (6, "电气线路", "电线私拉乱接，未穿管保护"),
    (6, "电动车", "电动自行车在楼梯间停放充电"),
)
CHANNELS = ("unit", "grid", "departments", "fire", "government", "complaint")


def past_hazards(unit_refs: Sequence[str], count: int, now: datetime, seed: int) -> list[dict[str, str]]:
    """Rows of past hazards for the ordinary import: over a year, most closed in time, some late."""
    rng = random.Random(f"{seed}/hazards")
    return [_past_hazard(rng, number, rng.choice(unit_refs), now) for number in range(count)]


def _past_hazard(rng: random.Random, number: int, unit_ref: str, now: datetime) -> dict[str, str]:
    basis, item, description = rng.choice(PROBLEMS)
    found = now - timedelta(days=rng.uniform(35, 360))
    due = found + timedelta(days=rng.choice((3, 7, 15, 30)))
    done = min(
        due - timedelta(hours=5) if rng.random() < 0.82 else due + timedelta(days=rng.uniform(1, 12)),
        now - timedelta(days=2),
    )
    closed = done + timedelta(days=rng.uniform(0.3, 2.5))
    return {
        "source_ref": f"LS-{number + 1:05d}",
        "unit": unit_ref,
        "place": f"{rng.randint(1, 6)} 层{item}处",
        "description": description,
        "item": item,
        "basis": str(basis),
        "channel": rng.choice(CHANNELS),
        "found_at": f"{found:%Y-%m-%d %H:%M}",
        "due_at": f"{due:%Y-%m-%d %H:%M}",
        "submitted_at": f"{done:%Y-%m-%d %H:%M}",
        "closed_at": f"{min(closed, now - timedelta(days=1)):%Y-%m-%d %H:%M}",
    }


def past_alarms(unit_refs: Sequence[str], count: int, now: datetime, seed: int) -> list[dict[str, str]]:
    """Rows of past alarms for the ordinary import: mostly false, each with its cause and how long judging took."""
    rng = random.Random(f"{seed}/alarms")
    causes = ("cooking", "dust", "steam", "insect", "device", "smoking")
    rows = []
    for number in range(count):
        received = now - timedelta(days=rng.uniform(1, 360))
        state = rng.choices(("false", "test", "closed"), (88, 8, 4))[0]
        taken = received + timedelta(seconds=rng.uniform(4, 40))
        rows.append(
            {
                "source_ref": f"LSBJ-{number + 1:05d}",
                "unit": rng.choice(unit_refs),
                "place": f"{rng.randint(1, 6)} 层走廊烟感",
                "kind": "fire",
                "received_at": f"{received:%Y-%m-%d %H:%M:%S}",
                "taken_at": f"{taken:%Y-%m-%d %H:%M:%S}",
                "judged_after_s": f"{rng.uniform(45, 420):.0f}",
                "state": state,
                "cause": rng.choice(causes) if state == "false" else "",
            }
        )
    return rows
