"""The form of a line, made from its register's fields, and the forms of its acts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms

from wanghuo.base import AppError, Text
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.ledgers.models import RegisterRow
from wanghuo.kernel.ledgers.registers import values as cells
from wanghuo.kernel.ledgers.registers.rows import may_fill
from wanghuo.kernel.ledgers.registers.schema import Definition, Field
from wanghuo.kernel.ui.fields import Files
from wanghuo.kernel.ui.forms import Form

CHOOSE = ("", Text("请选择", "please choose"))
REGION, LNG, LAT, NOTE, SEEN = "_region", "_lng", "_lat", "_note", "_seen"
PREFIX = "v"  # so that no field of a register can be mistaken for one of the page's own
YES_NO = [CHOOSE, ("1", Text("是", "yes")), ("0", Text("否", "no"))]


class RowForm(Form):
    """A line. Errors of the service are shown at the field of the register they name."""

    def refuse(self, error: AppError) -> None:
        """Show an error at its field, also where it names the region of the line."""
        if getattr(error, "field", "") == "region":
            error.field = REGION  # type: ignore[attr-defined]
        super().refuse(error)


def row_form(definition: Definition, actor: Actor, *, region: str, row: RegisterRow | None = None) -> type[RowForm]:
    """The form class of a register for this person: fields that another level fills in are left out."""
    fields: dict[str, Any] = {}
    for field in definition.stored:
        if may_fill(field, actor, region):
            fields[field.key] = control(field, has_files=bool(row and row.values.get(field.key)))
    fields[REGION] = forms.CharField(
        label=Text("所在区划", "Region"),  # type: ignore[arg-type]
        required=False,
        max_length=60,
        help_text=Text("名称或代码；留空为单位所在地或你的辖区", "name or code; empty: where the unit is, or your own"),  # type: ignore[arg-type]
    )
    if definition.has_place:
        fields[LNG] = forms.FloatField(label=Text("经度", "Longitude"), required=False, min_value=-180, max_value=180)  # type: ignore[arg-type]
        fields[LAT] = forms.FloatField(
            label=Text("纬度", "Latitude"),  # type: ignore[arg-type]
            required=False,
            min_value=-90,
            max_value=90,
            help_text=Text("CGCS2000 / WGS-84", "CGCS2000 / WGS-84"),  # type: ignore[arg-type]
        )
    if row is not None:
        fields[NOTE] = forms.CharField(
            label=Text("修改说明", "Why it changed"),  # type: ignore[arg-type]
            required=False,
            max_length=1000,
        )
        fields[SEEN] = forms.CharField(widget=forms.HiddenInput())
    fields["units"] = {f.key: cells.unit_of(f) for f in definition.stored if cells.unit_of(f)}
    return type("RegisterRowForm", (RowForm,), fields)


def control(field: Field, *, has_files: bool = False) -> forms.Field:
    """The control of one field."""
    known: dict[str, Any] = {
        "label": field.label,
        "required": field.required,
        "help_text": field.help.zh and field.help,
    }
    if field.kind == "file":
        return Files(**{**known, "required": field.required and not has_files})
    if field.kind in ("text", "region", "unit", "body"):
        known["help_text"] = known["help_text"] or _REFERRED_HELP.get(field.kind, "")
        return forms.CharField(max_length=cells.LONGEST["text"], **known)
    if field.kind == "long":
        return forms.CharField(max_length=cells.LONGEST["long"], widget=forms.Textarea(attrs={"rows": 3}), **known)
    if field.kind == "int":
        return forms.IntegerField(**known)
    if field.kind in ("float", "money", "percent"):
        return forms.FloatField(widget=forms.NumberInput(attrs={"step": "any", "inputmode": "decimal"}), **known)
    if field.kind == "date":
        return forms.DateField(widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"), **known)
    if field.kind == "bool":
        return forms.ChoiceField(choices=YES_NO, **known)
    choices = list(field.choices.items())
    if field.kind == "choices":
        return forms.MultipleChoiceField(choices=choices, widget=forms.CheckboxSelectMultiple(), **known)  # type: ignore[arg-type]
    return forms.ChoiceField(choices=[CHOOSE, *choices], **known)  # type: ignore[list-item]


_REFERRED_HELP = {
    "unit": Text("单位编号、信用代码或全称", "reference, credit code or full name"),
    "body": Text("机构名称", "name of the organisation"),
    "region": Text("名称或代码", "name or code"),
}


def initial_of(definition: Definition, row: RegisterRow) -> dict[str, Any]:
    """What the form of a line begins with."""
    found: dict[str, Any] = {}
    for field in definition.stored:
        value = cells.kept(field, row.values)
        if value is None or field.kind == "file":
            continue
        if field.kind == "bool":
            value = "1" if value else "0"
        elif field.kind in ("unit", "body"):
            value = value.get("ref") or value.get("name", "")
        found[field.key] = value
    found |= {REGION: row.region_code, LNG: row.lng, LAT: row.lat, SEEN: row.changed_at.isoformat()}
    return found


def given_values(
    definition: Definition, data: Mapping[str, Any], row: RegisterRow | None = None
) -> tuple[dict[str, Any], dict[str, list[Any]]]:
    """The values and the files in cleaned data. A reference left as it stood stays the one that was meant."""
    given, files = {}, {}
    for field in definition.stored:
        if field.key not in data:
            continue
        value = data[field.key]
        if field.kind == "file":
            if value:
                files[field.key] = value
            continue
        if row is not None and field.kind in ("unit", "body"):
            old = cells.kept(field, row.values)
            if old and value in (old.get("ref"), old.get("name")):
                value = old
        given[field.key] = value
    return given, files


class ReasonForm(Form):
    """Why."""

    reason = forms.CharField(label=Text("理由", "Reason"), max_length=1000, widget=forms.Textarea(attrs={"rows": 2}))  # type: ignore[arg-type]


class NoteForm(Form):
    """A note, if any."""

    note = forms.CharField(
        label=Text("说明", "Note"),  # type: ignore[arg-type]
        max_length=1000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )


class EvidenceForm(NoteForm):
    """Files that prove something about a line."""

    proofs = Files(label=Text("附件", "Files"))
    field_order = ("proofs", "note")
