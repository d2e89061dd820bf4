"""Physical quantities as they are written for people."""

from __future__ import annotations


def quantity(value: float, unit: str, digits: int = 2) -> str:
    """A number with its unit, without trailing zeros: `quantity(0.14, "MPa")` is "0.14 MPa"."""
    text = f"{value:.{digits}f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return f"{text} {unit}".rstrip()
