"""Filling the demo region, step by step, through the services and imports that people use."""

from __future__ import annotations

import csv
import io
import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils import timezone

from wanghuo.base import Text
from wanghuo.entrypoints.demo import cycle, keeping, making, planning
from wanghuo.entrypoints.simulator import world as worlds
from wanghuo.kernel.access.actor import Actor, Grant, system_actor

COUNTY, CITY = "445281", "4452"
SEED = 20261121
PASSWORD = "Wanghuo-demo-2026"  # noqa: S105 - printed at the start of the demo, and good for nothing else
FIRST_SOURCE = 1_000_001
FILLED = "demo-filled.json"

Tell = Callable[[Text, float], None]


@dataclass(frozen=True, slots=True)
class Size:
    """How much is made up: units, past hazards, past alarms, and hazards that stand open."""

    units: int
    hazards: int
    alarms: int
    open: int


FULL, SMALL = Size(90, 420, 600, 24), Size(30, 40, 30, 6)


@dataclass(frozen=True, slots=True)
class DemoPerson:
    """A demo account: its name to sign in with, its role, and where it holds."""

    username: str
    name: str
    role: str
    region: str
    unit: str = ""
    sector: str = ""


def people(town: str, unit_ref: str) -> tuple[DemoPerson, ...]:
    """The accounts of the demo; `unit_ref` is the unit whose safety manager signs in."""
    return (
        DemoPerson("operator", "王芳", "alarm_operator", COUNTY),
        DemoPerson("supervisor", "林涛", "alarm_supervisor", COUNTY),
        DemoPerson("inspector", "张伟", "inspector", COUNTY),
        DemoPerson("inspector2", "刘洋", "inspector", COUNTY),
        DemoPerson("brigade", "陈刚", "brigade_leader", COUNTY),
        DemoPerson("clerk", "赵敏", "committee_clerk", town),
        DemoPerson("office", "黄丽", "committee_clerk", COUNTY),
        DemoPerson("education", "林静", "sector_officer", COUNTY, sector="education"),
        DemoPerson("grid", "李秀兰", "grid_worker", town),
        DemoPerson("manager", "李强", "unit_manager", COUNTY, unit_ref),
        DemoPerson("leader", "周平", "government_leader", COUNTY),
        DemoPerson("city", "吴勇", "government_leader", CITY),
        DemoPerson("steward", "郑洁", "data_steward", COUNTY),
        DemoPerson("sysadmin", "系统管理员", "system_admin", COUNTY),
        DemoPerson("security", "安全管理员", "security_admin", COUNTY),
        DemoPerson("auditor", "审计管理员", "auditor", COUNTY),
    )


def where() -> dict[str, str]:
    """Where each demo account holds its role, by the name to sign in with: its unit, else its region."""
    from wanghuo.kernel.accounts.models import RoleGrant
    from wanghuo.kernel.regions import service
    from wanghuo.modules.places import public as places

    found: dict[str, str] = {}
    for grant in RoleGrant.objects.filter(user__username__in=[p.username for p in people("", "")]).select_related(
        "user"
    ):
        unit = places.units_by_ids([grant.unit]).get(grant.unit) if grant.unit else None
        found[grant.user.username] = unit.name if unit else service.name(grant.region_code)
    return found


def is_filled() -> bool:
    """Whether the demo region stands already."""
    return (settings.HOME / FILLED).exists()


def world_file() -> Path:
    """Where the simulator's world is kept."""
    return Path(settings.HOME / "demo-world.json")


def opening_scenes() -> tuple[str, ...]:
    """What the simulator plays soon after the start, so that a visitor sees the loop at work without waiting for chance:
    a false alarm, a fault, and a fire that a second detector confirms."""
    sources = [device.source for device in worlds.load(world_file()).devices]
    return f"{sources[0]}:false_alarm:15", f"{sources[1]}:fault:30", f"{sources[2]}:fire:60"


