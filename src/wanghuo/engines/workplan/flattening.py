"""One plain form of a text for the grammar, character for character, so that every offset stays what it was."""

from __future__ import annotations

import re
import unicodedata

from wanghuo.engines.workplan.simplifying import simplified

_BLANKS = frozenset("\r\t\v\f\u00a0\u1680\u180e\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
                    "\u200b\u200c\u200d\u202f\u205f\u2060\u3000\ufeff")  # fmt: skip
_DASHES = frozenset("\u2010\u2011\u2012\u2013\u2212\ufe63\uff0d")
_STOPS = {"\uff61": "。", "\u2024": ".", "\u2027": "·", "\u30fb": "·", "\u2022": "·", "\u00b7": "·"}
_BARS = frozenset("\u2502\u2503\u2551")  # of tables drawn with lines
_LINE_ENDS = frozenset("\n\u0085\u2028\u2029")


def flatten(text: str) -> str:
    """The text with full-width digits, letters and marks, odd blanks and look-alike characters made plain, and simplified.

    The result has the length of `text`: a character becomes one character or stays. Brackets and commas come out as
    `(`, `)`, `,`, `:`, `;`; the full stop stays 。 and an enclosed number such as ① stays what it is.
    """
    flat = simplified(text.translate({ord(char): _plain(char) for char in set(text)}))
    return re.sub(r"\*\*(?=\S)|(?<=\S)\*\*", "  ", flat) if "**" in flat else flat  # marks of bold type


def _plain(char: str) -> str:
    if char in _LINE_ENDS:
        return "\n"
    if char in _BLANKS:
        return " "
    if char in _BARS:
        return "|"
    if char in _DASHES:
        return "-"
    if (
        "\u0400" <= char <= "\u04ff"
    ):  # a page turned to text by a site: a letter of no language here stands for a line's end
        return "\n"
    if char in _STOPS:
        return _STOPS[char]
    if "\u2460" <= char <= "\u24ff" or "\u2776" <= char <= "\u2793" or "\u3200" <= char <= "\u32ff":
        return char
    plain = unicodedata.normalize("NFKC", char)
    return plain if len(plain) == 1 else char
