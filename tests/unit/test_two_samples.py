"""The two-sample test of a classifier: its figures against scipy and scikit-learn, and how often it cries wolf."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest
from sklearn.metrics import roc_auc_score

from burnish.evaluation import two_sample
from burnish.evaluation.outlying import distances, far_out
from burnish.evaluation.two_sample import two_samples


def drawn(seed: int, rows: int = 300, moved: float = 0.0) -> np.ndarray:  # type: ignore[type-arg]
    return np.random.default_rng(seed).normal(size=(rows, 5)) + moved


def test_interval_and_p_value_are_those_of_scipy() -> None:
    found = two_samples(drawn(0), drawn(1, moved=0.5), 0)
    assert found is not None
    test = binomtest(found.right, found.rows, 0.5, alternative="greater")
    interval = binomtest(found.right, found.rows, 0.5).proportion_ci(0.95, method="exact")
    assert found.p_value == pytest.approx(test.pvalue)
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high))


@pytest.mark.parametrize(("right", "count"), [(0, 40), (40, 40), (23, 40)])
def test_intervals_at_the_ends(right: int, count: int) -> None:
    truth = np.repeat([0, 1], count // 2)
    made = two_sample._judged(right, np.arange(count, dtype=float), truth, np.zeros(0, np.int64))
    interval = binomtest(right, count).proportion_ci(0.95, method="exact")
    assert (made.low, made.high) == pytest.approx((interval.low, interval.high))
    assert made.p_value == pytest.approx(binomtest(right, count, 0.5, alternative="greater").pvalue)


def test_the_area_is_that_of_scikit_learn_ties_included() -> None:
    draw = np.random.default_rng(3)
    said, truth = draw.integers(0, 6, 200).astype(float), np.repeat([0, 1], 100)
    made = two_sample._judged(100, said, truth, np.zeros(0, np.int64))
    assert made.roc_auc == pytest.approx(roc_auc_score(truth, said))


def test_sets_that_differ_are_told_apart_and_like_ones_are_not() -> None:
    apart = two_samples(drawn(0), drawn(1, moved=1.0), 0)
    alike = two_samples(drawn(0), drawn(1), 0)
    assert apart is not None
    assert alike is not None
    assert apart.p_value < 1e-6
    assert apart.accuracy > 0.8
    assert alike.p_value > 0.001
    assert two_samples(drawn(0, 20), drawn(1), 0) is None


def test_like_sets_are_called_different_as_rarely_as_the_test_says() -> None:
    """At 5 %, over 60 pairs of like sets: the exact test is a little careful."""
    found = [two_samples(drawn(2 * i, 100), drawn(2 * i + 1, 100), i) for i in range(60)]
    share = np.mean([one.p_value < 0.05 for one in found if one is not None])
    assert share <= 0.1


def test_a_row_far_from_all_others_is_far_out() -> None:
    draw = np.random.default_rng(0)
    x = np.concatenate([draw.normal(size=(200, 8)) + 3, -np.ones((1, 8))])
    far = distances(x, np.arange(200), 0)
    assert far.argmax() == 200
    outside = np.flatnonzero(far_out(far))
    assert 200 in outside
    assert len(outside) < 6


def test_distances_are_those_to_the_nearest_by_comparing_all() -> None:
    x = np.random.default_rng(1).normal(size=(60, 4))
    unit = x / np.linalg.norm(x, axis=1, keepdims=True)
    every = 1 - unit @ unit.T
    np.fill_diagonal(every, np.inf)
    expected = np.sort(every, axis=1)[:, :10].mean(axis=1)
    assert distances(x, np.arange(60), 0) == pytest.approx(expected, abs=1e-5)
