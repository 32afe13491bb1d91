"""Pictures of answers: confusions, classes, calibration, curves, scatter. PNG files, each a function of plain numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from burnish.core.predictions import Predictions
from burnish.counting.resampling import with_truth
from burnish.evaluation.confusion import Confusion
from burnish.evaluation.reliability import Bin
from burnish.report.drawing import BLUE, GREEN, GREY, ORANGE, SCALE, canvas, shown_names

COUNTS_UP_TO = 20
"""Classes up to which every cell of the confusion matrix shows its count."""
EVERY_ROW_UP_TO = 100
"""Classes up to which each has its own line in a picture."""
MANY_POINTS = 3000
"""Rows from which a scatter is drawn as hexagons."""


def confusion_matrix(matrix: Confusion, path: Path) -> None:
    """Truth down, answer across, shaded by the share of each truth's rows; counts in the cells while they fit."""
    from matplotlib.colors import PowerNorm

    classes = len(matrix.names)
    few = classes <= COUNTS_UP_TO
    totals = matrix.counts.sum(axis=1, keepdims=True)
    shares = matrix.counts / np.maximum(totals, 1)
    names = shown_names(matrix.names, 22)
    cell = 0.42 if few else 0.155 if classes <= EVERY_ROW_UP_TO else 12 / classes
    side = max(2.2, cell * classes)
    with canvas(path, side + 2.9, side + 2.1) as figure:
        axes = figure.add_subplot()
        # With many classes single confusions are small shares: a root makes them visible.
        shading = PowerNorm(1.0 if few else 0.6, vmin=0, vmax=1)
        image = axes.imshow(shares, cmap=SCALE, norm=shading, interpolation="nearest", aspect="equal")
        axes.spines[:].set_visible(False)
        axes.set(xlabel="predicted class", ylabel="true class")
        if classes <= EVERY_ROW_UP_TO:
            size = 9 if few else 6.5
            axes.set_xticks(range(classes), names, rotation=90, fontsize=size)
            axes.set_yticks(range(classes), names, fontsize=size)
        axes.set_xticks(np.arange(classes + 1) - 0.5, minor=True)
        axes.set_yticks(np.arange(classes + 1) - 0.5, minor=True)
        axes.grid(which="minor", color="white" if few else "#EFEFEF", linewidth=1.2 if few else 0.4)
        axes.tick_params(which="both", length=0)
        if few:
            for (i, j), count in np.ndenumerate(matrix.counts):
                if count:
                    colour = "white" if shares[i, j] > 0.55 else "#222222"
                    axes.text(j, i, f"{count}", ha="center", va="center", color=colour, fontsize=8)
        bar = figure.colorbar(image, ax=axes, shrink=min(1.0, 3.2 / side), aspect=18, pad=0.02)
        bar.set_label("share of the true class")
        bar.outline.set_visible(False)


def class_bars(per_class: Mapping[str, Mapping[str, Any]], path: Path, *, unit: str = "examples") -> None:
    """F1 of each class as a bar, sorted, with its support written beside it."""
    rows = [(name, row["f1"], int(row["support"] or 0)) for name, row in per_class.items() if row["f1"] is not None]
    names = dict(zip(per_class, shown_names(list(per_class)), strict=True))
    rows = sorted(rows, key=lambda row: (row[1], row[2]))[:EVERY_ROW_UP_TO]
    many = len(rows) > 30
    height = (0.16 if many else 0.27) * max(1, len(rows)) + 1.0
    with canvas(path, 7.2, height) as figure:
        axes = figure.add_subplot()
        places = np.arange(len(rows))
        axes.barh(places, [row[1] for row in rows], color=BLUE, height=0.72)
        size = 6.5 if many else 9
        for place, (_, f1, support) in zip(places, rows, strict=True):
            axes.text(f1 + 0.01, place, f"{f1:.2f}  ({support:,})", va="center", fontsize=size, color="#333333")
        axes.set_yticks(places, [names[row[0]] for row in rows], fontsize=size)
        axes.set_ylim(-0.7, len(rows) - 0.3)
        axes.set_xlim(0, 1.2)
        axes.set_xticks(np.arange(0, 1.01, 0.2))
        axes.spines["bottom"].set_bounds(0, 1)
        axes.set_xlabel(f"F1   (in brackets: {unit} of the class)")
        axes.grid(axis="x")
        axes.tick_params(axis="y", length=0)


