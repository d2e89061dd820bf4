"""What templates of papers need: Chinese ordinals, and sentences that end."""

from __future__ import annotations

from django import template

register = template.Library()

DIGITS = "零一二三四五六七八九"


def chinese(number: int) -> str:
    """1 to 99 as Chinese numerals: 一, 十, 十二, 二十, 二十三."""
    tens, ones = divmod(number, 10)
    lead = ("" if tens == 1 else DIGITS[tens]) + "十" if tens else ""
    return lead + (DIGITS[ones] if ones or not tens else "")


@register.filter
def ordinal(number: int) -> str:
    """（一）, the second level of numbering in papers."""
    return f"（{chinese(number)}）"


@register.filter
def stopped(words: str) -> str:
    """A sentence with its full stop."""
    return words if words.endswith(("。", "；", "！", "？", "：", "…", ".", ";")) else f"{words}。"
