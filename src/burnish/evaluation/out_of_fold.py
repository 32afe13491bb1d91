"""What a linear model on features says of rows that it has not seen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from burnish.core.seeds import generator
from burnish.evaluation.linear import fitted_labels, fitted_names, fitted_scores
from burnish.evaluation.sparse_linear import sparse_names, sparse_numbers

FOLDS = 5
LIMIT = 20_000
"""Rows that one model is fitted on at most."""

Floats = Any
"""Dense or sparse features; dense answers."""
Fitted = Callable[[NDArray[np.int64], NDArray[np.int64]], Floats]


def of_names(x: Floats, labels: NDArray[np.int64], count: int, folds: NDArray[np.int64], seed: int) -> Floats:
    """[N, C] probabilities of classes; see `_predicted`. `labels` are numbers, -1 where a row has none."""
    names = [str(number) for number in range(count)]

    def fit(learned: NDArray[np.int64], asked: NDArray[np.int64]) -> Floats:
        if not isinstance(x, np.ndarray):
            return sparse_names(x[learned], labels[learned], x[asked], count)
        return fitted_names(x[learned], [names[n] for n in labels[learned]], x[asked], names, seed)[0]

    return _predicted(fit, labels >= 0, folds, seed, (x.shape[0], count))


def of_sets(
    x: Floats, labels: NDArray[np.bool_], known: NDArray[np.bool_], folds: NDArray[np.int64], seed: int
) -> Floats:
    """[N, C] probabilities of each name of a set."""

    def fit(learned: NDArray[np.int64], asked: NDArray[np.int64]) -> Floats:
        if not isinstance(x, np.ndarray):
            each = [
                sparse_names(x[learned], labels[learned, k].astype(np.int64), x[asked], 2)
                for k in range(labels.shape[1])
            ]
            return np.stack([shares[:, 1] for shares in each], axis=1)
        return fitted_labels(x[learned], labels[learned], x[asked], seed)[0]

    return _predicted(fit, known, folds, seed, labels.shape)


def of_numbers(x: Floats, truths: NDArray[np.float64], folds: NDArray[np.int64], seed: int) -> Floats:
    """[N] numbers; truths are not a number where there is none."""

    def fit(learned: NDArray[np.int64], asked: NDArray[np.int64]) -> Floats:
        if not isinstance(x, np.ndarray):
            return sparse_numbers(x[learned], truths[learned], x[asked])
        return fitted_scores(x[learned], truths[learned], x[asked])[0]

    return _predicted(fit, np.isfinite(truths), folds, seed, (x.shape[0],))


def _predicted(
    fit: Fitted, known: NDArray[np.bool_], folds: NDArray[np.int64], seed: int, shape: tuple[int, ...]
) -> Floats:
    """Of each row what the model of the other folds says.

    Args:
        fit: learns from some rows and answers for others.
        known: [N] rows that can be learned from.
        folds: [N] from 0; -1: the row is in no fold, and is answered by a model of all that are.
        seed: of the rows that are drawn where there are more than `LIMIT`.
        shape: of all answers.
    """
    out = np.zeros(shape, np.float64)
    for fold in np.unique(folds):
        asked = np.flatnonzero(folds == fold)
        learned = np.flatnonzero((folds >= 0) & (folds != fold) & known)
        if len(learned) > LIMIT:
            learned = np.sort(generator(seed, "probe", int(fold)).choice(learned, LIMIT, replace=False))
        if len(learned):
            out[asked] = fit(learned, asked)
    return out
