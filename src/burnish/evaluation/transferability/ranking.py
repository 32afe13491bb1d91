"""Several scores of several checkpoints, ranked together; halves of the rows say how sure that is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from burnish.core.collecting import importing
from burnish.core.seeds import generator
from burnish.evaluation.transferability import Floats, standardised
from burnish.evaluation.transferability.h_score import h_score
from burnish.evaluation.transferability.logme import logme
from burnish.evaluation.transferability.nearest import likeness, nearest
from burnish.evaluation.transferability.probe import probe

DRAWS = 20
"""Halves of the rows that are drawn, without putting back: a row that is there twice would be its own neighbour."""
Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Scored:
    """What the scores say of one checkpoint.

    Attributes:
        scores: by name; more is better.
        drawn: [DRAWS] of each score over halves of the rows.
    """

    scores: dict[str, float]
    drawn: dict[str, Floats]


@dataclass(frozen=True)
class Ranked:
    """The place of one checkpoint among all.

    Attributes:
        rank: 1 is the best; by the mean of its ranks in each score.
        low, high: 95 % of its ranks over halves of the rows.
        first: share of these in which it came first.
    """

    rank: float
    low: float
    high: float
    first: float


def scored(features: NDArray[np.floating], wanted: Floats, form: str, seed: int, draws: Sequence[Rows]) -> Scored:
    """All scores that make sense for the labels.

    Args:
        features: [N, D].
        wanted: [N, K]: a column for each class or label (1 or 0), or one of scores.
        form: 'label', 'labels' or 'score'.
        seed: of the probe's folds.
        draws: rows of each half, of `halves`.
    """
    x = standardised(features)
    cosines, gains = likeness(x), probe(x, wanted, form, seed)
    of: dict[str, Callable[[Rows], float]] = {
        "linear_probe": lambda rows: float(gains[rows].mean()),
        "nearest": lambda rows: nearest(cosines, wanted, rows),
        "logme": lambda rows: logme(x[rows], wanted[rows]),
    }
    if form == "label":
        of["h_score"] = lambda rows: h_score(x[rows], wanted[rows].argmax(axis=1))
    every = np.arange(len(x))
    return Scored(
        {name: score(every) for name, score in of.items()},
        {name: np.array([score(rows) for rows in draws]) for name, score in of.items()},
    )


def halves(rows: int, seed: int, classes: Rows | None = None, draws: int = DRAWS) -> list[Rows]:
    """Half of the rows, several times, the same for every checkpoint; of each class half, but one row at least.

    A class that is absent from a draw would have a column without evidence.
    """
    drawing = generator(seed, "halves of the rows")
    groups = [np.arange(rows)] if classes is None else [np.flatnonzero(classes == c) for c in np.unique(classes)]
    return [
        np.sort(np.concatenate([drawing.permutation(group)[: max(1, (len(group) + 1) // 2)] for group in groups]))
        for _ in range(draws)
    ]


def ranked(all_scored: Mapping[str, Scored]) -> dict[str, Ranked]:
    """The places of all checkpoints; every score counts alike, as none works best everywhere."""
    names = list(all_scored)
    methods = list(all_scored[names[0]].scores)
    whole = _places(np.array([[all_scored[name].scores[method] for name in names] for method in methods]))
    drawn = np.array([[all_scored[name].drawn[method] for name in names] for method in methods])
    over = np.array([_places(drawn[:, :, draw]) for draw in range(drawn.shape[2])])
    return {
        name: Ranked(
            float(whole[i]),
            float(np.quantile(over[:, i], 0.025)),
            float(np.quantile(over[:, i], 0.975)),
            float((over[:, i] == over.min(axis=1)).mean()),
        )
        for i, name in enumerate(names)
    }


def _places(values: Floats) -> Floats:
    """[M, C] scores to [C] places, 1 for the best mean rank."""
    with importing():
        from scipy.stats import rankdata

    ranks = np.array([rankdata(-row, method="average") for row in values])
    return np.asarray(rankdata(ranks.mean(axis=0), method="min"), np.float64)
