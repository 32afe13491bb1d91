"""The picture of a learning curve: score against training rows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from statistics import mean

from burnish.evaluation.more_rows import Point
from burnish.report.drawing import BLUE, GREY, canvas


def share_curve(points: Sequence[Point], path: Path) -> None:
    """Each point with its standard error over validation rows, and the mean over seeds; rows on a scale of doublings."""
    rows = sorted({round(p.rows) for p in points})
    with canvas(path, 6.4, 3.8) as figure:
        axes = figure.subplots()
        axes.errorbar(
            [p.rows for p in points], [p.value for p in points], yerr=[p.noise for p in points],
            fmt="o", color=GREY, markersize=4, capsize=3,
        )  # fmt: skip
        shares = sorted({p.share for p in points})
        of = [[p for p in points if p.share == share] for share in shares]
        axes.plot([mean(p.rows for p in one) for one in of], [mean(p.value for p in one) for one in of], color=BLUE)
        axes.set_xscale("log", base=2)
        axes.set_xticks(rows, [f"{count:,}" for count in rows])
        axes.minorticks_off()
        axes.set(xlabel="training rows", ylabel=f"{points[0].metric} on validation")
        axes.grid()
