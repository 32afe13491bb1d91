"""What of a score's variance comes from seeds and what from test rows: against an analysis of variance over rows."""

from __future__ import annotations

import numpy as np
import pytest

from burnish.core.errors import InputError
from burnish.core.predictions import Predictions
from burnish.evaluation.seed_variance import seed_variance
from burnish.metrics.accuracy import Accuracy
from tests.prediction_cases import table


def runs(seeds: int, rows: int, between: float, draw: np.random.Generator) -> tuple[list[Predictions], np.ndarray]:
    """Runs that are right by chance: rows differ in how hard they are, seeds by a constant; and which rows are right."""
    hard = draw.normal(0.5, 1.0, rows)
    right = np.stack([hard + draw.normal(0, between) + draw.normal(0, 0.5, rows) > 0 for _ in range(seeds)])
    return [table("label", ["a"] * rows, ["a" if yes else "b" for yes in one], [], ["a", "b"]) for one in right], right


def exact(right: np.ndarray) -> tuple[float, float, float]:
    """Variances of seeds, of rows and of both in a mean over rows: two crossed random factors (Searle 1971, chapter 9)."""
    values = right.astype(float)
    count, rows = values.shape
    of_seeds = rows * values.mean(1).var(ddof=1)
    of_rows = count * values.mean(0).var(ddof=1)
    left = values - values.mean(0) - values.mean(1, keepdims=True) + values.mean()
    both = (left**2).sum() / ((count - 1) * (rows - 1))
    return max(0, (of_seeds - both) / rows), max(0, (of_rows - both) / count / rows), both / rows


@pytest.mark.parametrize("between", [0.0, 0.6])
def test_it_is_the_analysis_of_variance_where_there_is_one(between: float) -> None:
    tables, right = runs(8, 400, between, np.random.default_rng(3))
    found = seed_variance(Accuracy(), tables, resamples=3000, seed=1)
    expected = exact(right)
    assert found.both == pytest.approx(expected[2], rel=0.08)
    assert found.rows == pytest.approx(expected[1], rel=0.12)
    assert found.seeds == pytest.approx(expected[0], rel=0.12, abs=2e-5)
    assert found.mean == pytest.approx(right.mean())
    assert sum(found.shares.values()) == pytest.approx(1)


def test_the_interval_is_students() -> None:
    tables, right = runs(5, 60, 0.5, np.random.default_rng(0))
    found, values = seed_variance(Accuracy(), tables, resamples=100), right.mean(1)
    half = 2.7764451 * values.std(ddof=1) / 5**0.5
    assert (found.low, found.high) == pytest.approx((values.mean() - half, values.mean() + half))
    assert found.deviation == pytest.approx(values.std(ddof=1))


def test_other_rows_and_one_run_are_refused() -> None:
    tables, _ = runs(2, 40, 0.5, np.random.default_rng(0))
    with pytest.raises(InputError, match="1 finished run"):
        seed_variance(Accuracy(), tables[:1])
    with pytest.raises(InputError, match="other rows"):
        seed_variance(Accuracy(), [tables[0], tables[1].take(np.arange(39))])
