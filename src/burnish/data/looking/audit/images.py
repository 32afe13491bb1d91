"""Sizes, shapes and modes of images."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from burnish.data.looking.audit.report import Finding
from burnish.data.looking.audit.scan import Reporter, Scan

EXTREME = 3.0
"""Longer side over shorter from which a square crop shows less than a third of the image."""
TINY = 4.0
"""How much larger the network's side is from which images are mostly interpolation."""


def findings(reporter: Reporter) -> Iterator[Finding]:
    """Images of an extreme shape, and images that are very small beside what the network sees."""
    for name, scan in reporter.scans.items():
        sides = _sides(scan)
        if sides is None:
            continue
        shorter, longer = sides.min(axis=1), sides.max(axis=1)
        extreme = np.flatnonzero(longer > EXTREME * np.maximum(shorter, 1))
        if len(extreme):
            yield reporter.finding(
                "extreme_aspect_ratios",
                "warning",
                f"{len(extreme)} of {len(scan)} {name} images are more than {EXTREME:g} times as long as wide; a square "
                "crop loses most of them",
                [(name, int(i)) for i in extreme[np.argsort(-longer[extreme] / np.maximum(shorter[extreme], 1))]],
                lambda part, i, both=sides: f"{both[i, 0]} x {both[i, 1]}",  # type: ignore[misc]
            )
    size = getattr(reporter.processor, "size", None)
    if isinstance(size, int):
        yield from _small(reporter, size)


def _small(reporter: Reporter, network_size: int) -> Iterator[Finding]:
    sides = {name: edges for name, scan in reporter.scans.items() if (edges := _sides(scan)) is not None}
    tiny: list[tuple[str, int]] = []
    for name, edges in sides.items():
        shorter = edges.min(axis=1)
        tiny += [(name, int(i)) for i in np.flatnonzero((shorter > 0) & (shorter * TINY < network_size))]
    if tiny:
        yield reporter.finding(
            "small_images",
            "note",
            f"{len(tiny)} of {sum(map(len, sides.values()))} images have a shorter side of less than a quarter of the "
            f"{network_size} pixels the network sees: most of what it sees is interpolation, and a smaller `input.size` "
            "trains faster",
            tiny,
            lambda part, i: f"{sides[part][i, 0]} x {sides[part][i, 1]}",
        )


def figures(reporter: Reporter) -> dict[str, Any]:
    """For each split the smallest, median and largest width and height, and how many images are stored in which mode."""
    by_split: dict[str, Any] = {}
    for name, scan in reporter.scans.items():
        sides = _sides(scan)
        known = scan.part.table.inspection
        if sides is None or known is None or not (sides > 0).any():
            continue
        readable = sides[sides[:, 0] > 0]
        facts = known.facts.select(["mode", "format"]).take(scan.part.rows).to_pylist()
        by_split[name] = {
            "images": len(readable),
            "width": _spread(readable[:, 0]),
            "height": _spread(readable[:, 1]),
            "modes": dict(Counter(f["mode"] for f in facts if f["mode"]).most_common()),
            "formats": dict(Counter(f["format"] for f in facts if f["format"]).most_common()),
        }
    return {"images": by_split, "tables": {"images": _table(by_split)}} if by_split else {}


def _table(by_split: Mapping[str, Any]) -> dict[str, Any]:
    """Smallest, median and largest width and height of the images of each split, and how they are stored."""
    rows = [
        [
            split,
            f"{figures['images']:,}",
            " / ".join(map(str, figures["width"])),
            " / ".join(map(str, figures["height"])),
            ", ".join(f"{mode} {count:,}" for mode, count in figures["modes"].items()),
            ", ".join(f"{form} {count:,}" for form, count in figures["formats"].items()),
        ]
        for split, figures in by_split.items()
    ]
    head = ["split", "images", "width (least / median / most)", "height", "modes", "formats"]
    return {"head": head, "rows": rows, "numbers": [1]}


def _sides(scan: Scan) -> NDArray[np.int64] | None:
    """[N, 2] width and height, 0 where the file cannot be read; None where rows are no images."""
    known = scan.part.table.inspection
    if known is None or "width" not in known.facts.column_names:
        return None
    facts = known.facts.select(["width", "height"]).take(scan.part.rows)
    return np.stack([facts[n].fill_null(0).to_numpy().astype(np.int64) for n in ("width", "height")], axis=1)


def _spread(values: NDArray[np.int64]) -> list[int]:
    return [int(values.min()), int(np.median(values)), int(values.max())]
