"""Whether two sets of rows are alike, by a classifier that is asked to tell them apart.

Lopez-Paz and Oquab, "Revisiting Classifier Two-Sample Tests" (2017, arXiv:1610.06545): were they alike, a classifier would
be right for half of rows that it has not seen.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from burnish.core.collecting import importing
from burnish.core.seeds import generator

FEWEST = 40
"""Rows of the smaller set below which nothing can be said."""
MOST = 2_000
"""Rows of each set that are drawn at most."""


@dataclass(frozen=True)
class TwoSamples:
    """What was found.

    Attributes:
        rows: that the classifier was asked about, as many of either set.
        right: of them.
        accuracy, low, high: with the exact 95 % interval (Clopper and Pearson, 1934).
        p_value: of so many right answers or more, were the sets alike (exact binomial test).
        roc_auc: how well its probabilities order the rows; 0.5 is chance.
        telling: columns of the features with the largest weights.
    """

    rows: int
    right: int
    accuracy: float
    low: float
    high: float
    p_value: float
    roc_auc: float
    telling: tuple[int, ...] = ()

    def as_values(self) -> dict[str, Any]:
        """For JSON."""
        return {name: value for name, value in asdict(self).items() if name != "telling"}


def two_samples(one: Any, other: Any, seed: int, tell: int = 5) -> TwoSamples | None:
    """Fit a classifier on half of the rows, and ask it about the other half; None where there are too few.

    Args:
        one, other: features, [N, D] and [M, D], dense or sparse; columns of like size.
        seed: of which rows are drawn and which are asked about.
        tell: how many columns are named.
    """
    size = min(one.shape[0], other.shape[0], MOST)
    if size < FEWEST:
        return None
    left, right = (generator(seed, "two samples", i).permutation(x.shape[0])[:size] for i, x in enumerate((one, other)))
    half = size // 2
    learned = _stacked(one[left[:half]], other[right[:half]])
    asked = _stacked(one[left[half:]], other[right[half:]])
    said, weights = _answers(learned, np.repeat([0, 1], half), asked)
    truth = np.repeat([0, 1], size - half)
    correct = int(((said > 0) == truth).sum())
    return _judged(correct, said, truth, np.argsort(-np.abs(weights))[:tell])


def _judged(
    correct: int, said: NDArray[np.float64], truth: NDArray[np.int64], telling: NDArray[np.int64]
) -> TwoSamples:
    from scipy.stats import beta, binom, rankdata

    count = len(truth)
    low = float(beta.ppf(0.025, correct, count - correct + 1)) if correct else 0.0
    high = float(beta.ppf(0.975, correct + 1, count - correct)) if correct < count else 1.0
    others = int(truth.sum())
    # Mann and Whitney: the share of pairs that are in the right order.
    above = float(rankdata(said)[truth == 1].sum()) - others * (others + 1) / 2
    return TwoSamples(
        rows=count,
        right=correct,
        accuracy=correct / count,
        low=low,
        high=high,
        p_value=float(binom.sf(correct - 1, count, 0.5)),
        roc_auc=above / (others * (count - others)),
        telling=tuple(int(column) for column in telling),
    )


def _stacked(one: Any, other: Any) -> Any:
    if isinstance(one, np.ndarray):
        return np.concatenate([one, other])
    from scipy.sparse import vstack

    return vstack([one, other]).tocsr()


def _answers(learned: Any, truth: NDArray[np.int64], asked: Any) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Above 0 where the second set is said, and the weight of each column."""
    with importing():
        from sklearn.linear_model import LogisticRegression

    if isinstance(learned, np.ndarray):
        mean, spread = learned.mean(axis=0), learned.std(axis=0)
        scale = np.where(spread > 1e-9, 1 / np.maximum(spread, 1e-9), 0.0)
        learned, asked = (np.clip((x - mean) * scale, -10, 10) for x in (learned, asked))
    strength = 1.0 if not isinstance(learned, np.ndarray) else 0.01
    model = LogisticRegression(C=strength, max_iter=300).fit(learned, truth)
    return np.asarray(model.decision_function(asked), np.float64), np.asarray(model.coef_[0], np.float64)
