"""Pictures of the learning rate: of the range test, and of what a run will do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from burnish.report.drawing import BLUE, GREEN, GREY, ORANGE, SCALE, canvas


def range_picture(
    rates: Sequence[float],
    losses: Sequence[float],
    smoothed: Sequence[float],
    path: Path,
    *,
    suggested: float | None,
) -> None:
    """Loss over rate, the rate on a scale of ratios; a line at the suggestion."""
    from matplotlib.ticker import FuncFormatter, NullFormatter

    with canvas(path, 7.2, 3.8) as figure:
        axes = figure.subplots()
        axes.plot(rates, losses, color=GREY, linewidth=0.7, alpha=0.7, label="loss of a step")
        axes.plot(rates, smoothed, color=BLUE, linewidth=1.6, label="smoothed")
        if suggested is not None:
            axes.axvline(suggested, color=ORANGE, linewidth=1.3, label=f"suggested: {suggested:.2g}")
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.xaxis.set_minor_formatter(NullFormatter())
        low, high = min(smoothed), max(smoothed[: int(np.argmin(smoothed)) + 1])
        axes.set_ylim(low - 0.1 * (high - low) - 1e-3, high + 0.5 * (high - low) + 1e-3)
        axes.set_xlabel("learning rate")
        axes.set_ylabel("training loss")
        axes.set_title("Learning rate range test")
        axes.grid(visible=True)
        axes.legend()


def plan_picture(
    steps: Sequence[int],
    rates: Mapping[str, Sequence[float]],
    momentum: Sequence[float] | None,
    learns: Any,
    levels: Sequence[str],
    path: Path,
) -> None:
    """Rate, momentum and what learns, over the steps of a run, one above the other.

    Args:
        steps: at which the others are.
        rates: by group of layers.
        momentum: None where the optimizer has none.
        learns: [levels, steps] share of the parameters of each level that learn.
        levels: their names, from the inputs up.
        path: of the PNG.
    """
    with canvas(path, 7.2, 5.6 if momentum is not None else 4.8) as figure:
        ratios = (3, 1.2, 2) if momentum is not None else (3, 2)
        panels = list(figure.subplots(len(ratios), 1, sharex=True, height_ratios=ratios))
        for (name, values), color in zip(rates.items(), (BLUE, ORANGE, GREEN), strict=False):
            panels[0].plot(steps, values, color=color, linewidth=1.5, label=name)
        panels[0].set_title("Learning rate")
        panels[0].grid(visible=True)
        panels[0].legend()
        if momentum is not None:
            panels[1].plot(steps, momentum, color=BLUE, linewidth=1.5)
            panels[1].set_title("Momentum")
            panels[1].set_ylim(0, 1.02)
            panels[1].grid(visible=True)
        edges = [steps[0] - 0.5, steps[-1] + 0.5, -0.5, len(levels) - 0.5]
        shown = panels[-1]
        shown.imshow(
            learns, aspect="auto", origin="lower", extent=edges, cmap=SCALE, vmin=0, vmax=1.3, interpolation="nearest"
        )
        few = range(0, len(levels), max(1, -(-len(levels) // 8)))
        shown.set_yticks(list(few), [levels[i] for i in few])
        shown.set_title("What learns (blue), from the inputs up")
        shown.set_xlabel("step")
