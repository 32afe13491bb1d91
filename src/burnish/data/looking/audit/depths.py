"""How images store their shades: how much of the scale they use, mixed depths, several pages, colours of 16 bits."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from burnish.data.looking.audit.report import Finding
from burnish.data.looking.audit.scan import Reporter, Scan

SMALL = 1 / 8
"""Share of the scale from black to white below which an image keeps fewer than 32 of 256 shades."""
MANY = 0.1
"""Share of images from which that is no matter of a few dark ones."""

Values = dict[str, NDArray[Any]]


def findings(reporter: Reporter) -> Iterator[Finding]:
    """Images that use a small part of their scale, of different depths, with several pages, or cut to 8 bits."""
    every = {name: facts for name, scan in reporter.scans.items() if (facts := _values(scan)) is not None}
    if not every:
        return
    scale = getattr(reporter.input, "range", None)
    yield from _small(reporter, every, scale if isinstance(scale, tuple) else None)
    deep = sum(int(np.isfinite(values["highest"]).sum()) for values in every.values())
    known = sum(int(np.isfinite(values["low"]).sum()) for values in every.values())
    if 0 < deep < known:
        message = f"{known - deep:,} images have 8 bits and {deep:,} have more: where that goes with a label, it is what is learned"
        yield Finding("depths_differ", "warning", message)
    yield from _named(
        reporter, every, "pages", "several_pages", "have several pages; the first is read", "{:.0f} pages"
    )
    words = "hold colours of 16 bits and are read with 8: their lower half is lost"
    yield from _named(reporter, every, "cut_to_8_bits", "cut_to_8_bits", words, "")


def figures(reporter: Reporter) -> dict[str, Any]:
    """None."""
    return {}


def _small(reporter: Reporter, every: dict[str, Values], scale: tuple[float, float] | None) -> Iterator[Finding]:
    used = {name: _used(values, scale) for name, values in every.items()}
    rows = [(name, int(i)) for name, share in used.items() for i in np.flatnonzero(share < SMALL)]
    known = sum(int(np.isfinite(share).sum()) for share in used.values())
    if not known or len(rows) < MANY * known:
        return
    black, white = scale or (0, 255)
    if all(np.isfinite(every[name]["highest"][i]) for name, i in rows):
        train = every.get("train", next(iter(every.values())))
        low, high = np.nanquantile(train["low"], 0.01), np.nanquantile(train["high"], 0.99)
        fix = f"`input.range: [{low:.6g}, {high:.6g}]` would fit them"
    else:
        fix = "spread the values of the files over 0 to 255 before, with one factor for all of them"
    yield reporter.finding(
        "small_range",
        "warning",
        f"{len(rows)} of {known} images use less than an eighth of the scale from {black:g} (black) to {white:g} (white): "
        f"they look nearly the same to the network; {fix}",
        rows,
        lambda part, i: f"{every[part]['low'][i]:g} to {every[part]['high'][i]:g}",
    )


def _used(values: Values, scale: tuple[float, float] | None) -> NDArray[np.float64]:
    """[N] share of the scale between the lowest and the highest half per cent; flat images count as unknown."""
    width = np.where(np.isfinite(values["highest"]), scale[1] - scale[0] if scale else 65535, 255)
    spread = values["high"] - values["low"]
    shares: NDArray[np.float64] = np.where(spread > 0, spread / width, np.nan)
    return shares


def _named(
    reporter: Reporter, every: dict[str, Values], fact: str, code: str, words: str, form: str
) -> Iterator[Finding]:
    rows = [(name, int(i)) for name, values in every.items() for i in np.flatnonzero(values[fact] > 0)]
    if rows:
        count = sum(len(values[fact]) for values in every.values())
        message = f"{len(rows)} of {count} images {words}"
        yield reporter.finding(code, "note", message, rows, lambda part, i: form.format(every[part][fact][i]))


def _values(scan: Scan) -> Values | None:
    """[N] each fact, not a number where there is none; None where rows are no images."""
    known = scan.part.table.inspection
    if known is None or not {"low", "high", "width"} <= set(known.facts.column_names) or not len(scan):
        return None
    facts: Values = {}
    for name in ("low", "high", "highest", "pages", "cut_to_8_bits"):
        values = known.facts[name].take(scan.part.rows).cast("float64") if name in known.facts.column_names else None
        facts[name] = np.full(len(scan), np.nan) if values is None else values.to_numpy().astype(np.float64)
    return facts
