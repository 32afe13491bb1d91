"""Measures of confidence by hand, and the Brier score in parts."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import brier_score_loss

from burnish.core.component import build
from burnish.core.predictions import Predictions
from burnish.counting.calibration import equal_mass
from burnish.evaluation.brier_parts import brier_parts
from burnish.metrics.brier import Brier
from tests.prediction_cases import label_table, table


def value(kind: str, predictions: Predictions, **settings: int) -> float:
    return build("burnish.metrics", {"kind": kind, **settings}).value(predictions)  # type: ignore[attr-defined,no-any-return]


def two(sure: list[float], right: list[int]) -> Predictions:
    """Answers of two classes with such confidences."""
    truth = ["a" if hit else "b" for hit in right]
    return table("label", truth, ["a"] * len(sure), [[s, 1 - s] for s in sure], ["a", "b"])


def test_area_under_risk_by_hand() -> None:
    """Right, wrong, right, wrong: risks 0, 1/2, 1/3, 1/2; at best 0, 0, 1/3, 1/2."""
    found = two([0.9, 0.8, 0.7, 0.6], [1, 0, 1, 0])
    assert value("risk_coverage_area", found) == pytest.approx(1 / 3)
    assert value("excess_risk_coverage_area", found) == pytest.approx(1 / 3 - 5 / 24)


def test_equal_confidences_count_as_in_any_order() -> None:
    """The mean over both orders of the two in the middle: risks 0, 1/4, 1/3, 1/2."""
    found = two([0.9, 0.7, 0.7, 0.6], [1, 1, 0, 0])
    assert value("risk_coverage_area", found) == pytest.approx((0 + 1 / 4 + 1 / 3 + 1 / 2) / 4)


def test_wrong_answers_that_are_least_sure_leave_no_excess() -> None:
    assert value("excess_risk_coverage_area", two([0.9, 0.8, 0.7, 0.6], [1, 1, 0, 0])) == pytest.approx(0)


def test_bins_of_equal_mass() -> None:
    """Three rows each; equal values are never parted, and then there are fewer bins."""
    assert equal_mass(np.array([0.1, 0.9, 0.5, 0.2, 0.8, 0.6]), 3).tolist() == [0, 2, 1, 0, 2, 1]
    assert equal_mass(np.array([0.5, 0.5, 0.5, 0.5, 0.9, 0.6]), 3).tolist() == [0, 0, 0, 0, 1, 1]
    assert equal_mass(np.array([0.5, 0.5]), 15).tolist() == [0, 0]


def test_adaptive_error_by_hand() -> None:
    """Two bins of two: |0.65 - 0.5| and |0.85 - 1|, both weighing a half."""
    assert value("adaptive_calibration_error", two([0.6, 0.7, 0.8, 0.9], [1, 0, 1, 1]), bins=2) == pytest.approx(0.15)


def test_classwise_error_by_hand() -> None:
    """One bin: probabilities of a 0.75 on average and half of them true, of b 0.25 and a half."""
    found = two([0.6, 0.7, 0.8, 0.9], [1, 0, 1, 0])
    assert value("classwise_calibration_error", found, bins=1) == pytest.approx(0.25)


def test_debiased_error_by_hand() -> None:
    """One bin of five rows: (0.8 - 0.4)^2 less 0.4 * 0.6 / 4."""
    found = two([0.8] * 5, [1, 0, 1, 0, 0])
    assert value("debiased_calibration_error", found) == pytest.approx((0.16 - 0.06) ** 0.5)


def test_perfect_probabilities_have_no_debiased_error_on_average() -> None:
    """Of 200 tables of 300 rows the mean square is near 0, where that of the plain error is far above."""
    random, plain, debiased = np.random.default_rng(0), [], []
    for _ in range(200):
        sure = random.uniform(0.5, 1, 300)
        found = two(sure.tolist(), (random.random(300) < sure).astype(int).tolist())
        plain.append(value("adaptive_calibration_error", found))
        debiased.append(value("debiased_calibration_error", found))
    assert np.mean(plain) > 0.05
    assert np.median(debiased) < 0.03


def test_brier_score_in_parts_by_hand() -> None:
    """Murphy 1973: ten forecasts of 0.2 of which three came true, ten of 0.8 of which seven did; bins hold one value each.

    Reliability (0.2 - 0.3)^2 = (0.8 - 0.7)^2 = 0.01, resolution (0.3 - 0.5)^2 = 0.04, uncertainty 0.25.
    """
    true = [1] * 3 + [0] * 7 + [1] * 7 + [0] * 3
    shares = [0.2] * 10 + [0.8] * 10
    found = table("label", ["y" if t else "n" for t in true], ["y"] * 20, [[1 - s, s] for s in shares], ["n", "y"])
    parts = brier_parts(found, bins=2)
    assert parts is not None
    assert (parts.reliability, parts.resolution, parts.uncertainty) == pytest.approx((0.01, 0.04, 0.25), abs=1e-6)
    assert parts.within_bins == pytest.approx(0, abs=1e-6)
    assert parts.brier == pytest.approx(brier_score_loss(true, shares), abs=1e-6) == pytest.approx(0.22, abs=1e-6)


@pytest.mark.parametrize("classes", [2, 5])
@pytest.mark.parametrize("strange", [False, True])
def test_parts_add_up(classes: int, strange: bool) -> None:
    """To the score itself, with values that differ inside bins and labels that nobody knows."""
    found = label_table(200, classes, 3, strange)
    parts = brier_parts(found)
    assert parts is not None
    whole = parts.reliability - parts.resolution + parts.uncertainty + parts.within_bins
    assert parts.brier == pytest.approx(Brier().value(found), abs=1e-9) == pytest.approx(whole, abs=1e-9)
    assert min(parts.reliability, parts.resolution, parts.uncertainty) >= 0


def test_nothing_to_part() -> None:
    assert brier_parts(table("label", ["a"], ["a"], [], ["a", "b"])) is None
