"""Objects for the access matrix: one of each kind in each place, with a canary that must not show where it isn't seen.

A new kind is one function below, marked `@kind("name")`: it makes the object in a `Place` and says by which right it is seen.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from typing import Any
from uuid import UUID, uuid4

from django.utils import timezone

from wanghuo.base import Text
from wanghuo.base.ids import new_id
from wanghuo.kernel.access.actor import Actor, system_actor
from wanghuo.kernel.access.scope import scope_columns
from wanghuo.kernel.regions.testing import COUNTY, SISTER_TOWN, TOWN

SECTOR, OTHER_SECTOR = "education", "health"
AT = {"lng": 116.16, "lat": 23.29}
OWN_UNIT = UUID("01900000-0000-7000-8000-000000000001")
REGIONS = {
    "own": TOWN,
    "child": "445281102201",
    "sibling": SISTER_TOWN,
    "parent": COUNTY,
    "other_sector": TOWN,
    "other_unit": TOWN,
}


@dataclass(frozen=True)
class Where:
    """A place of the matrix, as access judges it."""

    name: str
    region_code: str
    sector: str
    scope_unit: UUID

    def canary(self, kind: str) -> str:
        """A word that stands nowhere else; `CANARY` finds it."""
        return f"Zq7{kind}-{self.name}7qZ"

    @property
    def number(self) -> int:
        """A number of its own, for references."""
        return list(REGIONS).index(self.name) + 1


PLACES = tuple(
    Where(
        name,
        region,
        OTHER_SECTOR if name == "other_sector" else SECTOR,
        OWN_UNIT if name == "own" else UUID(int=OWN_UNIT.int + number),
    )
    for number, (name, region) in enumerate(REGIONS.items())
)


@dataclass
class Made:
    """An object: what the address calls it, what an absent one would be called, and who sees it.

    `right`: seen by whoever holds it over the place; "" by nobody of the matrix; "*" by everyone whom the view lets in.
    """

    ref: Any
    absent: Any
    right: str
    where: Where

    def seen_by(self, actor: Actor) -> bool:
        """Whether the actor sees the object."""
        return self.right == "*" or (bool(self.right) and actor.can(self.right, self.where))


Maker = Callable[["World", Where], Made]
KINDS: dict[str, Maker] = {}


def kind(name: str) -> Callable[[Maker], Maker]:
    """Register the maker of a kind of object."""

    def register(maker: Maker) -> Maker:
        KINDS[name] = maker
        return maker

    return register


@dataclass
class World:
    """One object of each kind in each place."""

    made: dict[tuple[str, str], Made] = field(default_factory=dict)
    rows: dict[tuple[str, str], Any] = field(default_factory=dict)

    def fill(self) -> World:
        """Make everything; the order of `KINDS` is the order of dependence."""
        for name, maker in KINDS.items():
            for where in PLACES:
                self.made[name, where.name] = maker(self, where)
        return self

    @cached_property
    def stranger(self) -> Any:
        """Somebody whose own things (messages, jobs, sessions) nobody else sees."""
        from wanghuo.kernel.accounts.testing import make_user

        return make_user("stranger", "", "33", display_name="somebody")

    def row(self, name: str, where: Where) -> Any:
        """The row of another kind in the same place."""
        return self.rows[name, where.name]

    def keep(self, name: str, where: Where, row: Any) -> Any:
        """Keep a row for makers that come later."""
        self.rows[name, where.name] = row
        return row


@kind("unit")
def unit(world: World, where: Where) -> Made:
    from wanghuo.modules.places.testing import UnitFactory

    row = UnitFactory(
        id=where.scope_unit, name=where.canary("unit"), region_code=where.region_code, sector=where.sector,
        ref=f"DW-445281-0000{where.number:02}",
    )  # fmt: skip
    world.keep("unit", where, row)
    return Made(row.ref, "DW-445281-999999", "places.view", where)


@kind("building")
def building(world: World, where: Where) -> Made:
    from wanghuo.modules.places.testing import BuildingFactory

    row = BuildingFactory(
        manager=world.row("unit", where),
        name=where.canary("building"),
        region_code=where.region_code,
        sector=where.sector,
    )
    return Made(row.ref, "JZ-445281-999999", "places.view", where)


@kind("contact")
def contact(world: World, where: Where) -> Made:
    from wanghuo.modules.places.testing import PersonFactory

    row = PersonFactory(unit=world.row("unit", where), name=where.canary("contact"))
    return Made(row.pk, uuid4(), "places.view", where)


@kind("device")
def device(world: World, where: Where) -> Made:
    from wanghuo.modules.sensing.testing import DeviceFactory

    row = DeviceFactory(
        unit=world.row("unit", where),
        location=where.canary("device"),
        ref=f"SB-445281-2026-0000{where.number}",
        **AT,
    )
    return Made(row.ref, "SB-445281-2026-99999", "sensing.view", where)


@kind("outage")
def outage(world: World, where: Where) -> Made:
    from wanghuo.modules.sensing.models import Outage
    from wanghuo.modules.sensing.testing import DeviceFactory

    device = DeviceFactory(
        unit=world.row("unit", where),
        location=where.canary("outage"),
        state="offline",
        ref=f"SB-445281-2026-0001{where.number}",
    )
    row = Outage(device=device, kind="offline", since=timezone.now(), found_at=timezone.now())
    row.place(device.region_code, sector=device.sector, unit=device.unit_id)
    row.save(force_insert=True)
    return Made(device.ref, "SB-445281-2026-99998", "sensing.view", where)


@kind("early_warning")
def early_warning(world: World, where: Where) -> Made:
    from wanghuo.modules.sensing.models import EarlyWarning
    from wanghuo.modules.sensing.testing import DeviceFactory

    device = DeviceFactory(
        unit=world.row("unit", where), location=where.canary("early_warning"), ref=f"SB-445281-2026-0003{where.number}"
    )
    known = {"begun_at": timezone.now(), "judged_at": timezone.now(), "due_at": timezone.now()}
    row = EarlyWarning(
        ref=f"DQ-{where.number:06d}-2026-00001", device=device, quantity=257, unit="mA", level=2, latest=310.0, **known
    )
    row.place(device.region_code, sector=device.sector, unit=device.unit_id)
    row.save(force_insert=True)
    return Made(row.ref, "DQ-999999-2026-99999", "sensing.view", where)


@kind("expiring_device")
def expiring_device(world: World, where: Where) -> Made:
    from wanghuo.modules.sensing.testing import DeviceFactory

    row = DeviceFactory(
        unit=world.row("unit", where),
        location=where.canary("expiring_device"),
        sim_until=timezone.localdate(),
        ref=f"SB-445281-2026-0002{where.number}",
    )
    return Made(row.ref, "SB-445281-2026-99997", "sensing.view", where)


@kind("unknown_device")
def unknown_device(world: World, where: Where) -> Made:
    from wanghuo.modules.sensing.models import QuarantinedDevice

    now = timezone.now()
    row = QuarantinedDevice.objects.create(source=f"0a0b0c0d0e{where.number:02x}", first_seen_at=now, last_seen_at=now)
    return Made(row.source, "ffffffffffff", "*", where)


@kind("way")
def way(world: World, where: Where) -> Made:
    from wanghuo.modules.sensing.models import Way

    row = Way(code=f"way-{where.number}", kind="ctwing", name=where.canary("way"))
    row.place(where.region_code, sector=where.sector, unit=where.scope_unit)
    row.save(force_insert=True)
    return Made(row.code, "way-none", "sensing.ways", where)


@kind("roll_call")
def roll_call(world: World, where: Where) -> Made:
    from wanghuo.modules.sensing.models import RollCall

    row = RollCall(
        ref=f"CG-{where.number:06d}-2026-00001", minutes=5, reason=where.canary("roll_call"), asked_at=timezone.now()
    )
    row.place(where.region_code, sector=where.sector, unit=where.scope_unit)
    row.save(force_insert=True)
    return Made(row.ref, "CG-999999-2026-99999", "sensing.view", where)


@kind("hazard")
def hazard(world: World, where: Where) -> Made:
    from wanghuo.modules.hazards.testing import HazardFactory

    row = HazardFactory(
        unit=world.row("unit", where), place=where.canary("hazard"), description=where.canary("hazard"),
        ref=f"YH-445281-2025-0000{where.number}", **AT,
    )  # fmt: skip
    world.keep("hazard", where, row)
    return Made(row.ref, "YH-445281-2025-99999", "hazards.view", where)


@kind("listing")
def listing(world: World, where: Where) -> Made:
    from wanghuo.modules.hazards.models import Listing

    now = timezone.now()
    row = Listing.objects.create(
        ref=f"GP-445281-2026-0000{where.number}", hazard=world.row("hazard", where), level="county",
        supervisor=where.canary("listing"), demands=where.canary("listing"), listed_at=now, due_at=now + timedelta(days=30),
        **columns(where),
    )  # fmt: skip
    return Made(row.ref, "GP-445281-2026-99999", "hazards.view", where)


@kind("alarm")
def alarm(world: World, where: Where) -> Made:
    from wanghuo.modules.alarms.testing import AlarmFactory

    row = AlarmFactory(
        unit=world.row("unit", where), region_code=where.region_code, place=where.canary("alarm"),
        ref=f"BJ-445281-2026-0000{where.number}", **AT,
    )  # fmt: skip
    return Made(row.ref, "BJ-445281-2026-99999", "alarms.view", where)


@kind("shelf")
def shelf(world: World, where: Where) -> Made:
    from wanghuo.base.ids import new_id
    from wanghuo.modules.alarms.models import Shelf
    from wanghuo.modules.sensing.testing import DeviceFactory

    device = DeviceFactory(unit=world.row("unit", where))
    row = Shelf.objects.create(
        device=device, condition="fault", where=where.canary("shelf"), reason="维修",
        by_name="王芳", started_at=timezone.now(), until=timezone.now() + timedelta(hours=2), **columns(where),
    )  # fmt: skip
    return Made(row.pk, new_id(), "alarms.view", where)


@kind("maintenance")
def maintenance(world: World, where: Where) -> Made:
    from wanghuo.modules.alarms.models import MaintenanceWindow

    now = timezone.now()
    row = MaintenanceWindow.objects.create(
        ref=f"WH-445281-2026-0000{where.number}", unit=world.row("unit", where), where=where.canary("maintenance"), reason="年检",
        contact="李工 17000001", by_name="王芳", starts_at=now, ends_at=now + timedelta(hours=2), **columns(where),
    )  # fmt: skip
    return Made(row.ref, "WH-445281-2026-99999", "alarms.view", where)


@kind("duty")
def duty(world: World, where: Where) -> Made:
    from wanghuo.kernel.loops import open_duty

    title = Text(where.canary("duty"), where.canary("duty"))
    asker = system_actor("worker")
    row = open_duty(subject(where), move="verify", title=title, right="hazards.verify", asked_by=asker)
    return Made(row.pk, uuid4(), "hazards.verify", where)


@kind("ladder_step")
def ladder_step(world: World, where: Where) -> Made:
    from wanghuo.kernel.loops import start_clock
    from wanghuo.kernel.loops.models import LadderStep

    now = timezone.now()
    clock = start_clock(
        subject(where), rule="hazards.verify", start=now - timedelta(days=3), due_at=now - timedelta(days=1)
    )
    name = where.canary("ladder_step")
    row = LadderStep.objects.create(
        ref=f"DB-445281-2026-0000{where.number}", clock=clock, number=1, rung="urge", name_zh=name, name_en=name,
        right="loops.supervise", at=now, answer_due_at=now + timedelta(days=1), **columns(where),
    )  # fmt: skip
    return Made(row.ref, "DB-445281-2026-99999", "loops.supervise", where)


@kind("person")
def person(world: World, where: Where) -> Made:
    from wanghuo.kernel.accounts.testing import make_user

    name = f"canary.{where.name}".replace("_", "-")
    user = make_user(name, "", where.region_code, where.sector, where.scope_unit, display_name=where.canary("person"))
    return Made(user.username, "canary.absent", "accounts.manage", where)


@kind("session")
def session(world: World, where: Where) -> Made:
    from wanghuo.kernel.accounts.models import UserSession

    row = UserSession.objects.create(
        user=world.stranger, session_key=f"key{where.number}", browser=where.canary("session")
    )
    return Made(row.pk, 999_999_999, "", where)


@kind("audit_entry")
def audit_entry(world: World, where: Where) -> Made:
    from wanghuo.kernel.audit import record
    from wanghuo.kernel.audit.models import AuditEntry

    record(system_actor("worker"), "hazards:hazard:verify", where.canary("audit_entry"), region=where.region_code)
    row = AuditEntry.objects.get(object=where.canary("audit_entry"))
    return Made(row.pk, uuid4(), "audit.view", where)


@kind("import_run")
def import_run(world: World, where: Where) -> Made:
    from wanghuo.kernel.ledgers import storage
    from wanghuo.kernel.ledgers.models import ImportRun

    row = ImportRun.objects.create(
        kind="units", right="places.import", file_name=where.canary("import_run"), file_sha256="0" * 64, file_bytes=1,
        started_at=timezone.now(), **columns(where),
    )  # fmt: skip
    table = storage.table_path(row.pk)
    table.parent.mkdir(parents=True, exist_ok=True)
    table.write_text("单位名称,行政区划\n滨江商贸城,赤岗镇\n", "utf-8")
    return Made(row.pk, uuid4(), "places.import", where)


@kind("register_row")
def register_row(world: World, where: Where) -> Made:
    from wanghuo.kernel.ledgers.models import Register, RegisterRow
    from wanghuo.kernel.ledgers.registers.testing import make_register

    name, now = where.canary("register_row"), timezone.now()
    book = Register.objects.filter(code="matrix").first() or make_register("matrix")
    row = RegisterRow.objects.create(
        register=book, ref=f"TZ-445281-2026-9{where.number:04}", version=1, values={"name": name}, name=name,
        likeness=name, created_at=now, changed_at=now, lng=AT["lng"], lat=AT["lat"], **columns(where),
    )  # fmt: skip
    return Made(row.ref, "TZ-445281-2026-99999", "ledgers.view", where)


@kind("reported_value")
def reported_value(world: World, where: Where) -> Made:
    from wanghuo.kernel.indicators.models import ReportedIndicator, ReportedValue

    now = timezone.now()
    asked = ReportedIndicator.objects.create(
        code=f"reported.{where.name}",
        name_zh=f"第{where.number}指标",  # which indicators there are is no secret, so no canary
        name_en=f"indicator {where.number}",
        formula_zh="座数",
        formula_en="hydrants",
        kind="count",
        better="up",
        frequency="month",
        level="town",
        regions=[where.region_code],
        source="x",
        made_at=now,
        changed_at=now,
    )
    row = ReportedValue.objects.create(
        ref=f"TB-445281-2025-{where.number:05d}",
        definition=asked,
        period="2026-11",
        period_first="2026-11-01",
        period_last="2026-11-30",
        num=1,
        state="submitted",
        due_at=now,
        reported_name=where.canary("reported_value"),
        **columns(where),
    )
    return Made(row.ref, "TB-445281-2025-99999", "indicators.view", where)


@kind("body")
def body(world: World, where: Where) -> Made:
    from wanghuo.kernel.accounts.models import Body

    name = f"第{where.number}消防协会"  # which bodies there are is no secret, so no canary
    row = Body.objects.create(name=name, short=name, kind="other", **columns(where))
    world.keep("body", where, row)
    return Made(row.pk, uuid4(), "papers.seal", where)


@kind("paper")
def paper(world: World, where: Where) -> Made:
    from wanghuo.kernel.papers.models import OfficialPaper
    from wanghuo.kernel.papers.testing import FIELDS

    row = OfficialPaper.objects.create(
        ref=f"WS-445281-2026-0000{where.number}", kind="order", title=where.canary("paper"), fields=FIELDS["order"],
        issuer=world.row("body", where), code=f"{where.number:020}", drafted_at=timezone.now(), **columns(where),
    )  # fmt: skip
    return Made(row.ref, "WS-445281-2026-99999", "papers.view", where)


def answering(model: Any, prefix: str, where: Where, name: str, **fields: Any) -> Any:
    """A record of accountability in a place, its canary in the title."""
    return model.objects.create(
        ref=f"{prefix}-445281-2026-0000{where.number}", state=model.MACHINE.initial, title=where.canary(name), by_region=where.region_code,
        made_at=timezone.now(), **columns(where), **fields,
    )  # fmt: skip


def answered(row: Any, where: Where) -> Made:
    """Seen by whoever sees accountability in the place."""
    return Made(row.ref, f"{row.ref[:-5]}99999", "accountability.view", where)


@kind("order")
def order(world: World, where: Where) -> Made:
    from wanghuo.modules.accountability.models import MonthlyOrder

    month = f"2026-{where.number:02}"
    return answered(answering(MonthlyOrder, "PD", where, "order", month=month, due_at=timezone.now()), where)


@kind("tour")
def tour(world: World, where: Where) -> Made:
    from wanghuo.modules.accountability.models import Tour

    known = {
        "visited": where.region_code,
        "checklist": "town",
        "checklist_version": "2026.1",
        "month": "2026-11",
        "team": "张伟",
    }
    return answered(answering(Tour, "XC", where, "tour", planned_on=timezone.localdate(), **known), where)


@kind("ranking_table")
def ranking_table(world: World, where: Where) -> Made:
    from wanghuo.modules.accountability.models import RankingTable

    known = {"month": "2026-11", "publish_on": timezone.localdate() + timedelta(days=9), "computed_at": timezone.now()}
    return answered(answering(RankingTable, "BG", where, "ranking_table", **known), where)


@kind("measure")
def measure(world: World, where: Where) -> Made:
    from wanghuo.modules.accountability.models import Proposal

    known = {"about": where.region_code, "month": "2026-11", "light": "yellow", "measure": "urge"}
    return answered(answering(Proposal, "JY", where, "measure", **known), where)


@kind("meeting")
def meeting(world: World, where: Where) -> Made:
    from wanghuo.modules.accountability.models import Meeting

    known = {"kind": "regular", "starts_at": timezone.now(), "place_text": "会议室", "chair": "周平", "agenda": "部署"}
    return answered(answering(Meeting, "HY", where, "meeting", **known), where)


@kind("meeting_duty")
def meeting_duty(world: World, where: Where) -> Made:
    from wanghuo.modules.accountability.models import MeetingDuty

    kinds = ("committee", "consult", "regular", "campaign", "onsite", "consult")
    row = MeetingDuty.objects.create(
        kind=kinds[where.number - 1], months=1, source=where.canary("meeting_duty"), by_region=where.region_code, next_due_on=timezone.localdate(),
        **columns(where),
    )  # fmt: skip
    return Made(row.pk, uuid4(), "accountability.view", where)


@kind("duty_list")
def duty_list(world: World, where: Where) -> Made:
    from wanghuo.modules.accountability.models import DutyList

    return answered(answering(DutyList, "QD", where, "duty_list", kind="duty", year=2026, leader="周平"), where)


@kind("score_sheet")
def score_sheet(world: World, where: Where) -> Made:
    from wanghuo.modules.accountability.catalogue import checklist
    from wanghuo.modules.accountability.models import ScoreSheet, SheetVersion

    data = {**checklist("town").raw, "title": [where.canary("score_sheet")] * 2}
    known = {"kind": "checklist", "draft": data, "data": data, "version": 1, "changed_at": timezone.now()}
    row = answering(ScoreSheet, "PF", where, "score_sheet", **known)
    SheetVersion.objects.create(sheet=row, number=1, data=data, sha256="", at=timezone.now())
    return answered(row, where)


@kind("assessment")
def assessment(world: World, where: Where) -> Made:
    from wanghuo.modules.accountability.catalogue import scheme
    from wanghuo.modules.accountability.models import Assessment, AssessmentItem

    of = scheme("government")
    known = {"scheme": of.code, "scheme_data": dict(of.raw), "scheme_sha256": of.sha256, "year": 2026}
    row = answering(Assessment, "KH", where, "assessment", **known)
    AssessmentItem.objects.bulk_create(
        AssessmentItem(assessment=row, place=n, code=i.code) for n, i in enumerate(of.items)
    )
    return answered(row, where)


@kind("situation_report")
def situation_report(world: World, where: Where) -> Made:
    from wanghuo.modules.accountability.models import Report

    row = answering(Report, "BD", where, "situation_report", kind="month", period="2026-11", drawn_at=timezone.now())
    return answered(row, where)


@kind("export")
def export(world: World, where: Where) -> Made:
    return Made(new_id().hex, new_id().hex, "", where)


@kind("job")
def job(world: World, where: Where) -> Made:
    from wanghuo.kernel.jobs.models import JobRun

    title = where.canary("job")
    row = JobRun.objects.create(kind="places.import", title_zh=title, title_en=title, asked_by=world.stranger.pk)
    return Made(row.pk, uuid4(), "", where)


@kind("file")
def file(world: World, where: Where) -> Made:
    from wanghuo.kernel.files import store
    from wanghuo.kernel.files.testing import Record, photo

    record = Record(region_code=where.region_code, sector=where.sector, unit=where.scope_unit)
    upload = photo(where.number, name=f"{where.canary('file')}.jpg")
    row = store(upload, actor=system_actor("worker"), subject=record, view_right="hazards.view", label="before")
    return Made(row.pk, uuid4(), "hazards.view", where)


@kind("notification")
def notification(world: World, where: Where) -> Made:
    from wanghuo.kernel.notify.models import Notification

    title = where.canary("notification")
    row = Notification.objects.create(user_id=world.stranger.pk, level="C", title_zh=title, title_en=title)
    return Made(row.pk, uuid4(), "", where)


@kind("delivery")
def delivery(world: World, where: Where) -> Made:
    from wanghuo.kernel.outbox.models import Delivery, OutboxEvent

    now = timezone.now()
    event = OutboxEvent.objects.create(kind="hazards.hazard_closed", payload={}, at=now)
    row = Delivery.objects.create(event=event, listener="nobody", next_at=now, dead=True)
    return Made(row.pk, 999_999_999, "*", where)


@kind("plan")
def plan(world: World, where: Where) -> Made:
    from wanghuo.modules.workplans.testing import bare_plan

    row = bare_plan(where.canary("plan"), ref=f"JH-445281-2026-0000{where.number}", **columns(where))
    world.keep("plan", where, row)
    return Made(row.ref, "JH-445281-2026-99999", "workplans.view", where)


@kind("plan_task")
def plan_task(world: World, where: Where) -> Made:
    from wanghuo.modules.workplans.testing import bare_task

    row = bare_task(where.canary("plan_task"), ref=f"RW-445281-2026-0000{where.number}", **columns(where))
    return Made(row.ref, "RW-445281-2026-99999", "workplans.view", where)


def columns(where: Where) -> dict[str, Any]:
    """The columns of `Scoped`."""
    return scope_columns(where.region_code, sector=where.sector, unit=where.scope_unit)


def subject(where: Where) -> Any:
    """A subject of duties and clocks."""
    from wanghuo.kernel.loops.testing import subject as make

    return make(where.region_code, ref=f"YH-445281-2025-0000{where.number}", sector=where.sector, unit=where.scope_unit)
