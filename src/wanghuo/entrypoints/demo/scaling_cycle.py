"""The synthetic records of accountability of `wanghuo load-scale`: orders, tours, ranking tables, meetings, duty lists, assessments
and reports, with their lines.

Written as rows alone, without clocks, duties and papers: what they measure is the lists and pages they stand in.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

HISTORY_DAYS = 720
LOADER = "合成数据 / synthetic"
SECTORS = ("", "education", "health", "commerce", "culture", "civil_affairs", "transport", "housing", "industry")
LINES, CHECKS, ENTRIES, INVITED = 3, 7, 4, 3


class Cycle:
    """Writes records about the towns of a region, made by its office. `bodies`: who is invited and signs."""

    def __init__(self, region: str, towns: Sequence[str], bodies: Sequence[Any], now: datetime, seed: int) -> None:
        self.region, self.towns, self.bodies, self.now, self.seed = region, list(towns), list(bodies), now, seed

    def write(self, kind: str, numbers: Iterable[int], rng: random.Random) -> None:
        """Records of one kind, with their lines, numbered as given."""
        from django.apps import apps

        from wanghuo.kernel.access.scope import scope_columns
        from wanghuo.kernel.loops import next_refs

        name, prefix, make = KINDS[kind]
        model, numbers = apps.get_model("accountability", name), list(numbers)
        refs = next_refs(prefix, self.region, self.now.year, count=len(numbers))
        rows, lines = [], []
        for number, ref in zip(numbers, refs, strict=True):
            at = self.now - timedelta(days=rng.uniform(1, HISTORY_DAYS))
            place, fields, below = make(self, number, at, rng)
            row = model(
                ref=ref, by_region=self.region, made_at=at, made_by_name=LOADER, **scope_columns(place, sector=fields.pop("sector", "")),
                **fields,
            )  # fmt: skip
            rows.append(row)
            lines += [(line_model, parent, {**values, parent: row}) for line_model, parent, values in below]
        model.objects.bulk_create(rows, batch_size=500)
        for line_model in dict.fromkeys(each[0] for each in lines):
            found = apps.get_model("accountability", line_model)
            made = [found(**values) for of, _, values in lines if of == line_model]
            found.objects.bulk_create(made, batch_size=500)

    def town(self, number: int) -> str:
        """The town of a number."""
        return self.towns[number % len(self.towns)]

    def month(self, back: int) -> str:
        """The month so many months ago."""
        months = self.now.year * 12 + self.now.month - 1 - back
        return f"{months // 12:04}-{months % 12 + 1:02}"


Below = list[tuple[str, str, Mapping[str, Any]]]
Made = tuple[str, dict[str, Any], Below]


def _order(cycle: Cycle, number: int, at: datetime, rng: random.Random) -> Made:
    """One for each town, sector and month, the newest month first."""
    turn, town = divmod(number, len(cycle.towns))
    back, sector = divmod(turn, len(SECTORS))
    month = cycle.month(back)
    state = (
        rng.choice(("issued", "reported"))
        if not back
        else rng.choices(("accepted", "issued", "withdrawn"), (93, 5, 2))[0]
    )
    reported = state in ("reported", "accepted")
    fields = {
        "state": state, "title": f"{month} 任务（合成{number}）", "sector": SECTORS[sector], "month": month, "due_at": at + timedelta(days=20),
        "issued_at": at, "reported_at": at if reported else None, "accepted_at": at if state == "accepted" else None,
    }  # fmt: skip
    lines: Below = [
        ("OrderLine", "order", {
            "no": n, "title": "未结隐患整改", "unit": "处", "total": 40, "target": 10, "reported": rng.randint(4, 12) if reported else None,
        })
        for n in range(1, LINES + 1)
    ]  # fmt: skip
    return cycle.towns[town], fields, lines


def _tour(cycle: Cycle, number: int, at: datetime, rng: random.Random) -> Made:
    town = cycle.town(number)
    fields = {
        "state": "answered", "title": f"巡查（合成{number}）", "visited": town, "checklist": "town", "checklist_version": "2026.1",
        "month": f"{at:%Y-%m}", "planned_on": at.date(), "team": "合成组", "begun_at": at, "scored_at": at, "score": rng.uniform(50, 100),
    }  # fmt: skip
    items: Below = [
        ("TourItem", "tour", {"no": str(n), "place": n, "text_zh": "合成项目", "text_en": "synthetic", "full": 10, "got": rng.uniform(4, 10)})
        for n in range(CHECKS)
    ]  # fmt: skip
    return town, fields, items


def _table(cycle: Cycle, number: int, at: datetime, rng: random.Random) -> Made:
    column = {
        "code": "hazards.closing_rate",
        "zh": "隐患整改销案率",
        "en": "hazard closing rate",
        "unit": "%",
        "weight": 1.0,
        "better": "up",
        "digits": 1,
    }
    fields = {
        "state": "published", "title": f"排名表（合成{number}）", "month": f"{at:%Y-%m}", "columns": [column], "publish_on": at.date(),
        "computed_at": at, "published_at": at,
    }  # fmt: skip
    rows: Below = [
        ("TableRow", "table", {"place": n, "region": town, "cells": {}, "score": rng.uniform(40, 100), "rank": n + 1})
        for n, town in enumerate(cycle.towns)
    ]
    return cycle.region, fields, rows


def _meeting(cycle: Cycle, number: int, at: datetime, rng: random.Random) -> Made:
    kind = rng.choice(("committee", "consult", "regular", "campaign", "onsite"))
    fields = {
        "state": "minuted", "title": f"会议（合成{number}）", "kind": kind, "starts_at": at, "held_at": at, "place_text": "会议室",
        "chair": "合成主持人", "agenda": "研究消防安全工作",
    }  # fmt: skip
    invited = rng.sample(cycle.bodies, min(len(cycle.bodies), INVITED))
    return cycle.region, fields, [("Attendance", "meeting", {"body": body, "status": "present"}) for body in invited]


def _duty_list(cycle: Cycle, number: int, at: datetime, rng: random.Random) -> Made:
    fields = {
        "state": "signed",
        "title": f"责任清单（合成{number}）",
        "kind": "duty",
        "year": at.year,
        "body": rng.choice(cycle.bodies),
    }
    entries: Below = [
        (
            "DutyEntry",
            "list",
            {
                "no": n,
                "text": "组织开展消防安全检查",
                "source": "合成",
                "period": "quarter",
                "due_on": date(at.year, 12, 31),
            },
        )
        for n in range(1, ENTRIES + 1)
    ]
    return cycle.town(number), fields, entries


def _assessment(cycle: Cycle, number: int, at: datetime, rng: random.Random) -> Made:
    from wanghuo.modules.accountability import public as accountability

    scheme = accountability.assessment_scheme("government")
    fields = {
        "state": "final", "title": f"年度考核（合成{number}）", "scheme": scheme.code, "scheme_data": dict(scheme.raw),
        "scheme_sha256": scheme.sha256, "year": at.year, "score": rng.uniform(50, 100), "grade": rng.choice(("excellent", "good", "passed")),
    }  # fmt: skip
    items: Below = [
        ("AssessmentItem", "assessment", {"place": n, "code": item.code, "measured": rng.uniform(50, 100)})
        for n, item in enumerate(scheme.items)
    ]
    return cycle.town(number), fields, items


def _report(cycle: Cycle, number: int, at: datetime, rng: random.Random) -> Made:
    fields = {
        "state": "issued", "title": f"消防工作情况（合成{number}）", "kind": "month", "period": f"{at:%Y-%m}", "drawn_at": at,
        "sections": [{"code": "situation", "head": "总体情况", "paragraphs": ["未结隐患 [[n1]]。"]}],
        "numbers": {"n1": {"shown": "40处", "label": "未结隐患", "url": "/hazards?open=1"}},
    }  # fmt: skip
    return cycle.region, fields, []


KINDS: dict[str, tuple[str, str, Callable[[Cycle, int, datetime, random.Random], Made]]] = {
    "orders": ("MonthlyOrder", "PD", _order),
    "tours": ("Tour", "XC", _tour),
    "tables": ("RankingTable", "BG", _table),
    "meetings": ("Meeting", "HY", _meeting),
    "duty-lists": ("DutyList", "QD", _duty_list),
    "assessments": ("Assessment", "KH", _assessment),
    "reports": ("Report", "BD", _report),
}
AMOUNTS = {
    "orders": 20_000,
    "tours": 10_000,
    "tables": 2_000,
    "meetings": 5_000,
    "duty-lists": 5_000,
    "assessments": 5_000,
    "reports": 2_000,
}
