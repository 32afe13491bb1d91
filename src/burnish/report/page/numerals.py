"""Numbers as people read them, on the page."""

from __future__ import annotations

import math
from typing import TypeGuard

from burnish.report import markdown
from burnish.report.page.markup import Both, both

MINUS = "\u2212"


def number(value: float | None, *, signed: bool = False) -> str:
    """As in report.md, with a minus sign."""
    return markdown.number(value, signed=signed).replace("-", MINUS)


def short(value: float, *, signed: bool = False) -> str:
    """Two decimals, fewer for large values, three for small ones."""
    sign = "+" if signed else ""
    size = abs(value)
    if size >= 100:
        return f"{value:{sign},.0f}".replace("-", MINUS)
    digits = 1 if size >= 10 else 3 if 0 < size < 0.05 else 2
    return f"{value:{sign}.{digits}f}".replace("-", MINUS)


def span(low: float | None, high: float | None, *, signed: bool = False) -> Both:
    """An interval: `0.687 to 0.824`; said in words where there is none."""
    if not known(low) or not known(high):
        return both("no interval", "无区间")
    ends = {"low": number(low, signed=signed), "high": number(high, signed=signed)}
    return both("{low} to {high}", "{low} 至 {high}", **ends)


def known(value: float | None) -> TypeGuard[float]:
    """Whether there is such a number."""
    return value is not None and math.isfinite(value)


def percent(share: float) -> str:
    """Whole per cent, more digits near 0 and 1: `76 %`, `99.4 %`."""
    value = 100 * share
    near = min(value, 100 - value)
    return f"{value:.1f} %" if 0 < near < 1 else f"{value:.0f} %"


def count(value: int) -> str:
    """With separators of thousands."""
    return f"{value:,}"


def duration(seconds: float) -> Both:
    """Seconds in words."""
    said = markdown.duration(seconds)
    zh = said.replace(" min", " 分").replace(" h", " 小时").replace(" s", " 秒")
    return Both(said, zh)


_RAISED = str.maketrans("-0123456789", "\u207b\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079")


def power_of_ten(power: int) -> str:
    """Such as `10⁻⁵`."""
    return f"10{str(power).translate(_RAISED)}"


def probability(p: float) -> str:
    """Two digits, small ones as a power of ten: `0.20`, `1.1 × 10⁻⁹`."""
    if p == 0 or p >= 0.001:
        return f"{p:.2g}" if p < 0.995 else "1"
    digits, _, power = f"{p:.1e}".partition("e")
    return f"{digits} × {power_of_ten(int(power))}"
