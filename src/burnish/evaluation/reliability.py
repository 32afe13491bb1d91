"""Calibration in bins: how often answers of a certain confidence are right."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from burnish.core.predictions import Predictions
from burnish.counting.calibration import confidence
from burnish.counting.resampling import remembered, with_truth


@dataclass(frozen=True)
class Bin:
    """Answers whose confidence lies in (start, end].

    Attributes:
        start: lower edge.
        end: upper edge.
        rows: how many answers.
        confidence: their mean confidence; nan without rows.
        accuracy: the share of them that is right; nan without rows.
        low: lower end of the 95 % Wilson interval of that share.
        high: upper end.
    """

    start: float
    end: float
    rows: int
    confidence: float
    accuracy: float
    low: float
    high: float


def bins(predictions: Predictions, count: int = 15) -> list[Bin]:
    """Equal bins of confidence over a `label` table with probabilities; empty where there is nothing to bin."""
    return remembered(with_truth(predictions), f"bins {count}", lambda known: _bins(known, count))


def _bins(known: Predictions, count: int) -> list[Bin]:
    if not len(known) or not known.probabilities.shape[1]:
        return []
    sure, right = confidence(known)
    if not np.isfinite(sure).all():
        return []
    number = np.clip(np.ceil(sure * count).astype(np.int64) - 1, 0, count - 1)
    binned = []
    for i in range(count):
        inside = number == i
        rows = int(inside.sum())
        share = float(right[inside].mean()) if rows else math.nan
        low, high = wilson(share, rows) if rows else (math.nan, math.nan)
        mean = float(sure[inside].mean()) if rows else math.nan
        binned.append(Bin(i / count, (i + 1) / count, rows, mean, share, low, high))
    return binned


def agreement(bars: Sequence[Bin]) -> tuple[float, float] | None:
    """Mean confidence and accuracy over all answers in bins; None where there are none."""
    filled = [b for b in bars if b.rows]
    rows = sum(b.rows for b in filled)
    if not rows:
        return None
    return sum(b.confidence * b.rows for b in filled) / rows, sum(b.accuracy * b.rows for b in filled) / rows


def wilson(share: float, rows: int, z: float = 1.959964) -> tuple[float, float]:
    """The interval of a share of `rows` (Wilson 1927); unlike a bootstrap it says something when all are right."""
    middle = (share + z * z / (2 * rows)) / (1 + z * z / rows)
    half = z * math.sqrt(share * (1 - share) / rows + z * z / (4 * rows * rows)) / (1 + z * z / rows)
    return max(0.0, middle - half), min(1.0, middle + half)
