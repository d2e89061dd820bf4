"""Score sheets: copied, edited, published in numbered versions, archived; and which of them are in force where."""

from __future__ import annotations

import hashlib
import json

from django.db import transaction
from django.utils import timezone

from wanghuo.base import Conflict, Invalid, NotFound, Text
from wanghuo.base.text import listing
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.audit import record
from wanghuo.kernel.indicators import indicators
from wanghuo.kernel.regions import codes
from wanghuo.modules.accountability import catalogue, sheet_files, sheets
from wanghuo.modules.accountability.catalogue import Checklist, Scheme
from wanghuo.modules.accountability.models import ScoreSheet, SheetVersion
from wanghuo.modules.accountability.services import frame
from wanghuo.modules.accountability.sheets import CHECKLIST, KINDS, SCHEME, Data
from wanghuo.modules.accountability.states import ASSESS_RIGHT, SheetState


class SheetIncomplete(Invalid):
    """A sheet with something left to mend cannot count."""

    code = "accountability.sheet_incomplete"
    text = Text("还不能发布：{problems}。", "It cannot be published yet: {problems}.")


class SheetChangedMeanwhile(Conflict):
    """Somebody else saved the same draft."""

    code = "accountability.sheet_changed"
    text = Text(
        "别人刚保存过这份评分表，请重新打开再改。",
        "Somebody else has just saved this score sheet; open it again first.",
    )


@transaction.atomic
def make(
    *, kind: str, region: str, title: str, title_en: str = "", data: Data | None = None, actor: Actor
) -> ScoreSheet:
    """Begin a score sheet as a draft: from `data` (a copy, a file), else with one blank item.

    Raises NotFound, NotPermitted, OutOfReach, Invalid.
    """
    code = frame.region_within(region, ASSESS_RIGHT, actor=actor)
    if kind not in KINDS:
        raise NotFound(what=ScoreSheet.MACHINE.what, ref=kind)
    draft = {**(data or sheets.blank(kind))}
    draft["title"] = [title.strip(), title_en.strip() or title.strip()]
    if not title.strip():
        raise Invalid(Text("请写名称。", "Give it a name."), field="title")
    return frame.make(
        ScoreSheet, "PF", code, actor=actor, title=title, kind=kind, draft=draft, changed_at=timezone.now()
    )


def copy_of(kind: str, like: str, *, actor: Actor) -> Data:
    """The data of a preset or of a sheet the actor sees, to begin another with. Raises NotFound."""
    if like in catalogue.presets(kind):
        raw = dict(catalogue.presets(kind)[like].raw)
        return sheets.from_form(kind, sheet_files.to_form(kind, raw), raw)
    row = frame.load(ScoreSheet, like, actor=actor)
    if row.kind != kind:
        raise NotFound(what=ScoreSheet.MACHINE.what, ref=like)
    return dict(row.data or row.draft or {})


@transaction.atomic
def save_draft(ref: str, *, data: Data, seen: str, actor: Actor) -> ScoreSheet:
    """Keep a draft as it was typed, complete or not. `seen`: when the sheet was last changed as the editor saw it.

    Raises NotFound, NotPermitted, SheetChangedMeanwhile.
    """
    row = frame.load(ScoreSheet, ref, actor=actor, lock=True)
    frame.require(actor, ASSESS_RIGHT, row)
    if seen and seen != row.changed_at.isoformat():
        raise SheetChangedMeanwhile
    row.draft, row.changed_at = data, timezone.now()
    if not row.version:  # the name that was published stands until the next version is
        row.title = (str(data["title"][0]) or row.title)[:200]
    row.save(update_fields=["draft", "changed_at", "title"])
    record(actor, "accountability:score_sheet:save", row.ref, region=row.region_code, after={"sha256": digest(data)})
    return row


@transaction.atomic
def drop_draft(ref: str, *, actor: Actor) -> ScoreSheet:
    """Give up the changes since the version that was published. Raises NotFound, NotPermitted, Invalid."""
    row = frame.load(ScoreSheet, ref, actor=actor, lock=True)
    frame.require(actor, ASSESS_RIGHT, row)
    if not row.version:
        raise Invalid(Text("还没有发布过，没有可退回的版本。", "Nothing was published yet to go back to."))
    row.draft, row.changed_at = None, timezone.now()
    row.save(update_fields=["draft", "changed_at"])
    record(actor, "accountability:score_sheet:drop", row.ref, region=row.region_code)
    return row


