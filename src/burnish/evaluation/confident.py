"""Labels that are probably wrong: confident learning over probabilities by models that have not seen the row.

Northcutt, Jiang and Chuang, "Confident Learning: Estimating Uncertainty in Dataset Labels" (2021, arXiv:1911.00068), as the
library cleanlab computes it.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from burnish.core.collecting import importing
from burnish.core.errors import InputError

FAR = 4.0
"""Numbers whose error is so many times the usual one (median absolute error over 0.6745) are suspect."""


@dataclass(frozen=True)
class Doubts:
    """What is said of N labels.

    Attributes:
        quality: [N] from 0, surely wrong, to 1, surely right; rows are ranked by it. 1 where there is no label.
        wrong: [N] whether confident learning counts the label among the wrong ones.
        suggested: [N] the class, the number, or [N, C] for sets which names, that the probabilities speak for.
    """

    quality: NDArray[np.float64]
    wrong: NDArray[np.bool_]
    suggested: NDArray[Any]


def doubted_names(labels: NDArray[np.int64], shares: NDArray[Any]) -> Doubts:
    """Of rows with one class each.

    Args:
        labels: [N] class numbers, -1 where there is none.
        shares: [N, C] probabilities, each by a model that was not fitted on the row.
    """
    quality, wrong = np.ones(len(labels)), np.zeros(len(labels), np.bool_)
    suggested = shares.argmax(axis=1) if len(shares) else np.zeros(0, np.int64)
    known = np.flatnonzero(labels >= 0)
    there, numbers = np.unique(labels[known], return_inverse=True)
    if len(there) > 1:
        filters, ranking = _cleanlab()
        # Classes without a label in these rows have nothing that could be confused with them.
        kept = np.clip(shares[known][:, there].astype(np.float64), 1e-9, None)
        kept /= kept.sum(axis=1, keepdims=True)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            quality[known] = ranking.get_label_quality_scores(numbers, kept, method="self_confidence")
            wrong[known] = filters.find_label_issues(numbers, kept, filter_by="prune_by_noise_rate", n_jobs=1)
    return Doubts(quality, wrong & (suggested != labels), suggested)


def doubted_sets(labels: NDArray[np.bool_], known: NDArray[np.bool_], shares: NDArray[Any]) -> Doubts:
    """Of rows with a set of names each: every name is judged by itself, and a row is as good as its worst name.

    Args:
        labels: [N, C] which names a row has.
        known: [N] whether it has a truth.
        shares: [N, C] the probability of each name.
    """
    quality, wrong = np.ones(len(labels)), np.zeros(len(labels), np.bool_)
    suggested = labels.copy()
    for name in range(labels.shape[1]):
        truth = np.where(known, labels[:, name].astype(np.int64), -1)
        one = doubted_names(truth, np.stack([1 - shares[:, name], shares[:, name]], axis=1))
        quality = np.minimum(quality, one.quality)
        wrong |= one.wrong
        suggested[one.wrong, name] = one.suggested[one.wrong].astype(np.bool_)
    return Doubts(quality, wrong, suggested)


def doubted_numbers(truths: NDArray[np.float64], predicted: NDArray[np.float64]) -> Doubts:
    """Of rows with a number each: by how far it lies from a prediction that has not seen it, beside the usual error.

    Args:
        truths: [N], not a number where there is none.
        predicted: [N].
    """
    error = np.abs(truths - predicted)
    known = np.isfinite(error)
    usual = float(np.median(error[known])) / 0.6745 if known.any() else 0.0
    far = np.where(known, error / max(usual, 1e-12), 0.0)
    return Doubts(np.exp(-far / FAR), known & (far > FAR), predicted)


def _cleanlab() -> tuple[Any, Any]:
    try:
        with importing():
            from cleanlab import filter as filters
            from cleanlab import rank
    except ImportError as error:
        raise InputError(
            "wrong labels are found with the package cleanlab",
            fix="pip install 'burnish[audit]', or audit.label_errors=false",
        ) from error
    return filters, rank
