"""Intervals as strips: pale bar, point of the model's or the baseline's shape; placed in per cent, so that text keeps its size."""

from __future__ import annotations

from burnish.report.page.markup import Both, Html, join, tag
from burnish.report.page.numerals import known

SHAPES = {"majority": "tk", "tf_idf": "pt sq", "zero_shot": "pt ci"}
"""A tick for the trivial baseline, a square for words, a ring for the checkpoint; others are diamonds, the model a dot."""


WRITTEN = 75
"""Per cent of a strip up to which a value is written behind it."""


def share(value: float, low: float, high: float) -> float:
    """Where a value lies between two ends, in per cent, kept inside."""
    return 100 * min(1.0, max(0.0, (value - low) / (high - low)))


def strip(
    value: float | None,
    low: float | None,
    high: float | None,
    ends: tuple[float, float],
    *,
    key: str = "",
    extra: Html | None = None,
) -> Html:
    """One line with an interval and a point; `key` is that of a baseline, empty: the model."""
    parts: list[Html | None] = []
    if known(low) and known(high):
        left, right = share(float(low or 0), *ends), share(float(high or 0), *ends)
        parts.append(tag("i", class_="iv", style=f"left:{left:.2f}%;width:{right - left:.2f}%"))
    parts.append(extra)
    if known(value):
        shape = "pt m" if not key else SHAPES.get(key, "pt")
        parts.append(tag("b", class_=shape, style=f"left:{share(float(value or 0), *ends):.2f}%"))
    return tag("div", *parts, class_="ax" if key else "ax me", aria_hidden="true")


def zero(ends: tuple[float, float]) -> Html:
    """The line of no difference."""
    return tag("span", class_="zero", style=f"left:{share(0.0, *ends):.2f}%")


def ends_of(values: list[float | None], *, least: float = 0.0, most: float = 1.0) -> tuple[float, float]:
    """The ends of an axis: from `least` to `most`, and further where values lie outside; rounded outwards."""
    inside = [float(v) for v in values if known(v) and v is not None]
    low, high = min([least, *inside]), max([most, *inside])
    return (low if low == least else _outwards(low), high if high == most else _outwards(high))


def _outwards(value: float) -> float:
    from math import ceil, copysign, floor, log10

    size = abs(value)
    step = 10 ** floor(log10(size)) / 2 if size else 1.0
    return copysign(ceil(size / step - 1e-9) * step, value)


def row(name: Both, line: Html, value: str, span: tuple[float, float], *, me: bool) -> Html:
    """A named strip with its value written behind the interval, or before it where there is no room.

    Args:
        name: of the model or baseline.
        line: what `strip` gave.
        value: the point in words.
        span: ends of what is drawn, in per cent.
        me: whether it is the model.
    """
    low, high = span
    before = high > WRITTEN
    where = f"left:{high:.2f}%" if not before else f"right:{100 - low:.2f}%" if low > 100 - WRITTEN else "right:0"
    written = tag("span", value, class_="vl num before" if before else "vl num", style=where)
    inner = Html(line.replace("</div>", f"{written}</div>", 1))
    return tag("div", tag("span", name, class_="k"), inner, class_="srow me" if me else "srow")


def ticks(labels: list[str | Both]) -> Html:
    """Even ticks under strips."""
    last = len(labels) - 1
    marks = [tag("i", label, style=f"left:{100 * i / last:g}%") for i, label in enumerate(labels)]
    return tag("div", tag("div", join(*marks)), class_="sticks")
