"""The layers of a network over a run: the section of report.md, and its picture."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from burnish.report.diagnosis import RATIO, diagnosis, in_order
from burnish.report.drawing import GREY, canvas
from burnish.report.learned import Record, record
from burnish.report.markdown import snippet

Points = Mapping[str, Sequence[tuple[int, float]]]
LINES = 12
"""Layers that are drawn, evenly over the depth: more lines cannot be told apart."""
Draw = Callable[[str, str, Callable[[Path], object]], list[str]]


def layers(drawn: Draw, events: Sequence[Mapping[str, Any]]) -> list[str]:
    """How the run learned, in words with remedies, and the picture; nothing where the layers were not looked at.

    Args:
        drawn: draws a picture, and gives the lines that show it.
        events: of the run.
    """
    seen = record(events)
    if not seen.looks or not seen.steps:
        return []
    found = diagnosis(events)
    lines = [f"- {snippet(f.text, 500)} {snippet(f.remedy, 400)}" for f in found] or [in_order(seen)]
    picture = drawn(
        "layers.png", "Gradients, updates and activations of each layer over steps", lambda p: draw(seen, p)
    )
    return ["## How it learned", "", *lines, *picture]


def shown(points: Points) -> dict[str, Sequence[tuple[int, float]]]:
    """The layers that are drawn, from the inputs up, without values that a scale of ratios does not have."""
    names = sorted((name for name in points if any(v > 0 for _, v in points[name])), key=_place)
    if len(names) > LINES:
        names = [names[round(i * (len(names) - 1) / (LINES - 1))] for i in range(LINES)]
    return {name: [(x, v) for x, v in points[name] if v > 0] for name in names}


def _place(name: str) -> tuple[int, int]:
    order = {"embeddings": 0, "head": 2}.get(name, 1)
    return order, int(name.rpartition(" ")[2]) if order == 1 else 0


def panels(seen: Record) -> list[tuple[str, str, Points]]:
    """What there is to be drawn: a short name, what it is called, and its lines."""
    dead = {name: points for name, points in seen.series("dead").items() if any(v > 0 for _, v in points)}
    made = [
        ("gradient", "gradient norm", seen.gradients()),
        ("update", "update to weight", seen.series("update")),
        ("deviation", "spread of outputs", seen.series("deviation")),
        ("dead", "share of dead units", dead),
    ]
    return [(name, words, points) for name, words, points in made if shown(points)]


def draw(seen: Record, path: Path) -> bool:
    """One panel above the other, a line for each layer, dark at the inputs and light at the head; whether there was anything.

    Args:
        seen: the run.
        path: of the PNG.
    """
    found = panels(seen)
    if not found:
        return False
    with canvas(path, 7.2, 1.0 + 1.7 * len(found)) as figure:
        from matplotlib import colormaps
        from matplotlib.ticker import FuncFormatter, NullFormatter

        every = list(figure.subplots(len(found), 1, sharex=True, squeeze=False)[:, 0])
        names = sorted({name for _, _, points in found for name in shown(points)}, key=_place)
        tones = colormaps["viridis"]
        for axes, (kind, words, points) in zip(every, found, strict=True):
            for name, line in shown(points).items():
                colour = tones(0.9 * names.index(name) / max(1, len(names) - 1))
                axes.plot([x for x, _ in line], [v for _, v in line], color=colour, linewidth=1.2, label=name)
            axes.set(ylabel=words, yscale="linear" if kind == "dead" else "log")
            axes.yaxis.set_major_formatter(FuncFormatter(lambda value, place: f"{value:g}"))
            axes.yaxis.set_minor_formatter(NullFormatter())
            if kind == "update":
                axes.axhline(RATIO, color=GREY, linewidth=0.9, linestyle="--")
                axes.annotate(
                    "rule of thumb", (1, RATIO), xycoords=("axes fraction", "data"), fontsize=7, color=GREY,
                    ha="right", va="bottom",
                )  # fmt: skip
            axes.grid()
        every[-1].set_xlabel("step")
        every[0].legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), fontsize=7)
        figure.align_ylabels(every)
    return True
