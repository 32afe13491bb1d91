"""What both pictures share: elements of SVG, how a tune is broken into rows, and colours."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from html import escape

from burnish.media.music.tune import Tune

WIDTH = 920
"""Of a picture, in units of its own; it is shown as wide as there is room."""
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00")
"""Of the voices, by turns (Okabe and Ito 2008)."""
MOST_ROWS = 12
MOST_NOTES = 2_000
INK, PALE = "#222222", "#777777"
_UNBARRED = Fraction(4)
"""Quarter notes of a row's quarter where a tune has no bars."""


@dataclass(frozen=True)
class Row:
    """What stands in one line of a picture.

    Attributes:
        start, end: in quarter notes.
        bars: where bars begin in it, `start` among them.
        span: quarter notes that the whole width stands for: of a short last row as many as of the others.
    """

    start: Fraction
    end: Fraction
    bars: tuple[Fraction, ...]
    span: Fraction

    def across(self, place: Fraction, left: float) -> float:
        """Where a place is, from the left edge to the right one."""
        return left + float((place - self.start) / self.span) * (WIDTH - left - 10)


def rows(tune: Tune, quarters: int) -> tuple[list[Row], int]:
    """A tune in rows of whole bars, of about so many quarter notes; and how many bars are left out at the end."""
    edges = [bar.start for bar in tune.bars] or [_UNBARRED * n for n in range(_count(tune))]
    ends = [*edges[1:], max(tune.length, edges[-1] + Fraction(1, 4))] if edges else []
    found: list[Row] = []
    first = 0
    while first < len(edges) and len(found) < MOST_ROWS:
        last = max(first + 1, bisect_right(ends, edges[first] + quarters))
        long = ends[last - 1] - edges[first]
        span = max(long, found[-1].span) if found and last == len(edges) else long
        found.append(Row(edges[first], ends[last - 1], tuple(edges[first:last]), span))
        first = last
    return found, len(edges) - first


def _count(tune: Tune) -> int:
    return min(MOST_NOTES, int(-(-tune.length // _UNBARRED)))


def line(x: float, y: float, to_x: float, to_y: float, colour: str = PALE, width: float = 1) -> str:
    """A straight line."""
    return (
        f'<line x1="{x:.1f}" y1="{y:.1f}" x2="{to_x:.1f}" y2="{to_y:.1f}" stroke="{colour}" stroke-width="{width:g}"/>'
    )


def text(x: float, y: float, words: str, *, size: int = 11, colour: str = INK, anchor: str = "start") -> str:
    """Words; what is no character of XML is left out."""
    shown = "".join(letter for letter in words if letter >= " ")
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{colour}" text-anchor="{anchor}">{escape(shown)}</text>'


def box(x: float, y: float, width: float, height: float, colour: str, opacity: float = 1) -> str:
    """A rectangle."""
    faint = "" if opacity == 1 else f' fill-opacity="{opacity:g}"'
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" fill="{colour}"{faint}/>'


def picture(parts: Iterable[str], height: float, title: str) -> str:
    """The whole."""
    inside = "".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}" role="img" '
        f'font-family="DejaVu Sans, sans-serif"><title>{escape(title)}</title>'
        f'<rect width="{WIDTH}" height="{height:.0f}" fill="white"/>{inside}</svg>'
    )


def said(tune: Tune, left_out: int) -> str:
    """Key, meter, and what is not shown."""
    words = [str(tune.key)] if tune.key else []
    words += [f"{tune.meter[0]}/{tune.meter[1]}"] if tune.meter else []
    words += [f"{left_out:,} more bars not shown"] if left_out else []
    return " · ".join(words)


def voices(tune: Tune, most: int) -> Sequence[int]:
    """The voices that have notes, the first ones."""
    return sorted({note.voice for note in tune.notes})[:most]
