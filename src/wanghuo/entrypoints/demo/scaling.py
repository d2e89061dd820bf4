"""The synthetic lines of a register, tasks and papers of `wanghuo load-scale`.

Tasks and papers are written as rows alone, without clocks and duties: what they measure is the lists they stand in.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

REGISTER = "hydrants"
LOADER = "合成数据 / synthetic"
HISTORY_DAYS = 720
TASKS = ("检查沿街商铺", "巡检市政消火栓", "组织疏散演练", "清理疏散通道", "核查重点单位")
TASK_STATES = (
    ("done", 80),
    ("doing", 8),
    ("taken", 3),
    ("assigned", 3),
    ("overdue", 3),
    ("reported", 2),
    ("withdrawn", 1),
)
PAPER_KINDS = ("circular", "transfer", "order", "reminder", "interview", "minutes", "dispatch", "report")
PAPER_STATES = (("closed", 85), ("served", 4), ("received", 4), ("replied", 3), ("draft", 3), ("void", 1))
COPY_STATES = {
    "closed": "accepted",
    "served": "served",
    "received": "received",
    "replied": "replied",
    "void": "received",
}

Towns = Sequence[tuple[str, str, float, float]]


def register_rows(towns: Towns, count: int, rng: random.Random, seed: int) -> Iterator[Any]:
    """Hydrants, as rows of a file to be judged and written."""
    from wanghuo.kernel.ledgers.importing import Row

    for number in range(1, count + 1):
        code, name, lng, lat = towns[number % len(towns)]
        values = {
            "_region": code,
            "_lng": round(lng + rng.uniform(-0.03, 0.03), 6),
            "_lat": round(lat + rng.uniform(-0.03, 0.03), 6),
            "number": f"SCALE-{seed}-{number}",
            "site": f"{name}{rng.randint(1, 300)}号门前（合成）",
            "kind": rng.choice(("above", "below")),
            "state": rng.choices(("good", "broken", "repair", "off"), (90, 5, 3, 2))[0],
            "new": rng.random() < 0.1,
            "connected": rng.random() < 0.4,
        }
        yield Row(number, values)


def bodies_of(region: str) -> list[Any]:
    """The standard bodies of a region and of its towns, registered where they were missing."""
    from wanghuo.kernel.accounts.bodies import ensure_standard_bodies
    from wanghuo.kernel.accounts.models import Body

    ensure_standard_bodies(region)
    return list(Body.objects.in_region(region).filter(active=True).order_by("region_code", "name"))


def write_tasks(numbers: Iterable[int], bodies: Sequence[Any], rng: random.Random, now: datetime, seed: int) -> None:
    """Tasks of the last two years, most of them done."""
    from django.apps import apps

    from wanghuo.kernel.loops import next_ref

    model, made = apps.get_model("workplans", "PlanTask"), []
    states, weights = zip(*TASK_STATES, strict=True)
    for number in numbers:
        owner, state = rng.choice(bodies), rng.choices(states, weights)[0]
        finished = state in ("done", "withdrawn")
        given = now - timedelta(days=rng.uniform(1, HISTORY_DAYS if finished else 40))
        due = given + timedelta(days=rng.choice((7, 15, 30, 60)))
        if state == "overdue":
            due = now - timedelta(days=rng.uniform(1, 30))
        reported = min(given + timedelta(days=rng.uniform(1, 50)), now)
        task = model(
            title=f"{rng.choice(TASKS)}（合成{number}）",
            owner=owner,
            state=state,
            due_on=due.date(),
            frequency="month" if rng.random() < 0.2 else "",
            source_kind="import",
            source_ref=f"SCALE-{seed}-{number}",
            assigned_at=given,
            assigned_by_name=LOADER,
            reported_at=reported if state in ("done", "reported") else None,
            done_at=reported if state == "done" else None,
        )
        task.place(owner.region_code, sector=owner.sector)
        task.ref = next_ref("RW", task.region_code, given.year)
        made.append(task)
    model.objects.bulk_create(made, batch_size=500)


def write_papers(numbers: Iterable[int], bodies: Sequence[Any], rng: random.Random, now: datetime, seed: int) -> None:
    """Papers of the last two years, each with the copies of one to four addressees; without files and numbers."""
    from django.apps import apps

    from wanghuo.kernel.loops import next_ref

    paper_model, copy_model = apps.get_model("papers", "OfficialPaper"), apps.get_model("papers", "Copy")
    papers, copies = [], []
    states, weights = zip(*PAPER_STATES, strict=True)
    for number in numbers:
        issuer, state = rng.choice(bodies), rng.choices(states, weights)[0]
        at = now - timedelta(days=rng.uniform(1, HISTORY_DAYS if state in ("closed", "void") else 30))
        paper = paper_model(
            kind=rng.choice(PAPER_KINDS),
            title=f"关于消防安全工作的函（合成{number}）",
            fields={},
            issuer=issuer,
            state=state,
            asks_reply=True,
            reply_by=at + timedelta(days=15),
            drafted_at=at,
            drafted_by_name=LOADER,
            served_at=None if state == "draft" else at,
            closed_at=at + timedelta(days=10) if state == "closed" else None,
            voided_at=at if state == "void" else None,
            dated_on=None if state == "draft" else at.date(),
            code=f"SCALE{seed}X{number}",
        )
        paper.place(issuer.region_code)
        paper.ref = next_ref("WS", paper.region_code, at.year)
        papers.append(paper)
        for position, body in enumerate(rng.sample(bodies, min(len(bodies), rng.randint(1, 4)))):
            copy = copy_model(
                paper=paper, body=body, name=body.name, position=position, state=COPY_STATES.get(state, "waiting")
            )
            copy.place(body.region_code, sector=body.sector)
            copies.append(copy)
    paper_model.objects.bulk_create(papers, batch_size=500)
    copy_model.objects.bulk_create(copies, batch_size=500)
