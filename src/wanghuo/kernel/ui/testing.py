"""Helpers for tests of pages: what a list shows, what a form says, and that nothing inline slipped in."""

from __future__ import annotations

import re
from html import unescape
from html.parser import HTMLParser

from django.http import HttpResponse

INLINE = re.compile(
    rb"""<(?:style\b|script(?![^>]*\b(?:src=|type="application/json"))|[^>]*\s(?:style|on[a-z]+)=)""", re.I
)
CHINESE = re.compile(r"[\u3400-\u9fff]")


def html(response: HttpResponse) -> str:
    """The page as text."""
    return response.content.decode()


def words(response: HttpResponse) -> str:
    """The visible words of a page, spaces run together."""
    reader = _Words()
    reader.feed(html(response))
    return " ".join("".join(reader.pieces).split())


def rows(response: HttpResponse) -> list[str]:
    """The address of each row of the list on the page, in order."""
    return [unescape(url) for url in re.findall(r'<tr data-row data-href="([^"]*)"', html(response))]


def link(response: HttpResponse, rel: str) -> str:
    """The address of the `next` or `prev` page; empty when there is none."""
    found = re.search(rf'rel="{rel}" href="([^"]*)"', html(response))
    return unescape(found[1]) if found else ""


def assert_nothing_inline(response: HttpResponse) -> None:
    """No inline script, style or handler: the content security policy would block it."""
    found = INLINE.search(response.content)
    assert found is None, f"inline: {response.content[found.start() : found.start() + 120]!r}"


def assert_english(response: HttpResponse, *, names: tuple[str, ...] = ()) -> None:
    """No Chinese words on an English page, apart from `names` (people, places, units) and what is marked Chinese."""
    text = words(response)
    for name in names:
        text = text.replace(name, "")
    found = CHINESE.search(text)
    assert found is None, f"Chinese on an English page: {text[max(0, found.start() - 30) : found.start() + 30]!r}"


class _Words(HTMLParser):
    """Collects text outside scripts, styles and elements marked `lang="zh-CN"`."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self.skipped: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        hidden = tag in ("script", "style") or (tag != "html" and dict(attrs).get("lang") == "zh-CN")
        if self.skipped:
            if tag == self.skipped[0]:
                self.skipped.append(tag)
        elif hidden:
            self.skipped.append(tag)
        self.pieces.append(" ")

    def handle_endtag(self, tag: str) -> None:
        if self.skipped and tag == self.skipped[0]:
            self.skipped.pop()

    def handle_data(self, data: str) -> None:
        if not self.skipped:
            self.pieces.append(data)
