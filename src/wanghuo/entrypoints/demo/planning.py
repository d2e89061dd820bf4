"""One plan in the demo region, from a made-up paper: compiled, judged and issued by its clerk, with tasks under way."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from django.core.files.base import ContentFile
from django.utils import timezone

from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.accounts.bodies import bodies_of
from wanghuo.kernel.accounts.models import Body

COUNTY = "445281"
PAPER = Path(__file__).with_name("work_points.txt")
SURE = 0.75
HYDRANTS, TOWNS = 60, 6


def issue_example() -> None:
    """Compile, judge and issue the example, then let some of its tasks move."""
    from wanghuo.modules.workplans import public as workplans

    clerk = acting("office")
    year = timezone.localdate().year
    text = PAPER.read_text("utf-8").format(year=year, next=year + 1)
    ref = workplans.compile_plan(text=text, region=COUNTY, file_name=PAPER.name, made_up=True, actor=clerk)
    for line in workplans.lines_to_judge(ref, actor=clerk):
        # a heading that sounds like an aim is none, and the phases head the calendar, they are nobody's task
        keep = line.confidence >= SURE and not line.path.startswith("五/")
        workplans.judge_line(ref, line, keep=keep, reading=0 if line.readings else None, actor=clerk)
    earliest = timezone.localdate() + timedelta(days=10)
    workplans.issue_plan(ref, fallback=_office(), earliest=earliest, actor=clerk)
    _set_going(ref, clerk)


def _set_going(ref: str, clerk: Actor) -> None:
    """Some tasks are taken, one is broken down, one is done and accepted, one waits to be accepted."""
    from wanghuo.modules.workplans import public as workplans

    rows = {row.title: row for row in workplans.task_rows(clerk).filter(plan__ref=ref)}
    teacher, brigade = acting("education"), acting("brigade")
    for row in rows.values():
        if row.owner is not None and row.owner.kind == "fire_rescue":
            workplans.take(row.ref, actor=brigade)
    drill = rows["组织疏散演练"]
    workplans.take(drill.ref, actor=teacher)
    workplans.report(drill.ref, note="本季度演练已完成", files=[evidence("演练记录.csv")], actor=teacher)
    workplans.accept(drill.ref, note="抽查三所学校，记录属实", actor=clerk)
    campus = rows["整治校园隐患"]
    workplans.take(campus.ref, actor=teacher)
    workplans.report(campus.ref, note="排查整改完成，报请验收", files=[evidence("排查清单.csv")], actor=teacher)
    towns = list(Body.objects.filter(county_code=COUNTY, kind="township", active=True).order_by("region_code")[:TOWNS])
    if towns:
        shares = {town.id: float(HYDRANTS // len(towns)) for town in towns}
        whole = sum(shares.values())
        workplans.break_down(rows["建好市政消火栓"].ref, shares=shares, whole=whole, unit="个", actor=clerk)


def evidence(name: str) -> ContentFile[bytes]:
    """A small made-up table."""
    return ContentFile("单位,结果\n示例学校（虚构）,完成\n".encode(), name=name)


def acting(username: str) -> Actor:
    """A demo account acting, with the roles it holds."""
    from wanghuo.kernel.accounts.actors import actor_of
    from wanghuo.kernel.accounts.models import User

    return actor_of(User.objects.get(username=username), via="cli")


def _office() -> Body:
    return bodies_of(COUNTY, acting("office")).get(region_code=COUNTY, kind="committee_office")
