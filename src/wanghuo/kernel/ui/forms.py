"""The one form: texts in both languages, a summary of what to change, one writing for each key (ux 4.3)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, ClassVar
from uuid import UUID, uuid4

from django import forms
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from wanghuo.base import AppError, Invalid, Text
from wanghuo.kernel.ui.language import say
from wanghuo.kernel.ui.models import FormKey
from wanghuo.kernel.ui.pages import go, render

SAVE = Text("保存", "Save")
KEY_FIELD = "form_key"
KEYS_KEPT = timedelta(days=7)

# Django's own messages are in one language; these replace them by the code they carry.
MESSAGES = {
    "required": Text("请填写", "please fill this in"),
    "invalid": Text("格式不对", "not in the right form"),
    "invalid_choice": Text("请从列表中选一项", "please choose one of the list"),
    "invalid_list": Text("请从列表中选", "please choose from the list"),
    "max_length": Text(
        "最多 %(limit_value)s 个字，现有 %(show_value)s 个",
        "at most %(limit_value)s characters; there are %(show_value)s",
    ),
    "min_length": Text("至少 %(limit_value)s 个字", "at least %(limit_value)s characters"),
    "max_value": Text("不能大于 %(limit_value)s", "not more than %(limit_value)s"),
    "min_value": Text("不能小于 %(limit_value)s", "not less than %(limit_value)s"),
    "max_decimal_places": Text("最多 %(max)s 位小数", "at most %(max)s decimals"),
    "max_digits": Text("最多 %(max)s 位数字", "at most %(max)s digits"),
    "max_whole_digits": Text("整数部分最多 %(max)s 位", "at most %(max)s digits before the point"),
    "empty": Text("这个文件是空的", "this file is empty"),
    "missing": Text("请选择文件", "please choose a file"),
    "invalid_image": Text("这不是能打开的图片", "this is not a picture that can be opened"),
    "null_characters_not_allowed": Text("含有不能保存的字符", "contains characters that cannot be kept"),
}
INVALID_BY_FIELD: Sequence[tuple[type[forms.Field], Text]] = (
    (forms.DateTimeField, Text("请写成 2026-03-05 14:05 这样的时间", "please give a time like 2026-03-05 14:05")),
    (forms.DateField, Text("请写成 2026-03-05 这样的日期", "please give a date like 2026-03-05")),
    (forms.IntegerField, Text("请填整数", "please give a whole number")),
    (forms.EmailField, Text("请填邮箱地址", "please give a mail address")),
    (forms.UUIDField, Text("编号不对", "not a valid identifier")),
)


class Form(forms.Form):
    """A form whose labels, helps and choices are `Text`. `units` names the unit shown inside a field, `sections`
    groups fields.

    Fields are Django's own: `place = forms.CharField(label=Text("位置", "Place"), max_length=200)`.
    """

    units: ClassVar[Mapping[str, Text | str]] = {}
    sections: ClassVar[Sequence[tuple[Text, Sequence[str]]]] = ()
    use_required_attribute = False  # the server's words, in one place, instead of the browser's

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.key = self._key()
        for field in self.fields.values():
            _speak(field)

    def _key(self) -> str:
        sent = self.data.get(KEY_FIELD, "") if self.is_bound else ""
        try:
            return str(UUID(sent))
        except ValueError:
            return str(uuid4())

    def refuse(self, error: AppError) -> None:
        """Show an error of the service at its field (`Invalid.field`), or above the form."""
        field = getattr(error, "field", "")
        self.add_error(field if field in self.fields else None, say(error.message))

    @property
    def blocks(self) -> list[Block]:
        """The fields in their sections; those that no section names come first."""
        named = {name for _, names in self.sections for name in names}
        rest = [self[name] for name in self.fields if name not in named and not self[name].is_hidden]
        blocks = [Block(None, rest)] if rest else []
        return blocks + [
            Block(title, [self[name] for name in names if name in self.fields]) for title, names in self.sections
        ]

    @property
    def summary(self) -> FormSummary:
        """What is to be changed."""
        return FormSummary.of(self)

    def unit_of(self, name: str) -> str:
        """The unit shown inside the field."""
        return say(self.units.get(name, ""))


@dataclass(frozen=True, slots=True)
class Block:
    """Some fields under one head."""

    title: Text | None
    fields: Sequence[forms.BoundField]


@dataclass(frozen=True, slots=True)
class FormSummary:
    """The errors of a form on top of it: general ones, and for each field its label, its id and its words."""

    general: Sequence[str]
    fields: Sequence[tuple[str, str, str]]

    @classmethod
    def of(cls, form: forms.Form) -> FormSummary:
        """The errors of a bound form; empty when there are none."""
        if not form.is_bound or not form.errors:
            return cls((), ())
        fields = tuple(
            (say(form[name].label), form[name].id_for_label or form[name].auto_id, str(words))
            for name, errors in form.errors.items()
            if name in form.fields
            for words in errors
        )
        return cls(tuple(str(words) for words in form.non_field_errors()), fields)

    @property
    def count(self) -> int:
        """How many places there are to change."""
        return len(self.general) + len(self.fields)

    def __bool__(self) -> bool:
        return self.count > 0

    def __iter__(self) -> Iterator[tuple[str, str, str]]:
        return iter(self.fields)


def _speak(field: forms.Field) -> None:
    """Put the words of one field into the language of the request."""
    for code in field.error_messages.keys() | MESSAGES.keys():
        own = field.error_messages.get(code)
        if isinstance(own, Text):
            field.error_messages[code] = say(own)
        elif code in MESSAGES:
            field.error_messages[code] = say(_message(field, code))
    if isinstance(field, forms.ChoiceField) and not isinstance(field, forms.ModelChoiceField):
        choices: Iterable[Any] = field.choices  # type: ignore[assignment]
        field.choices = [(value, _words(word)) for value, word in choices]


def _message(field: forms.Field, code: str) -> Text:
    if code == "invalid":
        return next((text for kind, text in INVALID_BY_FIELD if isinstance(field, kind)), MESSAGES[code])
    return MESSAGES[code]


def _words(word: Any) -> Any:
    """A choice's word, or the words of a group of choices."""
    return [(value, _words(inner)) for value, inner in word] if isinstance(word, list | tuple) else say(word)