def fill(tell: Tell, size: Size = FULL) -> None:
    """Fill the region; each step is told with the share done. A second call changes nothing."""
    if is_filled():
        return
    steps: Sequence[tuple[Text, Callable[[], None]]] = (
        (Text("载入全国区划与边界", "loading divisions and boundaries"), _regions),
        (Text("导入虚构的村与网格", "importing made-up villages and grids"), _divisions),
        (Text("登记示例单位与责任人", "registering units and people in charge"), lambda: _units(size.units)),
        (Text("开设演示账号", "opening demo accounts"), _accounts),
        (Text("登记示例设备", "registering devices"), _devices),
        (Text("导入一年的历史隐患", "importing a year of past hazards"), lambda: _history_of_hazards(size.hazards)),
        (Text("导入一年的历史报警", "importing a year of past alarms"), lambda: _history_of_alarms(size.alarms)),
        (Text("上报在办隐患", "reporting open hazards"), lambda: _open_hazards(size.open)),
        (Text("编译并下发一份工作要点", "compiling and issuing a work plan"), planning.issue_example),
        (Text("登记几本台账", "keeping a few registers"), keeping.keep_registers),
        (Text("设定目标并计算指标", "setting targets and computing indicators"), _indicators),
        (Text("派单、巡查、排名、会商各走一遍", "a month of orders, tours, ranking and meetings"), cycle.play_a_month),
        (Text("发出一份提醒函", "sending one letter"), keeping.send_letter),
    )
    for number, (what, step) in enumerate(steps):
        tell(what, number / len(steps))
        step()
    (settings.HOME / FILLED).write_text(json.dumps({"seed": SEED}), "utf-8")
    tell(Text("演示数据就绪", "the demo data is ready"), 1.0)


def _system() -> Actor:
    return system_actor("cli")


def _regions() -> None:
    from wanghuo.kernel.accounts.bodies import ensure_standard_bodies
    from wanghuo.kernel.regions.loading import load

    load()
    for region in (COUNTY[:2], CITY, COUNTY):
        ensure_standard_bodies(region)


def _towns() -> list[tuple[str, str, float, float]]:
    from wanghuo.kernel.regions import service

    found = [(r.code, r.name, r.lng, r.lat) for r in service.children(COUNTY)]
    return [(code, name, lng, lat) for code, name, lng, lat in found if lng is not None and lat is not None]


def _divisions() -> None:
    _import("divisions", making.divisions(_towns(), SEED), coordinates="wgs84")


def _units(count: int) -> None:
    from wanghuo.modules.places import public as places

    for made in making.units(_towns(), count, SEED):
        unit = places.register_unit(region_code=made.region_code, sector=made.sector, actor=_system(), **made.fields)
        for role, name, phone in made.people:
            places.name_person(unit_ref=unit.ref, role=role, name=name, phone=phone, actor=_system())


def _demo_units() -> list[Any]:
    from wanghuo.modules.places import public as places

    codes = [f"DEMO-{number + 1:04d}" for number in range(FULL.units)]
    found = places.units_by_codes(codes)
    return [found[code] for code in codes if code in found]


def _accounts() -> None:
    from wanghuo.kernel.accounts import service
    from wanghuo.modules.places import public as places

    managed = next(u for u in _demo_units() if u.has_control_room)
    for person in people(managed.region_code[:9], managed.ref):
        unit = places.unit_by_code(person.unit) if person.unit else None
        region = unit.region_code if unit else person.region
        user, _ = service.create_user(
            username=person.username,
            display_name=person.name,
            region_code=region,
            unit=unit.id if unit else None,
            password=PASSWORD,
            demo=True,
            actor=_system(),
        )
        service.grant_role(
            user_id=user.pk,
            role=person.role,
            region_code=region,
            sector=person.sector,
            unit=unit.id if unit else None,
            reason="演示 / demo",
            actor=_system(),
        )


MAKERS = ("示例甲厂（演示）", "示例乙厂（演示）")
INSTALLERS = ("甲安装公司（演示）", "乙安装公司（演示）", "丙安装公司（演示）")


def _devices() -> None:
    """A transmission device in every unit that has a control room; the simulator's world is made from the same list."""
    from wanghuo.modules.sensing import public as sensing

    devices = []
    for number, unit in enumerate(u for u in _demo_units() if u.has_control_room):
        source = (FIRST_SOURCE + number).to_bytes(6, "little").hex()
        rng = random.Random(f"{SEED}/{source}")
        sensing.register_device(
            source=source,
            unit_id=unit.id,
            maker=rng.choice(MAKERS),
            model="UITD-D1",
            installer=rng.choice(INSTALLERS),
            sim_until=timezone.localdate() + timedelta(days=rng.choice((12, 200, 400, 700))),
            floor="1F",
            location="消防控制室",
            networks=["127.0.0.0/8"],
            installed_on=timezone.localdate() - timedelta(days=rng.randint(90, 1500)),
            actor=_system(),
        )
        devices.append(worlds.SimulatedDevice(source, 30.0, worlds.points_for(rng, rng.randint(2, 6))))
    rhythm = worlds.Rhythm(faults=0.8, false_alarms=0.4, tests=0.1, silences=0.05, fires=0.01, readings_s=300)
    worlds.save(worlds.World(tuple(devices), rhythm), world_file())


