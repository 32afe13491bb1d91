"""Areas under curves for many resamples at once: rows sorted once, then cumulative counts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from burnish.core.predictions import Predictions
from burnish.counting.classes import cells, label_sets
from burnish.counting.resampling import Counts, Values, remembered
from burnish.targets import is_exclusive, target_of


@dataclass(frozen=True)
class Ranking:
    """The rows of one class sorted by falling probability, and the ties its P positives lie in.

    Attributes:
        order: [N] rows, most probable first.
        where: [P] positions of the positives in that order.
        cuts: [S] positions at which a tie that holds a positive begins or ends, rising.
        first: [P] which cut the tie of each positive begins at.
        last: [P] which cut it ends at (exclusive).
        first_positive: [P] how many positives lie before its beginning.
        last_positive: [P] how many lie before its end.
    """

    order: NDArray[np.int64]
    where: NDArray[np.int64]
    cuts: NDArray[np.int64]
    first: NDArray[np.int64]
    last: NDArray[np.int64]
    first_positive: NDArray[np.int64]
    last_positive: NDArray[np.int64]


def rank(scores: Values, positive: NDArray[np.bool_]) -> Ranking:
    """Sort N scores; `positive` says which rows are of the class."""
    order = np.argsort(-scores, kind="stable")
    falling = -scores[order]
    where = np.flatnonzero(positive[order])
    first = np.searchsorted(falling, falling[where], side="left")
    last = np.searchsorted(falling, falling[where], side="right")
    cuts = np.unique(np.concatenate([first, last]))
    return Ranking(
        order,
        where,
        cuts,
        np.searchsorted(cuts, first),
        np.searchsorted(cuts, last),
        np.searchsorted(where, first),
        np.searchsorted(where, last),
    )


def rankings(known: Predictions) -> list[Ranking]:
    """One for each class; for two exclusive classes only that of the second, which says it all."""
    return remembered(known, "rankings", _rankings)


def _rankings(known: Predictions) -> list[Ranking]:
    truth, chosen = positives(known)
    return [rank(known.probabilities[:, k], truth[:, place]) for place, k in enumerate(chosen)]


def positives(known: Predictions) -> tuple[NDArray[np.bool_], list[int]]:
    """[N, K] which rows are of each class, and the columns of the probabilities that belong to them."""
    classes = known.probabilities.shape[1]
    if not is_exclusive(target_of(known)):
        return label_sets(known).truth[:, :classes], list(range(classes))
    chosen = list(range(classes)) if classes != 2 else [1]
    return cells(known).truth[:, None] == np.array(chosen), chosen


Area = Callable[[Ranking, NDArray[np.int32]], Values]


def macro(known: Predictions, counts: Counts, area: Area) -> Values:
    """The mean of an area over the classes for which it is defined, [R]; nan where it is for none."""
    if not np.isfinite(known.probabilities).all():
        return np.full(len(counts), np.nan)
    total, defined = np.zeros(len(counts)), np.zeros(len(counts))
    # Rows first: sorting the rows then copies whole lines of memory.
    drawn = np.ascontiguousarray(counts.T, dtype=np.int32)
    for values in _areas(rankings(known), drawn, area):
        finite = np.isfinite(values)
        total += np.where(finite, values, 0.0)
        defined += finite
    return total / np.where(defined > 0, defined, np.nan)


def _areas(rankings: list[Ranking], drawn: NDArray[np.int32], area: Area) -> Iterator[Values]:
    for ranking in rankings:
        yield area(ranking, drawn[ranking.order])


def roc_area(ranking: Ranking, drawn: NDArray[np.int32]) -> Values:
    """The chance that a positive is ranked above a negative, ties half; nan without positives or negatives.

    Args:
        ranking: of P positives among N rows.
        drawn: [N, R], how often each row was drawn, in the order of the ranking.
    """
    positive = drawn[ranking.where]
    positives = positive.sum(axis=0, dtype=np.float64)
    negatives = drawn.sum(axis=0) - positives
    before, before_positive = _before_cuts(drawn, ranking.cuts), _cumulative(positive)
    above = before[ranking.first] - before_positive[ranking.first_positive]
    above_or_tied = before[ranking.last] - before_positive[ranking.last_positive]
    lost = np.einsum("pr,pr->r", positive, above + above_or_tied, dtype=np.float64) / 2
    return np.where((positives > 0) & (negatives > 0), 1.0 - lost / (positives * negatives), np.nan)


def precision_area(ranking: Ranking, drawn: NDArray[np.int32]) -> Values:
    """Average precision: the precision at each positive's probability, averaged over positives; nan without any.

    Args:
        ranking: of P positives among N rows.
        drawn: [N, R], how often each row was drawn, in the order of the ranking.
    """
    positive = drawn[ranking.where]
    positives = positive.sum(axis=0, dtype=np.float64)
    right = _cumulative(positive)[ranking.last_positive]
    answered = _before_cuts(drawn, ranking.cuts)[ranking.last]
    precision = right / np.maximum(answered, 1)
    return np.where(positives > 0, np.einsum("pr,pr->r", positive, precision) / positives, np.nan)


def _cumulative(drawn: NDArray[np.int32]) -> NDArray[np.int64]:
    """[P, R] to [P + 1, R]: how many were drawn before each."""
    sums = np.zeros((len(drawn) + 1, drawn.shape[1]), np.int64)
    np.cumsum(drawn, axis=0, out=sums[1:])
    return sums


def _before_cuts(drawn: NDArray[np.int32], cuts: NDArray[np.int64]) -> NDArray[np.int64]:
    """[N, R] to [S, R]: how many were drawn before each cut. Sums between cuts come first: positives are mostly few."""
    if not len(cuts):
        return np.zeros((0, drawn.shape[1]), np.int64)
    inside = cuts[cuts < len(drawn)]
    starts = inside if len(inside) and inside[0] == 0 else np.concatenate([[0], inside])
    sums = np.zeros((len(starts) + 1, drawn.shape[1]), np.int64)
    np.cumsum(np.add.reduceat(drawn, starts, axis=0, dtype=np.int64), axis=0, out=sums[1:])
    return sums[np.searchsorted(starts, cuts)]
