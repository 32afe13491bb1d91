"""The picture of the README: scores and speed beside other tools, drawn from the figures that the benchmarks kept.

    python benchmarks/peers_picture.py    # writes docs/pictures/peers.svg

Scores are those of `defaults.py`. Speed is drawn from `results/speed.json`, which says of each line which program measured
it, on what day. What was not measured is not drawn.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import matplotlib
from default_cases import CASES
from default_table import METRIC, read

matplotlib.use("svg")
from matplotlib import pyplot

HERE = Path(__file__).resolve().parent
OUT = HERE.parent / "docs" / "pictures" / "peers.svg"
SPEED = HERE / "results" / "speed.json"
OURS, PEER, PLAIN = "#0b6e4f", "#c2571a", "#8a8f98"
NAMES = {"AutoGluon": "AutoGluon, same checkpoint", "frozen": "linear model on frozen features"}


def scores() -> list[dict[str, Any]]:
    """Of each data set that has answers of seed 0: ours with its interval, the linear model's, and AutoGluon's."""
    found = []
    for case in CASES:
        own, peers = (read(HERE / "defaults" / "results", case, who) for who in ("burnish", "AutoGluon"))
        if 0 not in own:
            continue
        other = peers[0]["metrics"][METRIC]["value"] if 0 in peers else None
        score = own[0]["metrics"][METRIC]
        frozen = own[0]["baselines"]["frozen_features"][METRIC]
        found.append({"name": case.name, **score, "frozen": frozen, "AutoGluon": other})
    return sorted(found, key=lambda row: (row["AutoGluon"] is None, row["value"]), reverse=True)


def draw_scores(axes: Any, rows: list[dict[str, Any]]) -> None:
    """A line for each data set; the best are at the right."""
    for place, row in enumerate(rows):
        axes.plot([row["low"], row["high"]], [place, place], color=OURS, linewidth=5, alpha=0.25, solid_capstyle="butt")
        axes.plot(row["value"], place, "o", color=OURS, markersize=8, label="burnish without a setting (95 % CI)")
        axes.plot(row["frozen"], place, "|", color=PLAIN, markersize=13, markeredgewidth=2.5, label=NAMES["frozen"])
        if row["AutoGluon"] is not None:
            axes.plot(row["AutoGluon"], place, "D", color=PEER, markersize=6, label=NAMES["AutoGluon"])
    axes.set_yticks(range(len(rows)), [row["name"].replace("_", " ") for row in rows])
    axes.set_xlim(0, 1.01)
    axes.set_xlabel("macro F1 on the sealed test split, seed 0")
    axes.set_title("Score", loc="left", fontweight="bold")
    axes.grid(axis="x", color="#dddddd")
    handles, labels = axes.get_legend_handles_labels()
    unique = dict(zip(labels, handles, strict=True))
    axes.legend(unique.values(), unique.keys(), loc="lower left", frameon=True, fontsize=9)


def draw_speed(axes: Any, lines: list[dict[str, Any]]) -> None:
    """How many times as fast as the peer; the dashed line is as fast."""
    lines = sorted(lines, key=lambda line: line["times"])
    axes.barh(range(len(lines)), [line["times"] for line in lines], color=OURS, height=0.55)
    axes.axvline(1, color=PEER, linestyle="--", linewidth=1.5)
    for place, line in enumerate(lines):
        axes.text(line["times"], place, f" {line['times']:.1f} times", va="center", fontsize=9)
    axes.set_yticks(range(len(lines)), [f"{line['what']}\nagainst {line['peer']}" for line in lines], fontsize=9)
    axes.set_xlim(0, max(line["times"] for line in lines) * 1.3)
    axes.set_xlabel("times as fast as the peer, two cores, median")
    axes.set_title("Speed", loc="left", fontweight="bold")
    axes.grid(axis="x", color="#dddddd")


def main() -> None:
    """Draw what is kept."""
    lines = json.loads(SPEED.read_text(encoding="utf-8"))["lines"] if SPEED.is_file() else []
    pyplot.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "burnish", "font.family": "sans-serif"})
    figure, panels = pyplot.subplots(1, 1 + bool(lines), figsize=(12 if lines else 7, 5.2), squeeze=False)
    draw_scores(panels[0][0], scores())
    if lines:
        draw_speed(panels[0][1], lines)
    for axes in panels[0]:
        axes.set_axisbelow(True)
        axes.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()
    figure.savefig(OUT, metadata={"Date": None}, facecolor="white")
    print(OUT)


if __name__ == "__main__":
    main()