@transaction.atomic
def publish(ref: str, *, note: str = "", actor: Actor) -> ScoreSheet:
    """Publish the draft as the next version; what was begun by an earlier one keeps it.

    Raises NotFound, NotPermitted, MoveRefused, SheetIncomplete.
    """
    row, move = frame.begin(ScoreSheet, ref, "publish", actor=actor)
    data = row.draft if row.draft is not None else row.data
    wrong = problems_of(row.kind, data)
    if wrong:
        raise SheetIncomplete(problems=listing(wrong[:6]))
    if row.draft is None and row.version and row.state == SheetState.PUBLISHED:
        raise Invalid(Text("没有改动可发布。", "There is no change to publish."))
    number = row.version + 1
    kept = {**data, "code": row.ref, "version": number}
    SheetVersion.objects.create(
        sheet=row, number=number, data=kept, sha256=digest(kept), at=timezone.now(), by_name=actor.name[:64]
    )
    title = str(kept["title"][0])[:200]
    changed = {"data": kept, "draft": None, "version": number, "title": title, "changed_at": timezone.now()}
    return frame.finish(
        row, move, actor=actor, changed=changed, note=note, after={"version": number, "sha256": digest(kept)}
    )


@transaction.atomic
def archive(ref: str, *, reason: str, actor: Actor) -> ScoreSheet:
    """Take a sheet out of use for good; what was begun by it goes on, and it can still be copied.

    Raises NotFound, NotPermitted, MoveRefused.
    """
    row, move = frame.begin(ScoreSheet, ref, "archive", actor=actor)
    return frame.finish(row, move, actor=actor, changed={"changed_at": timezone.now()}, note=reason)


def problems_of(kind: str, data: Data) -> list[Text]:
    """What keeps the data from being published, indicators included."""
    return sheets.problems(kind, data, [of.code for of in indicators()])


def digest(data: Data) -> str:
    """The digest of the data, sorted by key."""
    return hashlib.sha256(json.dumps(data, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


# --- what is in force ----------------------------------------------------------------------------------------------


def in_force(kind: str, region: str) -> list[ScoreSheet]:
    """The published sheets of a region and of those above it."""
    above = [*codes.ancestors(region), region]
    rows = ScoreSheet.objects.filter(kind=kind, state=SheetState.PUBLISHED, region_code__in=above)
    return list(rows.order_by("-id"))


def schemes_for(region: str) -> dict[str, Scheme]:
    """The schemes a region may assess by: its own and those of upper regions first, then the package's."""
    own = {row.ref: catalogue.scheme_of(row.data) for row in in_force(SCHEME, region)}
    return {**own, **catalogue.schemes()}


def checklists_for(region: str) -> dict[str, Checklist]:
    """The checklists a region may tour by, in the same order."""
    own = {row.ref: catalogue.checklist_of(row.data) for row in in_force(CHECKLIST, region)}
    return {**own, **catalogue.checklists()}


def scheme_for(code: str, region: str) -> Scheme:
    """One of them. Raises NotFound."""
    found = schemes_for(region)
    if code not in found:
        raise NotFound(what=catalogue.SCHEME, ref=code)
    return found[code]


def checklist_for(code: str, region: str) -> Checklist:
    """One of them. Raises NotFound."""
    found = checklists_for(region)
    if code not in found:
        raise NotFound(what=catalogue.CHECKLIST, ref=code)
    return found[code]


def checklist_told(code: str, version: str) -> tuple[Text, str]:
    """Title and mark of the checklist a tour was planned by, also when it is no longer in force."""
    known = catalogue.checklists().get(code)
    if known is not None:
        return known.title, known.mark
    number = int(version) if version.isdecimal() else 0
    row = SheetVersion.objects.filter(sheet__ref=code, number=number).first()
    return (Text(*row.data["title"]), row.data["mark"]) if row is not None else (Text(code, code), "D")
