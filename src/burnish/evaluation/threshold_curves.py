"""What a threshold on a probability would do, over all thresholds, and how probabilities are spread."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from burnish.counting.calibration import least_errors

STEPS = 101


@dataclass(frozen=True)
class Answered:
    """If only predictions at or above a confidence were given: how many of the rows, and how many of these right."""

    threshold: float
    rows: int
    right: int


@dataclass(frozen=True)
class Decided:
    """If the class were given from a probability on: precision (nan where it is never given), recall and F1."""

    threshold: float
    precision: float
    recall: float
    f1: float


def by_confidence(sure: NDArray[np.float64], right: NDArray[np.float64], steps: int = STEPS) -> list[Answered]:
    """Risk and coverage at even thresholds from 0 to 1.

    Args:
        sure: [N] probability of each prediction.
        right: [N] 1 where it is right.
        steps: how many thresholds.
    """
    order = np.argsort(-sure, kind="stable")
    falling, hits = -sure[order], np.concatenate([[0], np.cumsum(right[order])])
    made = []
    for threshold in np.linspace(0.0, 1.0, steps):
        rows = int(np.searchsorted(falling, -threshold + 1e-12, side="right"))
        made.append(Answered(float(threshold), rows, int(hits[rows])))
    return made


def coverage(sure: NDArray[np.float64], right: NDArray[np.float64]) -> NDArray[np.float64]:
    """[T, 2] share answered, rising, and the share of right ones among these, if only the surest predictions are given.

    Rows of one confidence are answered together; arguments as of `by_confidence`.
    """
    order = np.argsort(-sure, kind="stable")
    falling, hits = sure[order], np.cumsum(right[order])
    ends = np.flatnonzero(np.append(falling[1:] < falling[:-1], True))
    return np.stack([(ends + 1) / len(sure), hits[ends] / (ends + 1)], axis=1)


def risk_by_coverage(sure: NDArray[np.float64], right: NDArray[np.float64]) -> NDArray[np.float64]:
    """[T, 2] share answered, rising, and the share of wrong ones among these (El-Yaniv and Wiener 2010); as of `coverage`."""
    points = coverage(sure, right)
    return np.stack([points[:, 0], 1 - points[:, 1]], axis=1)


def least_risk(right: NDArray[np.float64]) -> NDArray[np.float64]:
    """[N + 1, 2] the same of the best order there is: all right answers first; from nothing answered on."""
    shares = np.arange(1, len(right) + 1)
    return np.stack([np.append(0.0, shares / len(right)), np.append(0.0, least_errors(right) / shares)], axis=1)


def by_probability(scores: NDArray[np.float64], positive: NDArray[np.bool_], steps: int = STEPS) -> list[Decided]:
    """Precision, recall and F1 of a class at even thresholds from 0 to 1; [N] probabilities, and which rows are of it."""
    total, made = int(positive.sum()), []
    for one in by_confidence(scores, positive.astype(np.float64), steps):
        precision = one.right / one.rows if one.rows else float("nan")
        recall = one.right / total if total else float("nan")
        made.append(Decided(one.threshold, precision, recall, 2 * one.right / max(1, one.rows + total)))
    return made


def histogram(
    values: NDArray[np.float64], marked: NDArray[np.bool_], bins: int = 20
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """How many marked and how many other values lie in each of equal bins from 0 to 1, [bins] each; 1 is in the last."""
    number = np.clip((values * bins).astype(np.int64), 0, bins - 1)
    return np.bincount(number[marked], minlength=bins), np.bincount(number[~marked], minlength=bins)
