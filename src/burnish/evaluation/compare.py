"""Whether one set of answers is better than another on the same rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from burnish.core.errors import InputError
from burnish.core.predictions import Predictions
from burnish.counting.resampling import with_truth
from burnish.evaluation.intervals import percentiles, resampled
from burnish.metrics import Metric
from burnish.targets import is_exclusive, same, target_of

Shortfall = tuple[float, float, float]


@dataclass(frozen=True)
class Difference:
    """a minus b on the same rows.

    Attributes:
        value: metric of a minus metric of b.
        low: lower end of the interval of the difference.
        high: upper end.
        resamples: how many resamples gave a value for both.
        grouped: whether whole groups were drawn.
        better: True where a is better and the interval leaves out 0, False where b is, None where neither is shown, or better has
            no meaning.
        mcnemar: two-sided exact p of McNemar's test on right and wrong rows, where answers are one of the names; None for others.
    """

    value: float
    low: float
    high: float
    resamples: int
    grouped: bool
    better: bool | None
    mcnemar: float | None


def paired_difference(
    metric: Metric, a: Predictions, b: Predictions, *, resamples: int = 1000, seed: int, level: float = 0.95
) -> Difference:
    """The difference of a metric between two tables over the same rows (paired bootstrap, Berg-Kirkpatrick et al. 2012).

    Raises:
        InputError: the tables do not hold the same rows with the same truth.
    """
    return paired_differences([metric], a, b, resamples=resamples, seed=seed, level=level)[metric.label]


def shortfall(metric: Metric, best: Predictions, other: Predictions, *, resamples: int, seed: int) -> Shortfall:
    """By how much `other` is worse than `best`, with the ends of its interval: more is worse, whatever the metric."""
    found = paired_difference(metric, best, other, resamples=resamples, seed=seed)
    if metric.greater_is_better:
        return found.value, found.low, found.high
    return -found.value, -found.high, -found.low


def paired_differences(
    metrics: Sequence[Metric],
    a: Predictions,
    b: Predictions,
    *,
    resamples: int = 1000,
    seed: int,
    level: float = 0.95,
) -> dict[str, Difference]:
    """Several metrics over the same draws, by label; drawing as in `intervals.bootstrap`.

    Raises:
        InputError: the tables do not hold the same rows with the same truth.
    """
    first, second = aligned(a, b)

    def score(tables: Sequence[Predictions], counts: NDArray[np.int64]) -> dict[str, NDArray[np.float64]]:
        one, other = tables
        return {m.label: m.resampled(one, counts) - m.resampled(other, counts) for m in metrics}

    whole = {m.label: m.value(first) - m.value(second) for m in metrics}
    drawn = resampled([first, second], score, whole, resamples=resamples, seed=seed)
    p = mcnemar(first, second) if is_exclusive(target_of(first)) else None
    differences = {}
    for metric in metrics:
        low, high, defined = percentiles(drawn[metric.label], level)
        shown = defined and not low <= 0 <= high and metric.greater_is_better is not None
        better = (low > 0) == metric.greater_is_better if shown else None
        differences[metric.label] = Difference(
            whole[metric.label], low, high, defined, first.groups is not None, better, p
        )
    return differences


def aligned(a: Predictions, b: Predictions) -> tuple[Predictions, Predictions]:
    """Both tables with the rows that have truth, in the order of a.

    Raises:
        InputError: different targets, rows or labels.
    """
    if a.target != b.target:
        raise InputError(
            f"predictions for target {a.target!r} and for {b.target!r}", expected="the same target in both"
        )
    first, second = with_truth(a), with_truth(b)
    rows, others = first.table["row"].to_numpy(), second.table["row"].to_numpy()
    if len(rows) != len(others) or not np.array_equal(np.sort(rows), np.sort(others)):
        odd = sorted(set(rows.tolist()) ^ set(others.tolist()))
        raise InputError(
            f"{len(rows)} and {len(others)} labelled examples"
            + (f"; row {odd[0] + 1} is in one table only" if odd else ""),
            expected="predictions for the same examples of the same split",
            fix="predict the same file with both models",
        )
    if not np.array_equal(rows, others):
        order = np.argsort(others, kind="stable")
        second = second.take(order[np.argsort(np.argsort(rows, kind="stable"), kind="stable")])
    target = target_of(first)
    for row, mine, theirs in zip(rows, first.truth, second.truth, strict=True):
        if not same(target, mine, theirs):
            raise InputError(f"row {row + 1} has label {mine!r} in one table and {theirs!r} in the other")
    return first, second


def mcnemar(a: Predictions, b: Predictions) -> float:
    """Two-sided p of the exact test of McNemar (1947) on aligned tables; 1 where no row tells them apart."""
    from scipy.stats import binomtest

    only_first, only_second = (int(n) for n in discordant(a, b))
    if only_first + only_second == 0:
        return 1.0
    return float(binomtest(min(only_first, only_second), only_first + only_second, 0.5).pvalue)


def discordant(a: Predictions, b: Predictions) -> tuple[int, int]:
    """How many rows only a answered rightly, and how many only b."""
    right = [np.array([t == x for t, x in zip(p.truth, p.answer, strict=True)], np.bool_) for p in (a, b)]
    return int((right[0] & ~right[1]).sum()), int((~right[0] & right[1]).sum())


def as_values(difference: Difference) -> dict[str, Any]:
    """A difference as it is written to JSON; what is not a number becomes None."""
    numbers = {name: getattr(difference, name) for name in ("value", "low", "high", "mcnemar")}
    finite = {name: v if v is not None and np.isfinite(v) else None for name, v in numbers.items()}
    return {**finite, "better": difference.better, "resamples": difference.resamples, "grouped": difference.grouped}
