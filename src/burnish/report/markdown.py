"""Markdown that also reads well as plain text: padded tables, names as code, snippets that cannot break the page."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Sequence
from typing import Any


def table(head: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[int] = ()) -> list[str]:
    """Lines of a table, cells padded so that columns align in plain text; `right` lists the columns of numbers."""
    every = [list(head), *(list(row) for row in rows)]
    widths = [max(3, *(width(row[i]) for row in every)) for i in range(len(head))]

    def line(cells: Sequence[str]) -> str:
        padded = []
        for i, cell in enumerate(cells):
            blank = " " * (widths[i] - width(cell))
            padded.append(blank + cell if i in right else cell + blank)
        return "| " + " | ".join(padded) + " |"

    rule = ["-" * (w - 1) + ":" if i in right else "-" * w for i, w in enumerate(widths)]
    return [line(every[0]), line(rule), *(line(row) for row in every[1:])]


def width(text: str) -> int:
    """How many columns a text takes in a terminal: wide characters take two, combining ones none."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def name(text: Any) -> str:
    """A label or metric as code, safe inside a table."""
    plain = " ".join(str(text).split()) or " "
    fence = "`" * (max((len(run) for run in re.findall(r"`+", plain)), default=0) + 1)
    space = " " if plain.startswith("`") or plain.endswith("`") else ""
    return f"{fence}{space}{plain}{space}{fence}".replace("|", "\\|")


def names(values: Sequence[Any], none: str = "none") -> str:
    """Several labels as code, with commas."""
    return ", ".join(name(value) for value in values) or none


def snippet(text: str, longest: int = 160) -> str:
    """The beginning of a text on one line, with everything that Markdown or HTML would act on made harmless."""
    plain = "".join(" " if unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp") else c for c in text)
    plain = " ".join(plain.split())
    if len(plain) > longest:
        plain = plain[: longest - 1].rstrip() + "…"
    plain = plain.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    plain = re.sub(r"([\\`*\[\]|~$])", r"\\\1", plain)
    plain = re.sub(r"(?<![^\W_])_|_(?![^\W_])", r"\\_", plain)
    # A bare address or @name would become a link or a mention.
    return re.sub(r"(?i)(https?|www|ftp)([:.])|@", lambda m: f"{m[1]}&#{ord(m[2])};" if m[1] else "&#64;", plain)


def number(value: float | None, *, signed: bool = False) -> str:
    """Three decimals, fewer for large values, three digits for tiny ones."""
    if value is None or not math.isfinite(value):
        return "n/a"
    sign = "+" if signed else ""
    size = abs(value)
    if size >= 1000:
        return f"{value:{sign},.0f}"
    if size >= 100:
        return f"{value:{sign}.1f}"
    return f"{value:{sign}.2g}" if 0 < size < 0.0005 else f"{value:{sign}.3f}"


def span(low: float | None, high: float | None, *, signed: bool = False) -> str:
    """An interval."""
    return "n/a" if low is None or high is None else f"[{number(low, signed=signed)}, {number(high, signed=signed)}]"


def duration(seconds: float) -> str:
    """Seconds in words: 42.0 s, 3 min 5 s, 2 h 10 min."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
