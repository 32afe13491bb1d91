"""ROC and precision-recall curves, bands, areas with DeLong's interval, and what thresholds would do."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn.metrics import (
    average_precision_score,
    precision_recall_curve,
    precision_score,
    recall_score,
    roc_auc_score,
    roc_curve,
)

from burnish.core.errors import InputError
from burnish.evaluation import delong
from burnish.evaluation.curve_points import (
    Sorted,
    at_grid,
    precision_recall,
    precision_recall_area,
    roc,
    roc_area,
    thinned,
)
from burnish.evaluation.curves import FEWEST, curves
from burnish.evaluation.gain import best, gain, gain_at, lift
from burnish.evaluation.threshold_curves import by_confidence, by_probability, coverage, histogram
from tests.prediction_cases import label_table, labels_table, score_table


def example(rows: int = 300, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Scores with many ties, and which rows are positive."""
    draw = np.random.default_rng(seed)
    scores = draw.random(rows).round(2)
    return scores, draw.random(rows) < 0.2 + 0.6 * scores


def test_curves_are_those_of_scikit_learn() -> None:
    scores, positive = example()
    weights = np.random.default_rng(1).integers(0, 4, (1, len(scores)))
    for counts, weight in ((np.ones_like(weights), None), (weights, weights[0])):
        totals = Sorted.of(scores, positive).totals(counts)
        wrong, right, _ = roc_curve(positive, scores, sample_weight=weight, drop_intermediate=False)
        np.testing.assert_allclose(np.interp(wrong, *roc(*totals)[0].T), np.interp(wrong, wrong, right), atol=1e-12)
        assert roc_area(roc(*totals))[0] == pytest.approx(roc_auc_score(positive, scores, sample_weight=weight))
        sharp, found, _ = precision_recall_curve(positive, scores, sample_weight=weight)
        ours = precision_recall(*totals)[0]
        assert {tuple(p) for p in np.stack([found, sharp], 1)[:-1].round(12)} <= {tuple(p) for p in ours.round(12)}
        assert precision_recall_area(ours[None])[0] == pytest.approx(
            average_precision_score(positive, scores, sample_weight=weight)
        )


def test_fewer_thresholds_hardly_change_the_areas() -> None:
    draw = np.random.default_rng(2)
    positive = draw.random(5000) < 0.02
    ranked = Sorted.of(draw.normal(size=5000) + 1.5 * positive, positive)
    coarse = ranked.coarse(400)
    assert len(coarse.ends) <= 400 < len(ranked.ends)
    once = np.ones((1, 5000), np.int16)
    assert roc_area(roc(*coarse.totals(once)))[0] == pytest.approx(roc_area(roc(*ranked.totals(once)))[0], abs=1e-3)


def test_a_grid_reads_the_upper_end_of_a_rise_and_the_first_threshold_that_reaches_a_recall() -> None:
    rates = np.array([[[0.0, 0.0], [0.0, 0.5], [0.5, 0.5], [1.0, 1.0]], [[0.0, 0.0], [np.nan] * 2, [1, 1], [1, 1]]])
    read = at_grid(rates, np.array([0.0, 0.25, 0.75, 1.0]), step=False)
    np.testing.assert_allclose(read[0], [0.5, 0.5, 0.75, 1.0])
    assert np.isnan(read[1]).all()
    sharp = np.array([[[0.5, 1.0], [0.5, 0.5], [1.0, 0.4]]])
    np.testing.assert_allclose(at_grid(sharp, np.array([0.0, 0.5, 0.51, 1.0]), step=True)[0], [1.0, 1.0, 0.4, 0.4])


def test_thinned_keeps_ends_and_corners() -> None:
    steps = np.array([[0, 0], [0, 0.2], [0, 0.5], [0.2, 0.5], [0.4, 0.5], [1, 1]], float)
    np.testing.assert_array_equal(thinned(steps), steps[[0, 2, 4, 5]])
    curve = np.stack([np.linspace(0, 1, 5000), np.sqrt(np.linspace(0, 1, 5000))], 1)
    kept = thinned(curve)
    assert len(kept) <= 200
    np.testing.assert_array_equal(kept[[0, -1]], curve[[0, -1]])
    assert np.trapezoid(kept[:, 1], kept[:, 0]) == pytest.approx(2 / 3, abs=1e-3)