def answer(
    request: HttpRequest,
    form_class: type[Form],
    *,
    save: Callable[[dict[str, Any]], Any],
    then: Callable[[Any], str] | str,
    title: Text,
    submit: Text = SAVE,
    after: Text | None = None,
    initial: Mapping[str, Any] | None = None,
    template: str = "ui/form.html",
    context: Mapping[str, Any] | None = None,
    form_kwargs: Mapping[str, Any] | None = None,
) -> HttpResponse:
    """Answer GET with the form and POST with its writing: the whole of most form pages.

    `save` gets the cleaned data and calls one service; `then` is where the browser goes next, from what `save`
    returned. What
    the service refuses (422, 409) is shown in the form with its status, and what was typed is kept; absent and not
    permitted go on as pages. `submit`: the word on the button; `after`: what will happen then, told beside it.
    """
    form = form_class(
        request.POST if request.method == "POST" else None,
        request.FILES if request.method == "POST" else None,
        initial=dict(initial or {}),
        **(form_kwargs or {}),
    )
    status, refused = 200, None
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                return go(request, write_once(request, form, save, then))
            except AppError as error:
                if error.status not in (409, 422):
                    raise
                form.refuse(error)
                status, refused = error.status, error
    words = {"form": form, "title": title, "submit": submit, "after": after, **(context or {})}
    response = render(request, template, words, status=status)
    if refused is not None:
        response.app_error = refused  # type: ignore[attr-defined]
    return response


def write_once(
    request: HttpRequest, form: Form, save: Callable[[dict[str, Any]], Any], then: Callable[[Any], str] | str
) -> str:
    """Write a valid form and give the address of the answer; the same key sent again writes nothing and gives the
    same address.

    The key and the writing are one transaction: what fails can be sent again.
    """
    key = UUID(form.key)
    user_id = getattr(getattr(request, "actor", None), "id", None)
    try:
        with transaction.atomic():
            FormKey.objects.create(key=key, user_id=user_id, url="")
            result = save(form.cleaned_data)
            url = then(result) if callable(then) else then
            FormKey.objects.filter(key=key).update(url=url)
            FormKey.objects.filter(at__lt=timezone.now() - KEYS_KEPT).delete()
    except IntegrityError:
        taken = FormKey.objects.filter(key=key, user_id=user_id).first()
        if taken is None:
            raise
        return taken.url
    return url


__all__ = ["Form", "FormSummary", "Invalid", "answer", "write_once"]
