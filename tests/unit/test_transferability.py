"""Scores of checkpoints against brute force and references."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.stats import multivariate_normal

from burnish.evaluation.transferability import standardised
from burnish.evaluation.transferability.h_score import h_score
from burnish.evaluation.transferability.logme import logme
from burnish.evaluation.transferability.nearest import likeness, nearest
from burnish.evaluation.transferability.probe import probe
from burnish.evaluation.transferability.ranking import halves, ranked, scored


def _rows(n=50, d=5, classes=3, apart=1.5, seed=0):
    drawing = np.random.default_rng(seed)
    of = drawing.permutation(np.arange(n) % classes)
    means = drawing.normal(size=(classes, d)) * apart
    return means[of] + drawing.normal(size=(n, d)), np.eye(classes)[of]


@pytest.mark.parametrize(("n", "d"), [(50, 5), (12, 20)])
def test_logme_is_the_maximum_of_the_evidence(n, d):
    """Against a Gaussian with covariance 1/beta + F F'/alpha, maximised by a general optimiser."""
    features, wanted = _rows(n, d)
    features = standardised(features)

    def worst(logs, y):
        alpha, beta = np.exp(logs)
        if np.abs(logs).max() > 12:
            return np.inf
        return -multivariate_normal.logpdf(y, cov=np.eye(n - 1) / beta + features @ features.T / alpha)

    apart = np.linalg.svd(np.ones((1, n)))[2][1:]  # all that is not the mean
    whole, features = features, apart @ features
    best = []
    for y in (apart @ wanted).T:
        starts = [(0.0, 0.0), (3.0, 1.0), (-2.0, 2.0)]
        best.append(max(-minimize(worst, start, args=(y,), method="Nelder-Mead").fun for start in starts) / (n - 1))
    assert logme(whole, wanted) == pytest.approx(np.mean(best), abs=1e-4)


def test_logme_does_not_depend_on_the_scale_of_all_features():
    features, wanted = _rows()
    assert logme(7 * features, wanted) == pytest.approx(logme(features, wanted), abs=1e-5)


def test_logme_of_labels_that_say_nothing_is_finite():
    drawing = np.random.default_rng(1)
    assert np.isfinite(logme(drawing.normal(size=(40, 80)), np.eye(2)[drawing.integers(2, size=40)]))


def test_h_score_equals_its_formula_where_rows_are_many():
    """With many rows there is next to no shrinking: the discriminant trace of scikit-learn's scatter."""
    features, wanted = _rows(3000, 4)
    classes = wanted.argmax(axis=1)
    x = standardised(features)
    within = sum(np.cov(x[classes == k].T, bias=True) * (classes == k).mean() for k in range(3))
    whole = np.cov(x.T, bias=True)
    assert h_score(x, classes) == pytest.approx(np.trace(np.linalg.solve(whole, whole - within)), rel=0.02)


def test_h_score_does_not_reward_width():
    """Columns of networks hang together: few directions carry most. Unshrunk, 200 columns over 60 rows would win always."""
    drawing = np.random.default_rng(0)
    classes = drawing.integers(2, size=60)
    directions = drawing.normal(size=(60, 6))
    telling = np.column_stack([3.0 * classes, directions[:, 1:]])
    noise = standardised(directions @ drawing.normal(size=(6, 200)) + 0.1 * drawing.normal(size=(60, 200)))
    told = standardised(telling @ drawing.normal(size=(6, 40)) + 0.1 * drawing.normal(size=(60, 40)))
    assert h_score(noise, classes) < h_score(told, classes)


def test_nearest_is_what_brute_force_gives():
    features, wanted = _rows(30)
    cosines = likeness(standardised(features))
    x = standardised(features)
    x = x / np.linalg.norm(x, axis=1, keepdims=True)
    guesses = []
    for i in range(30):
        order = sorted((j for j in range(30) if j != i), key=lambda j: -float(x[i] @ x[j]))[:5]
        guesses.append(wanted[order].mean(axis=0))
    skill = 1 - ((np.array(guesses) - wanted) ** 2).sum() / ((wanted - wanted.mean(axis=0)) ** 2).sum()
    assert nearest(cosines, wanted) == pytest.approx(skill)


def test_probe_is_scikit_learns_out_of_fold_loss():
    from sklearn.linear_model import RidgeCV

    features, _ = _rows(40)
    y = (features @ np.arange(1.0, 6))[:, None]
    gains = probe(features, y, "score", 0)
    assert gains.shape == (40,)
    assert (gains <= 0).all()
    assert -gains.mean() < 0.05 * y.var()
    assert RidgeCV().fit(features, y[:, 0]).score(features, y[:, 0]) > 0.99


@pytest.mark.parametrize("form", ["label", "labels", "score"])
def test_better_features_come_first(form):
    features, wanted = _rows(90, 6)
    wanted = {"label": wanted, "labels": (wanted > 0) * 1.0, "score": wanted @ np.array([[0.0], [1.0], [2.0]])}[form]
    worse = features + 4 * np.random.default_rng(5).normal(size=features.shape)
    noise = np.random.default_rng(6).normal(size=(90, 9))
    draws = halves(90, 0, draws=8)
    places = ranked({n: scored(x, wanted, form, 0, draws) for n, x in [("w", worse), ("n", noise), ("b", features)]})
    assert [places[n].rank for n in ("b", "w", "n")] == [1, 2, 3]
    assert places["b"].first > 0.9
    assert places["w"].low <= places["w"].rank <= places["w"].high


def test_equal_checkpoints_share_a_place():
    features, wanted = _rows(60)
    one = scored(features, wanted, "label", 0, halves(60, 0))
    places = ranked({"a": one, "b": one})
    assert places["a"] == places["b"]
    assert places["a"].rank == 1
    assert places["a"].first == 1


def test_halves_hold_every_class():
    classes = np.array([0] * 30 + [1] * 2 + [2])
    for rows in halves(33, 3, classes):
        assert set(classes[rows]) == {0, 1, 2}
        assert len(set(rows.tolist())) == len(rows)
