"""Whether the bars of a tune add up to its meter."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction

from burnish.media.music.abc._voice import WrittenBar

ENDS = ("|]", "||", ":|", "::")
"""Bar lines that end a part."""

FINAL = ("|]", "||", ":|")


def problems_of_bars(voices: Sequence[Sequence[WrittenBar]]) -> list[str]:
    """What is wrong with the bars of each voice, in words with the place."""
    found = []
    for bars in voices:
        if bars and not bars[-1].closed.replace(" ", "").endswith(FINAL):
            found.append(f"{bars[-1].place}: the tune does not end in a final bar line ({', '.join(FINAL)})")
        found += _of_voice(bars)
    ends = {bars[-1].start + bars[-1].length for bars in voices if bars}
    if len(ends) > 1:
        found.append(f"voices of {' and '.join(_quarters(end) for end in sorted(ends))}, not of one length")
    return found


def _of_voice(bars: Sequence[WrittenBar]) -> Iterable[str]:
    pickups = {bar.length for bar, last in zip(bars, [None, *bars], strict=False) if _short(bar) and _begins(bar, last)}
    for number, bar in enumerate(bars):
        full = _full(bar)
        if full is None or bar.length == full:
            continue
        words = f"{bar.place}: bar {number + 1} lasts {_quarters(bar.length)}, its meter {_quarters(full)}"
        begins = _begins(bar, bars[number - 1] if number else None)
        fills = full - bar.length in pickups
        if bar.length > full or not (begins or (_ends(bar) and fills)):
            yield words


def _full(bar: WrittenBar) -> Fraction | None:
    return None if bar.meter is None else Fraction(4 * bar.meter[0], bar.meter[1])


def _short(bar: WrittenBar) -> bool:
    full = _full(bar)
    return full is not None and bar.length < full


def _begins(bar: WrittenBar, last: WrittenBar | None) -> bool:
    return last is None or _ends(last) or "|:" in bar.opened


def _ends(bar: WrittenBar) -> bool:
    return not bar.closed or any(line in bar.closed for line in (*ENDS, "|:"))


def _quarters(length: Fraction) -> str:
    return f"{length} quarter{'' if length == 1 else 's'}"
