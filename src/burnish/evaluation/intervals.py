"""How far a score can be trusted: percentile bootstrap over rows, or over groups of rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from burnish.core.predictions import Predictions
from burnish.core.seeds import generator
from burnish.counting.resampling import with_truth
from burnish.evaluation import subsets
from burnish.metrics import Metric

BLOCK = 2_000_000
"""Counts held in memory at once: resamples x rows."""


@dataclass(frozen=True)
class Interval:
    """A value and the range in which the middle `level` of its resamples lies.

    Attributes:
        value: over all rows with truth; nan where the metric is not defined.
        low: lower end; nan where no resample gave a value.
        high: upper end.
        resamples: how many gave a value (a metric can be undefined on some, such as an AUC without positives).
        grouped: whether whole groups were drawn instead of rows.
    """

    value: float
    low: float
    high: float
    resamples: int
    grouped: bool


def draws(groups: Sequence[str | None] | None, rows: int, *, resamples: int, seed: int) -> Iterator[NDArray[np.int64]]:
    """How often each row is drawn, in blocks [R', N] that are bounded in memory and R = `resamples` together.

    Args:
        groups: group of each row, or None. Groups are drawn whole, because rows of one customer or document are not
            independent (cluster bootstrap, Davison and Hinkley 1997, section 3.8). A row without group is its own.
        rows: N.
        resamples: R.
        seed: the same seed and N give the same draws, whatever the size of the blocks.
    """
    stream = generator(seed, "bootstrap")
    member = np.arange(rows) if groups is None else group_numbers(groups)
    units = int(member.max()) + 1 if rows else 0
    size = max(1, min(resamples, BLOCK // max(1, rows)))
    for start in range(0, resamples if units else 0, size):
        count = min(size, resamples - start)
        drawn = np.stack([np.bincount(stream.integers(0, units, units), minlength=units) for _ in range(count)])
        yield drawn if groups is None else drawn[:, member]


def group_numbers(groups: Sequence[str | None]) -> NDArray[np.int64]:
    """[N] the number of each row's group, from 0 in the order of their appearance; a row without one is its own."""
    keys = [("row", i) if g is None else ("group", g) for i, g in enumerate(groups)]
    number = {key: i for i, key in enumerate(dict.fromkeys(keys))}
    return np.array([number[key] for key in keys], np.int64)


def percentiles(values: NDArray[np.float64], level: float) -> tuple[float, float, int]:
    """Lower and upper end of the middle `level` of the defined values, and how many those are."""
    defined = values[np.isfinite(values)]
    if not len(defined):
        return float("nan"), float("nan"), 0
    low, high = np.quantile(defined, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high), len(defined)


def interval_of_ratio(
    totals: NDArray[np.float64], sizes: NDArray[np.float64], *, resamples: int, seed: int, level: float = 0.95
) -> tuple[float, float]:
    """The interval of a sum over rows that is divided by another; rows are drawn anew, arguments as of `bootstrap`."""
    drawn = [(counts @ totals) / (counts @ sizes) for counts in draws(None, len(sizes), resamples=resamples, seed=seed)]
    low, high, _ = percentiles(np.concatenate([np.zeros(0), *drawn]), level)
    return low, high


def bootstrap(
    metric: Metric, predictions: Predictions, *, resamples: int = 1000, seed: int, level: float = 0.95
) -> Interval:
    """A metric with its interval (percentile bootstrap, Efron 1979).

    Args:
        metric: any metric defined for the target of the table.
        predictions: the table; rows without truth are left out, groups are drawn whole where there are any.
        resamples: how many times the rows are drawn anew.
        seed: of the draws.
        level: share of the resamples that lies inside.
    """
    return bootstrap_all([metric], predictions, resamples=resamples, seed=seed, level=level)[metric.label]


Scored = Callable[[Sequence[Predictions], NDArray[np.int64]], dict[str, NDArray[np.float64]]]
"""Tables of the same rows and counts [R, N] to values [R] by name."""


def resampled(
    tables: Sequence[Predictions], score: Scored, whole: Mapping[str, float], *, resamples: int, seed: int
) -> dict[str, NDArray[np.float64]]:
    """Values of resamples of tables, by name: of all rows, or of large tables of their subsets (see `subsets`).

    Args:
        tables: of the same N rows with truth, in the same order.
        score: what is computed of each draw.
        whole: the values of all rows, each counted once.
        resamples, seed: of the draws.
    """
    first = tables[0]
    member = np.arange(len(first)) if first.groups is None else group_numbers(first.groups)
    found: dict[str, list[NDArray[np.float64]]] = {label: [np.zeros(0)] for label in whole}
    if subsets.in_subsets(first, member):
        for rows, blocks in subsets.subset_draws(member, resamples=resamples, seed=seed):
            some = subsets.taken(tables, rows)
            center = score(some, np.ones((1, len(rows)), np.int64))
            for counts in blocks:
                for label, values in subsets.moved(whole, center, score(some, counts)).items():
                    found[label].append(values)
    else:
        for counts in draws(first.groups, len(first), resamples=resamples, seed=seed):
            for label, values in score(tables, counts).items():
                found[label].append(values)
    return {label: np.concatenate(values) for label, values in found.items()}


def bootstrap_all(
    metrics: Sequence[Metric], predictions: Predictions, *, resamples: int = 1000, seed: int, level: float = 0.95
) -> dict[str, Interval]:
    """Several metrics over the same draws, by label."""
    known = with_truth(predictions)

    def score(tables: Sequence[Predictions], counts: NDArray[np.int64]) -> dict[str, NDArray[np.float64]]:
        return {metric.label: metric.resampled(tables[0], counts) for metric in metrics}

    whole = {metric.label: metric.value(known) for metric in metrics}
    drawn = resampled([known], score, whole, resamples=resamples, seed=seed)
    intervals = {}
    for metric in metrics:
        low, high, defined = percentiles(drawn[metric.label], level)
        value = whole[metric.label]
        if value in (0.0, 1.0) and (judged := metric.share_of(known)) is not None:
            low, high = of_all_alike(value, judged, known.groups, level)
        elif metric.greater_is_better and low == high == value == 1.0:
            low, high = float("nan"), float("nan")
        intervals[metric.label] = Interval(value, low, high, defined, known.groups is not None)
    return intervals


def of_all_alike(
    share: float, judged: NDArray[np.bool_], groups: Sequence[str | None] | None, level: float
) -> tuple[float, float]:
    """The exact interval (Clopper and Pearson 1934) of a share of rows that is 1 or 0, over the rows or groups drawn.

    Every resample is as perfect (or as wrong) as the table, and says nothing about new rows. Of other scores than shares
    no such interval is known.
    """
    member = np.arange(len(judged)) if groups is None else group_numbers(groups)
    end = ((1 - level) / 2) ** (1 / len(np.unique(member[judged])))
    return (end, 1.0) if share else (0.0, 1 - end)
