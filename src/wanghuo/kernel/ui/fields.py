"""The fields that forms are made of: words, numbers, days, moments and files, each with the control a phone knows."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile

from wanghuo.base import Text

PHOTOS = "image/jpeg,image/png,image/webp"


class ManyFiles(forms.ClearableFileInput):
    """A file control that takes several."""

    allow_multiple_selected = True


class Files(forms.FileField):
    """Several files. `photos`: photographs alone, and a phone offers its camera first; `accept`: what the control offers."""

    def __init__(self, label: Text | None = None, *, photos: bool = False, accept: str = "", **known: Any) -> None:
        attributes: dict[str, Any] = {"multiple": True}
        if photos:
            attributes |= {"accept": PHOTOS, "data-photos": ""}
        elif accept:
            attributes["accept"] = accept
        super().__init__(label=label, widget=ManyFiles(attrs=attributes), **known)  # type: ignore[arg-type]

    def clean(self, data: Any, initial: Any = None) -> list[UploadedFile]:
        """Each file checked by Django's own rules; an empty list when there is none and none is required."""
        files = data if isinstance(data, list | tuple) else [data] if data else []
        if not files:
            super().clean(None, initial)
            return []
        return [super(Files, self).clean(file, initial) for file in files]


def text(
    label: Text, *, rows: int = 0, limit: int = 1000, required: bool = True, help_text: Any = ""
) -> forms.CharField:
    """A line of words, or a field of several rows."""
    widget = forms.Textarea(attrs={"rows": rows}) if rows else forms.TextInput()
    return forms.CharField(label=label, max_length=limit, required=required, widget=widget, help_text=help_text)  # type: ignore[arg-type]


def number(
    label: Text, *, required: bool = False, least: float | None = None, most: float | None = None, help_text: Any = ""
) -> forms.FloatField:
    """A number."""
    widget = forms.NumberInput(attrs={"step": "any", "inputmode": "decimal"})
    bounds = {"min_value": least, "max_value": most}
    return forms.FloatField(label=label, required=required, widget=widget, help_text=help_text, **bounds)  # type: ignore[arg-type]


def day(label: Text, *, required: bool = True, help_text: Any = "") -> forms.DateField:
    """A day."""
    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    return forms.DateField(label=label, required=required, widget=widget, help_text=help_text)  # type: ignore[arg-type]


def moment(label: Text, *, required: bool = True, help_text: Any = "") -> forms.DateTimeField:
    """A day and a time of day on China's clock."""
    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
    return forms.DateTimeField(label=label, required=required, widget=widget, help_text=help_text)  # type: ignore[arg-type]
