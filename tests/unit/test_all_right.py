"""Perfect scores and models that always say the same are not praised by their intervals."""

from __future__ import annotations

import math
from typing import Any, cast

import pytest

from burnish.core.component import build
from burnish.core.predictions import Predictions
from burnish.evaluation.intervals import bootstrap_all
from burnish.metrics import Metric
from burnish.report.summary import all_alike
from burnish.stages.train.doubts import one_for_all
from tests.prediction_cases import table as made


def table(truth: list[str], answer: list[str]) -> Predictions:
    return made("label", truth, answer, [[float(a == name) for name in "ab"] for a in answer], ["a", "b"])


def metrics() -> list[Metric]:
    return [cast(Metric, build("burnish.metrics", kind)) for kind in ("accuracy", "matthews")]


@pytest.mark.parametrize("rows", [20, 80])
def test_no_error_on_few_rows_has_an_exact_interval_and_no_other(rows: int) -> None:
    truth = ["a", "b"] * (rows // 2)
    intervals = bootstrap_all(metrics(), table(truth, truth), resamples=50, seed=0)
    assert intervals["accuracy"].low == pytest.approx(0.025 ** (1 / rows))
    assert intervals["accuracy"].high == 1.0
    assert math.isnan(intervals["matthews"].low)
    upside_down = bootstrap_all(metrics(), table(truth, truth[1:] + truth[:1]), resamples=50, seed=0)
    assert (upside_down["accuracy"].low, upside_down["accuracy"].value) == (0.0, 0.0)
    assert upside_down["accuracy"].high == pytest.approx(1 - 0.025 ** (1 / rows))
    wrong = bootstrap_all(metrics(), table(truth, [*truth[:-1], "a"]), resamples=50, seed=0)
    assert wrong["accuracy"].low < wrong["accuracy"].value < 1.0


def result(**classes: tuple[int, int]) -> dict[str, Any]:
    per_class = {name: {"support": support, "answered": answered} for name, (support, answered) in classes.items()}
    return {
        "per_class": per_class,
        "metrics": {"accuracy": {"value": 0.5, "low": 0.4}},
        "rows": 8,
        "rows_without_truth": 0,
    }


def test_a_model_that_always_says_the_same_is_named() -> None:
    (said,) = one_for_all(result(spam=(3, 8), ham=(5, 0)))
    assert "every prediction is 'spam'" in said
    assert list(one_for_all(result(spam=(3, 1), ham=(5, 7)))) == []
    (said,) = one_for_all(result(person=(3, 0), place=(5, 0)))
    assert "nothing is predicted" in said


def perfect(value: float, low: float, high: float, grouped: bool = False) -> dict[str, Any]:
    metrics = {"accuracy": {"value": value, "low": low, "high": high}}
    return {**result(), "metrics": metrics, "bootstrap": {"level": 0.95, "grouped": grouped}}


def test_a_perfect_score_is_qualified_by_the_interval_in_the_scores() -> None:
    said = all_alike(perfect(1.0, 0.955, 1.0)) or ""
    assert "all 8 test examples are right" in said
    assert "at least 0.955 (exact 95 % CI)" in said
    assert "(exact 95 % CI over groups)" in (all_alike(perfect(1.0, 0.8, 1.0, grouped=True)) or "")
    assert "all 8 test examples are wrong" in (all_alike(perfect(0.0, 0.0, 0.2)) or "")
    assert "at most 0.200" in (all_alike(perfect(0.0, 0.0, 0.2)) or "")


def test_no_interval_no_sentence() -> None:
    """Also of scores by burnish 0.7.0, whose interval of a perfect accuracy had no width."""
    assert all_alike(result()) is None
    assert all_alike(perfect(1.0, 1.0, 1.0)) is None