def reliability(bins: Sequence[Bin], path: Path) -> None:
    """Accuracy against confidence in bins, with how many answers lie in each below."""
    with canvas(path, 4.6, 5.2) as figure:
        above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3.2, 1))
        above.plot([0, 1], [0, 1], color=GREY, linestyle="--", linewidth=1, label="perfectly calibrated")
        filled = [b for b in bins if b.rows]
        above.plot([b.confidence for b in filled], [b.accuracy for b in filled], color=BLUE, linewidth=1, zorder=2)
        error = [[b.accuracy - b.low for b in filled], [b.high - b.accuracy for b in filled]]
        above.errorbar(
            [b.confidence for b in filled], [b.accuracy for b in filled], yerr=np.maximum(error, 0) if filled else None,
            fmt="o", color=BLUE, markersize=5, elinewidth=1, capsize=2, label="predictions, 95 % CI",
        )  # fmt: skip
        above.set(ylabel="accuracy", xlim=(0, 1), ylim=(0, 1.02))
        above.grid()
        above.legend(loc="upper left", fontsize=8)
        below.bar(
            [(b.start + b.end) / 2 for b in bins], [b.rows for b in bins], width=[(b.end - b.start) * 0.9 for b in bins],
            color=BLUE,
        )  # fmt: skip
        below.set(xlabel="confidence (probability of the predicted class)", ylabel="examples")
        below.grid(axis="y")


def binary_curves(predictions: Predictions, path: Path) -> None:
    """ROC and precision-recall curve of the second of two labels; nothing is drawn where one class has no rows.

    Raises:
        ValueError: not two labels with probabilities.
    """
    from sklearn.metrics import average_precision_score, precision_recall_curve, roc_auc_score, roc_curve

    known = with_truth(predictions)
    if len(known.names) != 2 or known.probabilities.shape[1] != 2:
        raise ValueError(f"curves need two labels with probabilities, found {len(known.names)}")
    truth = np.array([t == known.names[1] for t in known.truth], np.bool_)
    score = known.probabilities[:, 1]
    if not truth.any() or truth.all() or not np.isfinite(score).all():
        return
    share = float(truth.mean())
    with canvas(path, 8.4, 4.1) as figure:
        left, right = figure.subplots(1, 2)
        false_rate, true_rate, _ = roc_curve(truth, score)
        left.plot([0, 1], [0, 1], color=GREY, linestyle="--", linewidth=1, label="chance")
        left.plot(false_rate, true_rate, color=BLUE, linewidth=1.8, label=f"area {roc_auc_score(truth, score):.3f}")
        left.set(title="ROC", xlabel="false positive rate", ylabel="true positive rate")
        precision, recall, _ = precision_recall_curve(truth, score, drop_intermediate=True)
        right.axhline(share, color=GREY, linestyle="--", linewidth=1, label=f"chance {share:.3f}")
        right.step(
            recall, precision, where="post", color=ORANGE, linewidth=1.8,
            label=f"average precision {average_precision_score(truth, score):.3f}",
        )  # fmt: skip
        positive = shown_names(known.names, 20)[1]
        right.set(title="Precision and recall", xlabel=f"recall of {positive}", ylabel=f"precision of {positive}")
        for axes, place in ((left, "lower right"), (right, "lower left")):
            axes.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.02))
            axes.set_box_aspect(1)
            axes.grid()
            axes.legend(loc=place, fontsize=8)


def score_scatter(predictions: Predictions, path: Path) -> None:
    """Truth across, answer up, and the line on which both agree; many rows as hexagons shaded by how many they hold."""
    known = with_truth(predictions)
    truth, answer = np.array(known.truth, np.float64), np.array(known.answer, np.float64)
    finite = np.isfinite(truth) & np.isfinite(answer)
    truth, answer = truth[finite], answer[finite]
    if not len(truth):
        return
    low, high = min(truth.min(), answer.min()), max(truth.max(), answer.max())
    margin = 0.03 * (high - low) or 1.0
    with canvas(path, 5.8 if len(truth) > MANY_POINTS else 5.0, 4.8) as figure:
        axes = figure.add_subplot()
        if len(truth) > MANY_POINTS:
            _hexagons(figure, axes, truth, answer, (low, high))
        else:
            axes.scatter(truth, answer, s=14, color=BLUE, alpha=0.45, linewidths=0)
        axes.plot([low, high], [low, high], color=ORANGE, linewidth=1.3, label="prediction = true value")
        if truth.std() > 0:
            slope, offset = np.polyfit(truth, answer, 1)
            ends = np.array([low, high])
            axes.plot(ends, slope * ends + offset, color=GREEN, linewidth=1.3, linestyle="--", label="fitted line")
        axes.set(
            xlabel="true value",
            ylabel="prediction",
            xlim=(low - margin, high + margin),
            ylim=(low - margin, high + margin),
        )
        axes.set_box_aspect(1)
        axes.grid()
        axes.legend(loc="upper left", fontsize=8)


def _hexagons(figure: Any, axes: Any, truth: NDArray[Any], answer: NDArray[Any], ends: tuple[float, float]) -> None:
    drawn = axes.hexbin(
        truth, answer, gridsize=45, cmap=SCALE, mincnt=1, bins="log", extent=(*ends, *ends), linewidths=0
    )
    bar = figure.colorbar(drawn, ax=axes, shrink=0.75, label="examples", format="%d")
    bar.ax.minorticks_off()