def _import(kind: str, rows: Sequence[dict[str, str]], *, coordinates: str = "") -> None:
    """The ordinary import, with a file made in memory."""
    from wanghuo.kernel.ledgers import service

    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    mapping = {"source": "demo", "header_row": 1, "columns": {name: {"column": name} for name in rows[0]}}
    if coordinates:
        mapping["coordinates"] = coordinates
    actor = _system()
    name = f"demo-{kind}.csv"
    run = service.start(
        kind_code=kind, chunks=[buffer.getvalue().encode()], file_name=name, region=COUNTY, actor=actor, source="demo"
    )
    service.set_mapping(run_id=run.id, data=mapping, actor=actor)
    checked = service.check(run_id=run.id, actor=actor)
    if checked.counts["error"]:
        raise RuntimeError(f"{name}: {checked.problems[:3]}")
    service.begin_write(run_id=run.id, actor=actor)
    service.write(run_id=run.id, actor=actor)


def _history_of_hazards(count: int) -> None:
    refs = [u.ref for u in _demo_units()]
    _import("hazards", making.past_hazards(refs, count, timezone.localtime(), SEED))


def _history_of_alarms(count: int) -> None:
    refs = [u.ref for u in _demo_units() if u.has_control_room]
    _import("alarms", making.past_alarms(refs, count, timezone.localtime(), SEED))


def _open_hazards(count: int) -> None:
    """Hazards in every stage, each brought there by the act of somebody with the right."""
    from wanghuo.modules.hazards import public as hazards

    rng = random.Random(f"{SEED}/open")
    chosen = rng.sample(_demo_units(), count)
    for number, unit in enumerate(chosen):
        basis, item, description = rng.choice(making.PROBLEMS)
        reported = hazards.report_hazard(
            unit_id=unit.id,
            region_code=unit.region_code,
            place=f"{rng.randint(1, 5)} 层{item}处",
            description=description,
            channel=hazards.Channel(rng.choice(making.CHANNELS)),
            basis=basis,
            item=item,
            found_at=timezone.now() - timedelta(days=rng.uniform(0.2, 6)),
            actor=_acting("grid_worker"),
        )
        if number % 3 > 0:
            hazards.verify(reported.ref, actor=_acting("committee_clerk"))
        if number % 3 > 1:
            hazards.order_rectification(
                reported.ref,
                due_at=timezone.now() + timedelta(days=rng.choice((1, 3, 7, 15))),
                demands=f"消除：{description}",
                second_officer="刘洋",
                service=hazards.Service.SIGNED,
                actor=_acting("inspector"),
            )


def _acting(role: str) -> Actor:
    """A demo account acting, so that the time line has its name."""
    from wanghuo.kernel.accounts.models import User

    username = {"grid_worker": "grid", "committee_clerk": "clerk", "inspector": "inspector"}[role]
    user = User.objects.get(username=username)
    return Actor(id=user.pk, name=user.display_name, grants=(Grant(role, COUNTY),), via="cli")


TARGETS = (
    ("sensing.online_rate", 95.0),
    ("sensing.networking_rate", 90.0),
    ("hazards.closing_rate", 90.0),
    ("hazards.on_time_rate", 95.0),
    ("alarms.take_on_time_rate", 90.0),
)


def _indicators() -> None:
    from wanghuo.kernel.indicators import refresh
    from wanghuo.kernel.indicators.targets import set_target
    from wanghuo.kernel.outbox import drain

    year = str(timezone.localdate().year)
    for code, value in TARGETS:
        source = "演示目标（虚构，不出自任何文件）"
        set_target(code=code, region=COUNTY, period=year, value=value, source=source, actor=_system())
    while drain():
        pass
    refresh()
