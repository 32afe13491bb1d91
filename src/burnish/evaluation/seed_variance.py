"""How sure a score is: what of its variance comes from the seed, and what from which rows are in the test."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from burnish.core.errors import InputError
from burnish.core.predictions import Predictions
from burnish.counting.resampling import with_truth
from burnish.evaluation.intervals import draws
from burnish.metrics import Metric


@dataclass(frozen=True)
class SeedVariance:
    """The parts of the variance of one training's score on one test set (a model of two crossed random effects).

    Attributes:
        values: the score of each run on all rows.
        mean: of them.
        deviation: over runs, as it is seen: with n - 1.
        low, high: 95 % interval of the mean over seeds, for these test rows (Student's t).
        seeds: variance between seeds on endless test rows.
        rows: variance between test sets of this size for a network between all seeds.
        both: variance of what each seed has with each test set alone.
    """

    values: tuple[float, ...]
    mean: float
    deviation: float
    low: float
    high: float
    seeds: float
    rows: float
    both: float

    @property
    def shares(self) -> dict[str, float]:
        """Each part as a share of the three together; nan where nothing varies."""
        total = self.seeds + self.rows + self.both
        parts = {"seeds": self.seeds, "rows": self.rows, "both": self.both}
        return {name: part / total if total > 0 else math.nan for name, part in parts.items()}


def seed_variance(metric: Metric, runs: Sequence[Predictions], *, resamples: int = 1000, seed: int = 0) -> SeedVariance:
    """Take the variance of a score apart, from runs with other seeds on the same test rows.

    Rows, or groups of rows, are drawn anew (bootstrap), the same ones for each run. In the table of R runs times B draws,
    what is left beside the means of runs and of draws is the variance of `both`; the variance between the runs' scores holds
    it once, that between the means of draws an Rth of it, and so each is taken away. A part that comes out negative is 0.

    Args:
        metric: the score.
        runs: R >= 2 tables of predictions over the same rows.
        resamples, seed: of the draws.

    Raises:
        InputError: fewer than two runs, or runs over other rows.
    """
    from scipy import stats

    known = [with_truth(run) for run in runs]
    if len(known) < 2:
        raise InputError(f"{len(known)} finished run", expected="two or more: one run does not vary", place="seeds")
    rows = known[0].table["row"]
    if any(not other.table["row"].equals(rows) for other in known[1:]):
        raise InputError("the runs were tested on other rows", expected="the same test rows", fix="set split_seed")
    values = np.array([metric.value(run) for run in known])
    drawn = [
        np.stack([metric.resampled(run, counts) for run in known])
        for counts in draws(known[0].groups, len(known[0]), resamples=resamples, seed=seed)
    ]
    table = np.concatenate(drawn, axis=1)
    table = table[:, np.isfinite(table).all(axis=0)]
    count, draws_left = table.shape
    left = table - table.mean(0) - table.mean(1, keepdims=True) + table.mean()
    both = float((left**2).sum() / ((count - 1) * (draws_left - 1)))
    between = float(values.var(ddof=1))
    of_rows = float(table.mean(0).var(ddof=1)) - both / count
    half = float(stats.t.ppf(0.975, count - 1)) * math.sqrt(between / count)
    mean = float(values.mean())
    return SeedVariance(
        values=tuple(map(float, values)),
        mean=mean,
        deviation=math.sqrt(between),
        low=mean - half,
        high=mean + half,
        seeds=max(0.0, between - both),
        rows=max(0.0, of_rows),
        both=both,
    )