def slow_delong(scores: np.ndarray, positive: np.ndarray) -> tuple[float, float]:
    """The paper's own words (DeLong et al. 1988): structural components from every pair; area and its variance."""
    above, below = scores[positive], scores[~positive]
    kernel = (above[:, None] > below).astype(float) + 0.5 * (above[:, None] == below)
    first, second = kernel.mean(axis=1), kernel.mean(axis=0)
    return kernel.mean(), first.var(ddof=1) / len(above) + second.var(ddof=1) / len(below)


@pytest.mark.parametrize("seed", range(5))
def test_delong_is_that_of_all_pairs(seed: int) -> None:
    scores, positive = example(40 + 60 * seed, seed)
    area, (value, variance) = delong.roc_area(scores, positive), slow_delong(scores, positive)
    assert area.value == pytest.approx(value) == pytest.approx(roc_auc_score(positive, scores))
    assert area.error == pytest.approx(math.sqrt(variance))
    assert area.low == pytest.approx(max(0.0, value - 1.959964 * area.error), abs=1e-6)


def test_delong_by_hand() -> None:
    """Positives 0.9, 0.6, 0.4 and negatives 0.5, 0.3: of the pairs 1 1, 1 1 and 0 1 are in order."""
    area = delong.roc_area(np.array([0.9, 0.6, 0.4, 0.5, 0.3]), np.array([1, 1, 1, 0, 0], bool))
    assert area.value == pytest.approx(5 / 6)
    # Components 1, 1, 1/2 (variance 1/12) and 2/3, 1 (variance 1/18): 1/36 + 1/36.
    assert area.error == pytest.approx(math.sqrt(2 / 36))
    assert area.high == 1.0


def test_delong_says_what_it_cannot_say() -> None:
    perfect = delong.roc_area(np.array([3.0, 2, 1, 0]), np.array([1, 1, 0, 0], bool))
    assert (perfect.value, perfect.error) == (1.0, 0.0)
    assert math.isnan(perfect.low)
    assert math.isnan(delong.roc_area(np.array([3.0, 2, 1]), np.array([1, 0, 0], bool)).error)
    with pytest.raises(InputError, match="0 negative rows"):
        delong.roc_area(np.array([1.0]), np.array([True]))


@pytest.mark.slow
def test_delong_covers_the_true_area() -> None:
    """95 % of the intervals hold the area they estimate: 93 to 97 over 1,000 draws."""
    from scipy.stats import norm

    draw, held = np.random.default_rng(0), 0
    for _ in range(1000):
        scores = np.concatenate([draw.normal(1, 1, 60), draw.normal(0, 1, 90)])
        area = delong.roc_area(scores, np.arange(150) < 60)
        held += area.low <= norm.cdf(1 / math.sqrt(2)) <= area.high
    assert 930 <= held <= 970


def test_all_curves_of_a_table() -> None:
    predictions = label_table(120, 4)
    found = curves(predictions, resamples=FEWEST, seed=0)
    assert found is not None
    assert found.micro is not None
    assert found.macro is not None
    assert [one.name for one in found.each] == list(predictions.names)
    truth = np.array([predictions.names.index(t) for t in predictions.truth])
    shares = predictions.probabilities
    wanted = np.eye(4, dtype=bool)[truth]
    for average, area in (("macro", found.macro), ("micro", found.micro)):
        assert area.roc_area.value == pytest.approx(roc_auc_score(wanted, shares, average=average))
        assert area.average_precision.value == pytest.approx(average_precision_score(wanted, shares, average=average))
        assert area.roc_area.low < area.roc_area.value < area.roc_area.high
    for one in (*found.each, found.micro, found.macro):
        for band in (one.roc_band, one.precision_band):
            assert (band[:, 1] <= band[:, 2]).all()
            assert band.min() >= 0
            assert band.max() <= 1
    inside = at_grid(found.micro.roc[None], found.micro.roc_band[:, 0], step=False)[0]
    assert ((found.micro.roc_band[:, 1] <= inside + 1e-9) & (inside <= found.micro.roc_band[:, 2] + 1e-9)).mean() > 0.9


def test_two_classes_have_one_curve_and_delongs_interval() -> None:
    predictions = label_table(120, 2)
    found = curves(predictions, resamples=FEWEST, seed=0)
    assert found is not None
    assert (len(found.each), found.micro, found.macro, found.method) == (1, None, None, "DeLong")
    truth = np.array([t == predictions.names[1] for t in predictions.truth])
    area = delong.roc_area(predictions.probabilities[:, 1], truth)
    assert (found.each[0].roc_area.low, found.each[0].roc_area.high) == (area.low, area.high)


