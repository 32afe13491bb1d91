"""Pictures of a run and its data: the learning curve, and the lengths of the inputs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from burnish.report.drawing import BLUE, GREEN, GREY, ORANGE, canvas
from burnish.report.progress import progress


def learning_curve(events: Sequence[Mapping[str, Any]], path: Path, *, metric: str = "") -> bool:
    """Training loss, validation score and learning rate over steps, one above the other.

    Args:
        events: lines of events.jsonl; `step` and `validation` are used.
        path: of the PNG.
        metric: name of the validation score; empty: the first one, or the validation loss where there is no score.

    Returns:
        Whether there was anything to draw.
    """
    from matplotlib.ticker import MaxNLocator

    told = progress(events)
    steps, checks = told.steps, told.checks
    if not steps:
        return False
    title, validated = told.scored(metric)
    with canvas(path, 7.2, 5.6 if validated else 4.2) as figure:
        ratios = (3, 2, 1.2) if validated else (3, 1.2)
        panels = list(figure.subplots(len(ratios), 1, sharex=True, height_ratios=ratios))
        numbers = np.array([e["number"] for e in steps])
        losses = np.array([e["loss"] for e in steps], np.float64)
        _losses(panels[0], numbers, losses, np.array(told.rows), told.losses)
        if validated:
            _scores(panels[1], title, validated, [bool(e.get("best")) for e in checks])
        panels[-1].plot([r[0] for r in told.rates], [r[1] for r in told.rates], color=GREEN, linewidth=1.4)
        panels[-1].set(xlabel="step", ylabel="learning rate", ylim=(0, None))
        panels[-1].xaxis.set_major_locator(MaxNLocator(integer=True))
        panels[-1].ticklabel_format(axis="y", style="sci", scilimits=(-2, 3))
        for axes in panels:
            axes.grid()
        figure.align_ylabels(panels)
    return True


def _losses(
    axes: Any,
    numbers: NDArray[Any],
    losses: NDArray[np.float64],
    rows: NDArray[np.float64],
    validated: Sequence[tuple[int, float]],
) -> None:
    many = len(losses) >= 10
    axes.plot(
        numbers, losses, color=BLUE, linewidth=0.8 if many else 1.8, alpha=0.3 if many else 1, label="of each step"
    )
    if many:
        axes.plot(numbers, smooth(losses, rows), color=BLUE, linewidth=1.8, label="smoothed")
    if validated:
        axes.plot(*zip(*validated, strict=True), color=ORANGE, marker="o", markersize=4, label="validation")
    axes.set_ylabel("loss")
    axes.legend(loc="upper right", fontsize=8)


def _scores(axes: Any, title: str, validated: Sequence[tuple[int, float]], best: Sequence[bool]) -> None:
    axes.plot(*zip(*validated, strict=True), color=ORANGE, marker="o", markersize=4, linewidth=1.4)
    marked = [pair for pair, good in zip(validated, best, strict=False) if good]
    if marked and len(best) == len(validated):
        axes.plot(*marked[-1], marker="*", markersize=13, color=ORANGE, markeredgecolor="black", markeredgewidth=0.6)
        axes.annotate(
            f"best {marked[-1][1]:.4g}",
            marked[-1],
            textcoords="offset points",
            xytext=(0, -15),
            ha="center",
            fontsize=8,
        )
        axes.margins(y=0.25)
    axes.set_ylabel(f"validation\n{title}")


def smooth(values: NDArray[np.float64], rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """The line through about a twentieth of the values around each place, at that place.

    Between the ends that is a running mean; at the ends the window keeps its width, so that the last value alone does
    not say where the curve ends. Each step counts as many times as it has rows: the last one of an epoch often has few.

    Args:
        values: [N] mean loss of each step.
        rows: [N] rows of each step.
    """
    count = len(values)
    half = min(max(4, count // 40), (count - 1) // 2)
    places = np.arange(count, dtype=np.float64)
    low = np.clip(np.arange(count) - half, 0, count - 1 - 2 * half)
    high = low + 2 * half + 1
    parts = (rows, rows * places, rows * places**2, rows * values, rows * places * values)
    sums = (np.concatenate([[0.0], np.cumsum(part)]) for part in parts)
    weight, x, xx, y, xy = ((total[high] - total[low]) for total in sums)
    spread = xx * weight - x**2
    slope = np.divide(xy * weight - x * y, spread, out=np.zeros(count), where=spread > 0)
    return np.asarray((y + slope * (places * weight - x)) / weight)


def lengths(values: Sequence[int], path: Path, *, limit: int | None = None, unit: str = "tokens") -> bool:
    """How long inputs are, with the length at which they are cut off.

    Args:
        values: full length of each row, before truncation.
        path: of the PNG.
        limit: the longest length that is kept.
        unit: what is counted.

    Returns:
        Whether there was anything to draw.
    """
    sizes = np.asarray(values, np.float64)
    if not len(sizes):
        return False
    with canvas(path, 6.4, 3.4) as figure:
        axes = figure.add_subplot()
        end = max(float(np.quantile(sizes, 0.995)), 1.05 * (limit if limit and (sizes > limit).any() else 0), 10.0)
        edges = np.arange(0, end + (step := max(1, math.ceil(end / 50))) + 1, step)
        axes.hist(np.minimum(sizes, edges[-1] - 0.5), bins=edges, color=BLUE)
        middle = float(np.median(sizes))
        axes.axvline(middle, color=GREY, linewidth=1.2, linestyle="--", label=f"median {middle:.0f}")
        if limit and limit <= edges[-1]:
            cut = float((sizes > limit).mean())
            axes.axvline(limit, color=ORANGE, linewidth=1.4, label=f"cut off at {limit} ({cut:.1%} of examples)")
        beyond = int((sizes >= edges[-1]).sum())
        more = f"; the last bar holds {beyond} longer ones, up to {sizes.max():.0f}" if beyond else ""
        axes.set(xlabel=f"{unit} per example{more}", ylabel="examples", xlim=(0, edges[-1]))
        axes.grid(axis="y")
        axes.legend(loc="upper right", fontsize=8)
    return True
