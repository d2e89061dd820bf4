"""Small drawings made on the server, without script: a sparkline and a bar (ux 5.2)."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

WIDTH, HEIGHT, PAD = 120.0, 28.0, 3.0


def sparkline(values: Sequence[float | None], *, label: str, target: float | None = None) -> SafeString:
    """A line through `values` in equal steps; a missing value breaks the line, a target is a dashed line.

    The scale takes in every value and the target; `label` is read by screen readers in place of the drawing.
    """
    known = [v for v in values if v is not None]
    if not known:
        return format_html('<span class="spark none">{}</span>', "—")
    marks = [*known, *([] if target is None else [target])]
    low, high = min(marks), max(marks)
    reach = (high - low) or 1.0

    def y(value: float) -> float:
        return HEIGHT - PAD - (value - low) / reach * (HEIGHT - 2 * PAD)

    step = (WIDTH - 2 * PAD) / max(len(values) - 1, 1)
    points = [(PAD + i * step, None if v is None else y(v)) for i, v in enumerate(values)]
    aim = "" if target is None else format_html('<path class="aim" d="M0 {}H{}"/>', f"{y(target):.1f}", int(WIDTH))
    last = next((x, at) for x, at in reversed(points) if at is not None)
    return format_html(
        '<svg class="spark" viewBox="0 0 {} {}" width="{}" height="{}" role="img" aria-label="{}">'
        '{}<path class="run" d="{}"/><circle cx="{}" cy="{}" r="2"/></svg>',
        int(WIDTH),
        int(HEIGHT),
        int(WIDTH),
        int(HEIGHT),
        label,
        aim,
        _path(points),
        f"{last[0]:.1f}",
        f"{last[1]:.1f}",
    )


def _path(points: Sequence[tuple[float, float | None]]) -> str:
    pieces, pen_down = [], False
    for x, y in points:
        if y is not None:
            pieces.append(f"{'L' if pen_down else 'M'}{x:.1f} {y:.1f}")
        pen_down = y is not None
    return "".join(pieces)


def bar(
    value: float | None, *, label: str, of: float = 100.0, target: float | None = None, level: int | None = None
) -> SafeString:
    """One horizontal bar from zero to `of`, with a tick at the target; hatched when the value is missing."""

    def x(amount: float) -> str:
        return f"{max(0.0, min(amount / of if of else 0.0, 1.0)) * 100:.1f}"

    tick = "" if target is None else format_html('<rect class="tick" x="{}" y="0" width="1.2" height="10"/>', x(target))
    fill = "" if value is None else format_html('<rect class="fill" width="{}" y="2" height="6"/>', x(value))
    return format_html(
        '<svg class="bar {} {}" viewBox="0 0 100 10" width="100" height="10" preserveAspectRatio="none" role="img" '
        'aria-label="{}"><rect class="ground" width="100" y="2" height="6"/>{}{}</svg>',
        "none" if value is None else "known",
        "" if level is None else f"lv{level}",
        label,
        fill,
        tick,
    )


def columns(values: Sequence[tuple[str, float | None]], *, label: str, height: int = 64) -> SafeString:
    """Upright bars from zero, one for each (name, value), with the name and value as the tooltip of each."""
    top = max((v for _, v in values if v is not None), default=0.0) or 1.0
    step = 100.0 / max(len(values), 1)
    bars = format_html_join(
        "",
        '<rect class="{}" x="{}" y="{}" width="{}" height="{}"><title>{}</title></rect>',
        (
            (
                "none" if value is None else "fill",
                f"{i * step + step * 0.12:.2f}",
                f"{height - (height if value is None else value / top * height):.2f}",
                f"{step * 0.76:.2f}",
                f"{height if value is None else value / top * height:.2f}",
                f"{name}: {'—' if value is None else f'{value:g}'}",
            )
            for i, (name, value) in enumerate(values)
        ),
    )
    return format_html(
        '<svg class="columns" viewBox="0 0 100 {}" height="{}" preserveAspectRatio="none" role="img" '
        'aria-label="{}">{}</svg>',
        height,
        height,
        label,
        bars,
    )