def test_sets_of_labels_have_a_curve_each_and_numbers_none() -> None:
    found = curves(labels_table(80, 3), resamples=FEWEST, seed=0)
    assert found is not None
    assert len(found.each) == 3
    assert found.method == "bootstrap"
    assert curves(score_table(20), seed=0) is None


def test_too_many_rows_are_not_resampled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("burnish.evaluation.curves.BUDGET", 1000)
    found = curves(label_table(90, 3), seed=0)
    assert found is not None
    assert found.resamples == 0
    assert len(found.each[0].roc_band) == 0
    assert math.isnan(found.each[0].roc_area.low)


def test_thresholds() -> None:
    sure, right = np.array([0.9, 0.8, 0.8, 0.3]), np.array([1.0, 1, 0, 0])
    steps = {one.threshold: one for one in by_confidence(sure, right, steps=11)}
    assert [(steps[t].rows, steps[t].right) for t in (0.0, 0.8, 0.9, 1.0)] == [(4, 2), (3, 2), (1, 1), (0, 0)]
    np.testing.assert_allclose(coverage(sure, right), [[0.25, 1], [0.75, 2 / 3], [1, 0.5]])
    half = by_probability(sure, right > 0, steps=3)[1]
    assert (half.precision, half.recall, half.f1) == pytest.approx((2 / 3, 1.0, 0.8))
    assert math.isnan(by_probability(sure, right > 0, steps=3)[2].precision)
    marked, others = histogram(sure, right > 0, bins=10)
    assert (marked[9], marked[8], others[8], others[3]) == (1, 1, 1, 1)
    assert histogram(np.array([1.0]), np.array([True]), bins=10)[0][9] == 1


def test_gain_and_lift_are_recall_and_precision() -> None:
    """Gain at a depth is scikit-learn's recall of the rows taken, lift their precision by the share of the class."""
    scores, positive = example()
    ranked = Sorted.of(scores, positive)
    points = gain(*ranked.totals(np.ones((1, len(scores)), np.int64)))[0]
    assert points[0].tolist() == [0, 0]
    assert points[-1].tolist() == [1, 1]
    lifted = lift(points)
    for threshold in np.unique(scores):
        taken = scores >= threshold
        place = int(np.flatnonzero(np.isclose(points[:, 0], taken.mean()))[0])
        assert points[place, 1] == pytest.approx(recall_score(positive, taken))
        expected = precision_score(positive, taken) / positive.mean()
        assert lifted[place - 1].tolist() == pytest.approx([taken.mean(), expected])


def test_gain_by_hand() -> None:
    """Four rows, two of the class; a tie in the middle: half of it is on the straight line."""
    points = gain(
        *Sorted.of(np.array([0.9, 0.5, 0.5, 0.1]), np.array([True, True, False, False])).totals(np.ones((1, 4)))
    )
    np.testing.assert_allclose(points[0], [[0, 0], [0.25, 0.5], [0.75, 1], [1, 1]])
    assert gain_at(points[0], 0.5) == pytest.approx(0.75)
    np.testing.assert_allclose(lift(points[0]), [[0.25, 2], [0.75, 4 / 3], [1, 1]])
    assert best(0.5).tolist() == [[0, 0], [0.5, 1], [1, 1]]


def test_bands_hold_the_gain_and_histograms_hold_all_rows() -> None:
    """Of each class and of both averages."""
    known = label_table(200, 3)
    found = curves(known, resamples=200, seed=0)
    assert found is not None
    assert found.micro is not None
    assert found.macro is not None
    for one in (*found.each, found.micro, found.macro):
        inside = [low - 1e-9 <= gain_at(one.gain, x) <= high + 1e-9 for x, low, high in one.gain_band]
        assert np.mean(inside) > 0.9
    for one in found.each:
        assert one.spread.sum(axis=1).tolist() == [one.positives, 200 - one.positives]
        k = known.names.index(one.name)
        of_it = np.array([t == one.name for t in known.truth])
        assert one.spread[0].tolist() == np.histogram(known.probabilities[of_it, k], 20, (0, 1))[0].tolist()
    assert found.micro.spread.sum() == 600
