"""Cards as HTML. A long paper has two thousand of them on one page, and a template takes ten times as long for each; so this is
written by hand, and every word from outside is escaped here and nowhere else."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from html import escape

from django.utils import timezone
from django.utils.safestring import SafeString

from wanghuo.base import Text
from wanghuo.kernel.ui.components import badge
from wanghuo.kernel.ui.formats import short_moment
from wanghuo.kernel.ui.language import current, say
from wanghuo.modules.workplans.cards import Card, Fact
from wanghuo.modules.workplans.words import Line

SEE = Text("看原文", "see the words")
AS_READ = Text("机器原读", "as the machine read it")
DECIDE = Text("怎样理解（由人选定）", "How it is meant (a person decides)")


def draw(card: Card, buttons: str, *, open_now: bool) -> SafeString:
    """One line with its buttons; `open_now`: whether readings can still be picked."""
    line, at = card.line, card.at
    classes = f"entry k-{line.kind} v-{line.verdict}{' ambiguous' if card.ambiguous else ''} d{card.depth}"
    parts = [
        f'<li class="{classes}" id="line-{at}" data-line="{at}" data-version="{card.version}" '
        f'data-verdict="{line.verdict}" tabindex="-1">',
        _head(card),
        f'<p class="line-title" lang="zh-CN">{_said(card.title)}</p>',
        f'<dl class="line-facts">{"".join(map(_fact, card.facts))}</dl>' if card.facts else "",
        f'<blockquote lang="zh-CN">{escape(card.quote)}</blockquote>' if card.quote and line.kind != Line.ITEM else "",
        _was(card.was) if card.was else "",
        _readings(card, open_now) if card.readings else "",
    ]
    if card.chosen and not card.readings:
        parts.append(f'<p class="line-chosen" lang="zh-CN">{escape(card.chosen)}</p>')
    if line.judged_by_name:
        when = short_moment(line.judged_at, timezone.now())
        parts.append(f'<p class="line-by">{escape(line.judged_by_name)} · {when}</p>')
    parts += [buttons, '<div class="line-edit" data-edit-here></div></li>']
    return SafeString("".join(parts))


def _head(card: Card) -> str:
    path = f'<span class="line-path" lang="zh-CN">{escape(card.line.path)}</span>' if card.line.path else ""
    return (
        f'<div class="line-head"><a class="no" href="#at-{card.at}" title="{_said(SEE)}">#{card.at}</a>'
        f'<span class="line-kind">{_said(card.kind)}</span>{path}'
        f'<span class="line-state">{_badge(card.verdict, card.mark, current())}</span></div>'
    )


@lru_cache(64)
def _badge(verdict: Text, mark: str, _language: str) -> str:
    """A badge; there are five, in two languages."""
    return str(badge(verdict, mark))


def _fact(fact: Fact) -> str:
    return (
        f'<div class="f-{fact.kind}{" wanting" if fact.wanting else ""}"><dt>{_said(fact.label)}</dt>'
        f'<dd lang="zh-CN">{_said(fact.words)}</dd></div>'
    )


def _was(facts: Iterable[Fact]) -> str:
    told = "".join(f' {_said(fact.label)} <s lang="zh-CN">{_said(fact.words)}</s>' for fact in facts)
    return f'<p class="was"><span>{_said(AS_READ)}</span>{told}</p>'


def _readings(card: Card, open_now: bool) -> str:
    off = "" if open_now else " disabled"
    rows = "".join(
        f'<label><input type="radio" form="judge" name="reading-{card.at}" value="{n}"{" checked" if on else ""}{off}>'
        f'<kbd>{place}</kbd><span lang="zh-CN">{escape(words)}</span></label>'
        for place, (n, words, on) in enumerate(card.readings, 1)
    )
    return f'<fieldset class="readings"><legend>{_said(DECIDE)}</legend>{rows}</fieldset>'


def _said(words: Text | str) -> str:
    return escape(say(words))
