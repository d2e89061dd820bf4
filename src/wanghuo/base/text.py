"""One text in two languages, side by side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

LANGUAGES = ("zh", "en")


@dataclass(frozen=True, slots=True)
class Text:
    """A text in Chinese and English; both may hold `str.format` fields that `filled` fills.

    `str(text)` is both languages joined by " / ", which suits logs and terminals; pages ask for one with `in_`.
    """

    zh: str
    en: str

    def in_(self, language: str) -> str:
        """The text in `language` ("zh" or "en"; anything else counts as Chinese)."""
        return self.en if language == "en" else self.zh

    def filled(self, values: Mapping[str, Any]) -> Text:
        """The text with its fields filled; a value that is itself a `Text` is put in language by language."""
        if not values:
            return self
        return Text(*(self.in_(lang).format(**_in_language(values, lang)) for lang in LANGUAGES))

    def __str__(self) -> str:
        return self.zh if self.zh == self.en else f"{self.zh} / {self.en}"


def _in_language(values: Mapping[str, Any], language: str) -> dict[str, Any]:
    return {key: value.in_(language) if isinstance(value, Text) else value for key, value in values.items()}


def listing(texts: list[Text]) -> Text:
    """Several texts as one: joined by 、 in Chinese and by commas in English; none gives 无 / none."""
    if not texts:
        return Text("无", "none")
    return Text("、".join(t.zh for t in texts), ", ".join(t.en for t in texts))
