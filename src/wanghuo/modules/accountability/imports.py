"""Duty lists from a sheet: a row for each duty; rows of the same list stand under one title."""

from __future__ import annotations

from collections.abc import Sequence

from wanghuo.base import Text
from wanghuo.kernel.accounts.bodies import candidates
from wanghuo.kernel.ledgers.importing import (
    CellError,
    Column,
    Context,
    ImportKind,
    Judged,
    Row,
    Written,
    register_import,
)
from wanghuo.modules.accountability.models import DutyList
from wanghuo.modules.accountability.services import duty_lists
from wanghuo.modules.accountability.states import ListState
from wanghuo.modules.accountability.words import LIST_KINDS, PERIODS

NO_BODY = Text("没有唯一的机构“{name}”", "there is no single body “{name}”")
NO_OWNER = Text("单位与领导至少填一项", "give a body or a leader")
STANDS = Text("清单“{title}”已下发，不能再加", "the list “{title}” was issued, nothing can be added")

COLUMNS = (
    Column(
        "title",
        Text("清单名称", "List"),
        required=True,
        longest=150,
        synonyms=("清单",),
        example="赤岗镇人民政府 2026 年消防安全责任清单",
    ),
    Column("kind", Text("清单类型", "Kind"), "choice", choices=LIST_KINDS, required=True),
    Column("year", Text("年度", "Year"), "int", required=True, least=2000, most=2100, example="2026"),
    Column("body", Text("单位", "Body"), longest=80, synonyms=("责任单位", "部门")),
    Column("leader", Text("领导姓名", "Leader"), longest=80, synonyms=("责任人",)),
    Column("post", Text("职务", "Post"), longest=120),
    Column("text", Text("职责", "Duty"), required=True, longest=500, synonyms=("责任内容", "工作任务", "任务")),
    Column("source", Text("依据", "Source"), required=True, longest=300, synonyms=("文件依据", "法律依据")),
    Column("period", Text("周期", "Period"), "choice", choices=PERIODS, required=True, synonyms=("频次",)),
    Column("evidence", Text("佐证", "Evidence"), longest=300, synonyms=("佐证材料", "印证材料")),
)


def check(rows: Sequence[Row], context: Context) -> list[Judged]:
    """Judge a batch: the body is known and single, and the list is not issued yet."""
    found = []
    for row in rows:
        errors = []
        name = row.get("body", "")
        bodies = candidates(name, context.region) if name else []
        if name and len(bodies) != 1:
            errors.append(CellError("body", NO_BODY.filled({"name": name}), value=name))
        if not name and not row.get("leader"):
            errors.append(CellError("", NO_OWNER))
        standing = (
            DutyList.objects.visible_to(context.actor).filter(title=row.get("title"), year=row.get("year")).first()
        )
        if standing is not None and standing.state != ListState.DRAFT:
            errors.append(CellError("title", STANDS.filled({"title": standing.title}), value=standing.title))
        found.append(
            Judged(row, "error" if errors else "new", target=bodies[0] if len(bodies) == 1 else None, errors=errors)
        )
    return found


def write(rows: Sequence[Judged], context: Context) -> list[Written]:
    """Write a batch: each row into its list, which is made when it is not there."""
    found = []
    for judged in rows:
        row = judged.row
        entry = {
            "text": row.get("text"),
            "source": row.get("source"),
            "period": row.get("period"),
            "evidence": row.get("evidence", ""),
        }
        standing = DutyList.objects.visible_to(context.actor).filter(
            title=row.get("title"), year=row.get("year"), state=ListState.DRAFT
        ).first()  # fmt: skip
        if standing is None:
            standing = duty_lists.make(
                region=context.region,
                kind=row.get("kind"),
                year=row.get("year"),
                title=row.get("title"),
                entries=[entry],
                body=judged.target.pk if judged.target else None,
                leader=row.get("leader", ""),
                post=row.get("post", ""),
                actor=context.actor,
            )
        else:
            duty_lists.add_entries(standing.ref, entries=[entry], actor=context.actor)
        found.append(Written(row.number, "new", standing.ref))
    return found


register_import(
    ImportKind(
        code="duty_lists",
        title=Text("责任清单与任务清单", "Duty lists"),
        right="accountability.order",
        columns=COLUMNS,
        check=check,
        write=write,
        help=Text(
            "每行一项职责；清单名称相同的归入一张清单",
            "a row for each duty; rows with the same list name make one list",
        ),
    )
)
