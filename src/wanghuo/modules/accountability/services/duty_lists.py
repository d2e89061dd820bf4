"""Duty lists and task lists (责任清单、任务清单): per body or leader and year, signed, and shown to be done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from wanghuo.base import Invalid, NotFound, Text
from wanghuo.base.time import end_of_day, local_day
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.audit import record
from wanghuo.kernel.files import store
from wanghuo.modules.accountability.models import DutyEntry, DutyList
from wanghuo.modules.accountability.services import frame
from wanghuo.modules.accountability.services.meetings import month_later
from wanghuo.modules.accountability.states import ANSWER_RIGHT, ORDER_RIGHT, ListState
from wanghuo.modules.accountability.words import LIST_KINDS, PERIODS

SIGN_RULE, ENTRY_RULE = "accountability.sign_list", "accountability.list_entry"
MONTHS = {"month": 1, "quarter": 3, "half": 6, "year": 12}
ENTRY = Text("清单条目", "entry")


class EntryIncomplete(Invalid):
    """A duty without its text, source or period."""

    code = "accountability.entry_incomplete"
    text = Text("第 {row} 行缺少职责内容、依据或周期。", "Row {row} lacks its text, its source or its period.")


def parse_lines(text: str) -> list[dict[str, str]]:
    """Entries typed one a line: 内容 | 依据 | 周期 | 佐证 (tabs work too, as pasted from a sheet). Raises EntryIncomplete."""
    by_word = {word: code for code, name in PERIODS.items() for word in (code, name.zh, name.en)}
    found = []
    for row, line in enumerate((line for line in text.splitlines() if line.strip()), 1):
        cells = [cell.strip() for cell in (line.split("\t") if "\t" in line else line.replace("｜", "|").split("|"))]
        cells += [""] * (4 - len(cells))
        period = by_word.get(cells[2], "")
        if not (cells[0] and cells[1] and period):
            raise EntryIncomplete(field="entries", row=row)
        found.append({"text": cells[0][:500], "source": cells[1][:300], "period": period, "evidence": cells[3][:300]})
    return found


@transaction.atomic
def make(
    *, region: str, kind: str, year: int, title: str, entries: Sequence[Mapping[str, Any]], actor: Actor,
    body: UUID | None = None, leader: str = "", post: str = "",
) -> DutyList:  # fmt: skip
    """Make a list for a body, or for a leader of it. Raises NotFound, OutOfReach, EntryIncomplete, Invalid."""
    owner = frame.body_of(body, actor=actor)
    code = frame.region_within(owner.region_code if owner else region, ORDER_RIGHT, actor=actor)
    if kind not in LIST_KINDS or not 2000 <= year <= 2100:
        raise Invalid(Text("请选择清单类型和年度。", "Choose the kind of list and the year."), field="kind")
    if owner is None and not leader.strip():
        raise Invalid(Text("请选择单位，或写明领导姓名。", "Choose a body, or name a leader."), field="body")
    found = frame.make(
        DutyList,
        "QD",
        code,
        sector=owner.sector if owner else "",
        actor=actor,
        title=title,
        kind=kind,
        year=year,
        body=owner,
        leader=leader.strip(),
        post=post.strip(),
    )
    _add(found, entries, 0)
    return found


def _add(found: DutyList, entries: Sequence[Mapping[str, Any]], last: int) -> None:
    today = local_day(timezone.now())
    DutyEntry.objects.bulk_create(
        DutyEntry(list=found, no=no, due_on=_first_due(entry["period"], found.year, today), **entry)
        for no, entry in enumerate(entries, last + 1)
    )


def _first_due(period: str, year: int, today: date) -> date:
    """The end of the first span of the year that is not over: month, quarter, half or the year itself."""
    end = date(year, 12, 31)
    months = MONTHS.get(period, 12)
    for first in range(1, 13, months):
        last = month_later(date(year, first, 1), months)
        closing = date.fromordinal(last.toordinal() - 1)
        if closing >= today:
            return closing
    return end


@transaction.atomic
def add_entries(ref: str, *, entries: Sequence[Mapping[str, Any]], actor: Actor) -> DutyList:
    """Add entries to a list that was not issued yet. Raises NotFound, NotPermitted, MoveRefused."""
    found, _ = frame.begin(DutyList, ref, "issue", actor=actor)
    last = found.entries.order_by("-no").first()
    _add(found, entries, last.no if last else 0)
    frame.add_step(found, "edit", actor=actor)
    record(actor, "accountability:duty_list:add", found.ref, region=found.region_code, after={"entries": len(entries)})
    return found


@transaction.atomic
def issue(ref: str, *, actor: Actor) -> DutyList:
    """Issue a list for signature. Raises NotFound, NotPermitted, MoveRefused, Invalid (no entry)."""
    found, move = frame.begin(DutyList, ref, "issue", actor=actor)
    if not found.entries.exists():
        raise Invalid(Text("清单还没有条目。", "The list has no entry."))
    frame.finish(found, move, actor=actor)
    frame.expect(
        found,
        move="sign",
        right=ANSWER_RIGHT,
        title=Text(f"签认{found.title}", f"Sign the list · {found.title}"),
        rule=SIGN_RULE,
        at_level=frame.level_of(found.region_code),
        actor=actor,
    )
    return found


@transaction.atomic
def sign(ref: str, *, name: str, actor: Actor) -> DutyList:
    """Sign a list: who it binds has read it and answers for it. Raises NotFound, NotPermitted, MoveRefused."""
    found, move = frame.begin(DutyList, ref, "sign", actor=actor)
    frame.met(found, SIGN_RULE)
    changed = {"signed_at": timezone.now(), "signed_by": actor.id, "signed_name": name.strip()[:80]}
    frame.finish(found, move, actor=actor, changed=changed, note=name)
    _expect_next(found, actor)
    return found


@transaction.atomic
def done(ref: str, no: int, *, note: str, files: Sequence[Any] = (), actor: Actor) -> DutyEntry:
    """Show that a duty was done in its period, with evidence; what recurs is due again at the end of the next period.

    Raises NotFound, NotPermitted, MoveRefused.
    """
    found = frame.load(DutyList, ref, actor=actor, lock=True)
    actor.require(ANSWER_RIGHT, found)
    if found.state != ListState.SIGNED:
        DutyList.MACHINE.move(found.state, "close")
    entry = found.entries.select_for_update().filter(no=no).first()
    if entry is None:
        raise NotFound(what=ENTRY, ref=no)
    kept = [
        store(f, actor=actor, subject=found.subject, view_right=found.VIEW_RIGHT, label=f"entry:{no}").sha256
        for f in files
    ]
    now = timezone.now()
    entry.done_at, entry.done_by, entry.done_note, entry.done_times = now, actor.id, note[:1000], entry.done_times + 1
    if entry.period in MONTHS and entry.due_on is not None:
        ahead = date.fromordinal(
            month_later(date.fromordinal(entry.due_on.toordinal() + 1), MONTHS[entry.period]).toordinal() - 1
        )
        entry.due_on = ahead if ahead.year == found.year else None
    else:
        entry.due_on = None
    entry.save()
    frame.met(found, ENTRY_RULE)
    frame.add_step(found, "done", actor=actor, note=f"{no}. {entry.text[:60]}")
    record(
        actor, "accountability:duty_list:done", found.ref, region=found.region_code, after={"entry": no, "sha256": kept}
    )
    _expect_next(found, actor)
    return entry


def _expect_next(found: DutyList, actor: Actor) -> None:
    """One clock for a list: on the entry that is due first."""
    from wanghuo.kernel.loops import close_duties

    close_duties(found.KIND, found.id, move="done", by=actor)
    first = found.entries.filter(due_on__isnull=False).order_by("due_on", "no").first()
    if first is None or first.due_on is None:
        return
    frame.expect(
        found,
        move="done",
        right=ANSWER_RIGHT,
        title=Text(f"履职并上传佐证 · {first.text[:40]}", f"Do the duty and bring evidence · {first.text[:40]}"),
        rule=ENTRY_RULE,
        due_at=end_of_day(first.due_on),
        at_level=frame.level_of(found.region_code),
        url=f"{found.url}/entries/{first.no}",
        actor=actor,
    )


@transaction.atomic
def close(ref: str, *, note: str, actor: Actor) -> DutyList:
    """Close a list at the end of its year. Raises NotFound, NotPermitted, MoveRefused."""
    found, move = frame.begin(DutyList, ref, "close", actor=actor)
    frame.dropped(found, ENTRY_RULE)
    return frame.finish(found, move, actor=actor, note=note)
