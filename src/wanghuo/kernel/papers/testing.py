"""Papers for tests of this and upper parts: real bodies of 普宁市, fields as clerks fill them in, and the way to each state."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.accounts.bodies import ensure_standard_bodies, resolve
from wanghuo.kernel.accounts.models import Body
from wanghuo.kernel.accounts.testing import actor
from wanghuo.kernel.papers import services
from wanghuo.kernel.papers.models import OfficialPaper
from wanghuo.kernel.papers.states import PaperState
from wanghuo.kernel.regions.testing import COUNTY, TOWN, make_regions

DRAFTER = actor("brigade_leader", COUNTY)
LEADER = actor("government_leader", COUNTY)
TOWN_CLERK = actor("committee_clerk", TOWN)

FIELDS: dict[str, dict[str, Any]] = {
    "circular": {
        "situation": "10月，全市消防安全形势总体平稳，共排查场所 1326 家，发现隐患 418 处，整改 371 处，整改率 88.8%。",
        "table": [
            ["排名", "镇（街道）", "整改率", "得分"],
            ["1", "赤岗镇", "96.2%", "98.0"],
            ["2", "大坝镇", "71.4%", "76.5"],
        ],
        "problems": "一是个别镇街排查不深不细；二是少数重点单位消防设施带病运行。",
        "demands": ["压实责任，逐一销号", "加强夜间巡查", "于11月底前完成整改“回头看”"],
    },
    "transfer": {
        "facts": "近日，我办在检查中发现流沙东街道某民办幼儿园疏散楼梯间堆放杂物，安全出口数量不足。",
        "basis": "《中华人民共和国消防法》第五十二条",
        "requests": ["督促该园立即清理疏散通道", "对辖区民办幼儿园开展一次排查"],
        "contact": "陈刚，0663-2220119",
    },
    "order": {
        "reason": "经核查，截至11月20日，你镇区域性火灾隐患整治进度滞后计划 18%，两项重点任务逾期。",
        "matters": ["沿街“三合一”场所清理 26 家", "新增市政消火栓 12 个"],
        "demands": ["明确责任人和完成时限", "每周五报送进展"],
    },
    "interview": {
        "reason": "今年以来，你镇火灾起数同比上升 35%，重点任务连续两个月排名靠后。",
        "at": "2026-12-04T09:30",
        "place": "市政府三号会议室",
        "host": "市消安委办主任",
        "invitees": "赤岗镇人民政府主要负责人、分管负责人",
        "questions": ["火灾多发原因", "整改措施及时限"],
        "materials": ["整改方案"],
    },
    "minutes": {
        "held_at": "2026-11-18T15:00",
        "place": "市消防救援大队会议室",
        "chair": "副市长周平",
        "attendees": "市教育局、市民政局、市住房和城乡建设局、市消防救援大队负责人",
        "topics": "会议听取了三季度工作情况汇报，分析了当前火灾形势。",
        "decisions": ["由市住房和城乡建设局牵头，12月底前完成 12 个消火栓建设", "由各镇（街道）每月开展一次联合排查"],
    },
    "dispatch": {
        "month": "2026年11月",
        "tasks": "序号|任务|目标|期限\n1|沿街商铺排查|300家|11月30日\n2|消火栓巡检|全覆盖|11月25日",
        "evidence": ["排查照片", "整改台账"],
        "notes": "",
    },
    "report": {
        "period": "11月上半月",
        "situation": "全市共接警 46 起，其中火灾 5 起，无亡人。",
        "progress": "完成重点单位检查 38 家。",
        "table": [],
        "problems": "",
        "plan": "继续推进“三合一”场所整治。",
    },
}


def standard() -> None:
    """The divisions and standard bodies of 普宁市 and of the city and province above it."""
    make_regions()
    for region in ("44", "4452", COUNTY):
        ensure_standard_bodies(region)


def body(name: str, region: str = COUNTY) -> Body:
    """A standard body by a generic name."""
    found = resolve(name, region)
    assert found is not None, name
    return found


def make_paper(
    kind: str = "order",
    *,
    to: Sequence[Body] | None = None,
    state: str = PaperState.DRAFT,
    title: str = "关于火灾隐患整治进度滞后的督办单",
    drafter: Actor = DRAFTER,
    leader: Actor = LEADER,
    fields: dict[str, Any] | None = None,
    **more: Any,
) -> OfficialPaper:
    """A paper of the county's committee office, brought by the real services as far as `state` (served at most)."""
    if not Body.objects.exists():
        standard()
    chosen = to if to is not None else [body("镇政府", TOWN)]
    given = {**FIELDS.get(kind, {}), **(fields or {})}
    paper = services.draft(
        kind=kind, region=COUNTY, title=title, fields=given, to=[b.pk for b in chosen], actor=drafter, **more
    )
    steps = (
        (PaperState.SUBMITTED, services.submit, drafter),
        (PaperState.APPROVED, services.approve, leader),
        (PaperState.SEALED, services.seal, leader),
        (PaperState.SERVED, services.serve, drafter),
    )
    if state == PaperState.DRAFT:
        return paper
    for reached, step, who in steps:
        paper = step(paper, actor=who)
        if reached == state:
            return paper
    raise ValueError(f"no way to {state}")
