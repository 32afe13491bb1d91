"""A linear probe: each row predicted by a linear model that was fitted without it."""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import NDArray

from burnish.core.collecting import importing
from burnish.core.seeds import generator
from burnish.evaluation.linear import fitted_labels, fitted_names, fitted_scores
from burnish.evaluation.transferability import Floats

FOLDS = 4


def probe(features: Floats, wanted: Floats, form: str, seed: int) -> Floats:
    """[N] minus the loss of each row: log loss for classes and labels, squared error for scores.

    Args:
        features: [N, D].
        wanted: [N, K] as for `logme`.
        form: 'label', 'labels' or 'score'.
        seed: of the folds.
    """
    gains = np.zeros(len(wanted))
    for held in _folds(wanted, form, seed):
        fit = np.setdiff1d(np.arange(len(wanted)), held)
        gains[held] = -_losses(features[fit], wanted[fit], features[held], wanted[held], form, seed)
    return gains


def _losses(x: Floats, y: Floats, held: Floats, truth: Floats, form: str, seed: int) -> Floats:
    if form == "score":
        values, _ = fitted_scores(x.astype(np.float32), y[:, 0], held.astype(np.float32))
        return np.asarray((values - truth[:, 0]) ** 2)
    if form == "labels":
        shares, _ = fitted_labels(x.astype(np.float32), y > 0, held.astype(np.float32), seed)
        given = np.where(truth > 0, shares, 1 - shares)
        return np.asarray(-np.log(np.maximum(given, 1e-6)).mean(axis=1))
    names = [str(k) for k in range(y.shape[1])]
    shares, _ = fitted_names(
        x.astype(np.float32), [names[k] for k in y.argmax(axis=1)], held.astype(np.float32), names, seed
    )
    return np.asarray(-np.log(np.maximum((shares * truth).sum(axis=1), 1e-6)))


def _folds(wanted: Floats, form: str, seed: int) -> list[NDArray[np.int64]]:
    """Rows of each fold, classes spread over them."""
    with importing():
        from sklearn.model_selection import StratifiedKFold

    folds = min(FOLDS, len(wanted))
    order = generator(seed, "probe").permutation(len(wanted))
    if form != "label":
        return [np.sort(order[start::folds]) for start in range(folds)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a class with fewer rows than folds is in some of them
        split = StratifiedKFold(folds, shuffle=True, random_state=seed % 2**32)
        return [held.astype(np.int64) for _, held in split.split(wanted, wanted.argmax(axis=1))]
