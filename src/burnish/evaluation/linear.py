"""Linear models over features, with a penalty chosen on the training rows alone."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from burnish.core.collecting import importing
from burnish.core.seeds import derive, generator

STRENGTHS = (0.001, 0.01, 0.1, 1.0)
"""Inverse strengths of the penalty that are tried; features are standardised, so the range fits any checkpoint."""
CHOOSE_ON = 5_000
"""Rows at most for choosing among them."""
STEPS = 300
"""Iterations of the solver at most."""

Floats = NDArray[Any]


def fitted_names(x: Floats, truths: Sequence[str], test: Floats, names: Sequence[str], seed: int) -> tuple[Floats, str]:
    """Multinomial logistic regression: [M, C] probabilities in the order of `names`, and what was chosen, in words."""
    number = {name: i for i, name in enumerate(names)}
    rows = [i for i, truth in enumerate(truths) if truth in number]
    y = np.array([number[truths[i]] for i in rows], np.int64)
    shares = np.zeros((len(test), len(names)))
    if len(set(y.tolist())) < 2:
        shares[:, y[0] if len(y) else 0] = 1.0
        return shares, "its training examples have one class only"
    x, test = _standardised(x[rows], test)
    strength = _best_strength(x, y, seed)
    model = _logistic(strength, x, y)
    if len(test):
        shares[:, model.classes_] = model.predict_proba(test)
    return shares, f"penalty C = {strength:g}"


def fitted_labels(x: Floats, wanted: NDArray[np.bool_], test: Floats, seed: int) -> tuple[Floats, str]:
    """One logistic regression a label: [M, L] probabilities, and what was chosen, in words.

    One strength serves all labels; it is chosen by the log-likelihood summed over labels.
    """
    x, test = _standardised(x, test)
    fit, check = _inner_split(np.array([str(row.tolist()) for row in wanted]), seed)
    losses = {
        strength: sum(_binary_loss(x, wanted[:, k], fit, check, strength) for k in range(wanted.shape[1]))
        for strength in STRENGTHS
    }
    strength = min(losses, key=lambda s: losses[s])
    shares = np.empty((len(test), wanted.shape[1]))
    for k in range(wanted.shape[1]):
        shares[:, k] = _binary(x, wanted[:, k], test, strength)
    return shares, f"penalty C = {strength:g}"


def fitted_scores(x: Floats, y: Floats, test: Floats) -> tuple[Floats, str]:
    """Ridge regression, its penalty chosen by leave-one-out: [M] values, and what was chosen, in words."""
    with importing():
        from sklearn.linear_model import RidgeCV

    x, test = _standardised(x, test)
    model = RidgeCV(alphas=np.logspace(-1, 5, 13)).fit(x.astype(np.float64), y)
    values = model.predict(test.astype(np.float64)) if len(test) else np.zeros(0)
    return np.asarray(values), f"penalty alpha = {model.alpha_:g}"


def _standardised(x: Floats, test: Floats) -> tuple[Floats, Floats]:
    """Mean 0 and deviation 1 over the training rows; features that do not vary become 0."""
    mean, deviation = x.mean(axis=0, dtype=np.float64), x.std(axis=0, dtype=np.float64)
    scale = np.where(deviation > 1e-12, 1.0 / np.maximum(deviation, 1e-12), 0.0)
    # Test rows far outside of what training showed are held within 20 deviations, so that none decides by itself.
    return tuple(np.clip((a - mean) * scale, -20, 20).astype(np.float32) for a in (x, test))


def _inner_split(classes: NDArray[Any], seed: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows to fit and rows to check, four to one in each class that has five rows; the rest are only fitted."""
    order = generator(seed, "baseline", "inner split").permutation(len(classes))[:CHOOSE_ON]
    place: Counter[str] = Counter()
    check = np.zeros(len(order), np.bool_)
    for i, row in enumerate(order):
        place[str(classes[row])] += 1
        check[i] = place[str(classes[row])] % 5 == 0
    return order[~check], order[check]


def _best_strength(x: Floats, y: NDArray[np.int64], seed: int) -> float:
    """The strength with the highest likelihood on rows held out from training; the middle one where there are none."""
    fit, check = _inner_split(y, seed)
    if not len(check) or len(set(y[fit].tolist())) < 2:
        return STRENGTHS[1]
    losses = {}
    for strength in STRENGTHS:
        model = _logistic(strength, x[fit], y[fit])
        where = {c: i for i, c in enumerate(model.classes_)}
        shares = model.predict_proba(x[check])
        given = np.array([shares[i, where[c]] for i, c in enumerate(y[check])])
        losses[strength] = float(-np.log(np.maximum(given, 1e-12)).mean())
    return min(losses, key=lambda s: losses[s])


def _logistic(strength: float, x: Floats, y: NDArray[Any]) -> Any:
    with importing():
        from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=strength, max_iter=STEPS, tol=1e-3, random_state=derive("logistic") % 2**32)
    with _quiet():
        return model.fit(x, y)


@contextmanager
def _quiet() -> Iterator[None]:
    """A solver that stops at its limit of steps is good enough for a baseline."""
    from sklearn.exceptions import ConvergenceWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        yield


def _binary(x: Floats, y: NDArray[np.bool_], test: Floats, strength: float) -> Floats:
    """[M] probability of a label; its frequency where the training rows do not vary."""
    if y.all() or not y.any():
        return np.full(len(test), float(y.mean()) if len(y) else 0.0)
    shares = _logistic(strength, x, y).predict_proba(test)[:, 1] if len(test) else np.zeros(0)
    return np.asarray(shares)


def _binary_loss(
    x: Floats, y: NDArray[np.bool_], fit: NDArray[np.int64], check: NDArray[np.int64], strength: float
) -> float:
    if not len(check):
        return 0.0
    shares = np.clip(_binary(x[fit], y[fit], x[check], strength), 1e-6, 1 - 1e-6)
    return float(-np.log(np.where(y[check], shares, 1 - shares)).mean())
