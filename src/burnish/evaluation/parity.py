"""The gate: whether an exported model answers held-out rows as the trained one does."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from burnish.core.predictions import Predictions
from burnish.evaluation.compare import aligned, paired_difference
from burnish.evaluation.scores import finite
from burnish.metrics import Metric

LOST = 0.005  # of the deciding metric: half a point
TIES = {"float32": 1e-4, "float16": 2e-3}
"""How near two answers must be in probability for a flip between them to be a tie: float32 and float16 round so far."""
SHOWN = 50  # flips that are listed
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Flip:
    """A row that is answered otherwise.

    Attributes:
        row: its number in the split's table.
        truth, before, after: the truth and both answers.
        margin: how far the trained model was from the other answer in probability; None where it gives none.
    """

    row: int
    truth: Any
    before: Any
    after: Any
    margin: float | None


@dataclass(frozen=True)
class Parity:
    """What the rows say of an exported model.

    Attributes:
        rows: how many were answered.
        metric: the metric that decides.
        before, after, difference: its value for the trained and the exported model, and the second minus the first.
        low: with 95 % confidence the difference is not below this (of a metric of errors: its negative not above).
        flips: rows answered otherwise, all of them counted; `listed` holds the first 50.
        ties: how many flips lie within rounding.
        max_difference, mean_difference: of probabilities; for numbers in standard deviations of the answers.
        passed: whether it is within the bound.
        why: the reason where it is not.
    """

    rows: int
    metric: str
    before: float
    after: float
    difference: float
    low: float
    flips: int
    ties: int
    listed: list[Flip]
    max_difference: float
    mean_difference: float
    passed: bool
    why: str

    def as_values(self) -> dict[str, Any]:
        """As it is written to JSON; what is not a number becomes None."""
        return {k: finite(v) if isinstance(v, float) else v for k, v in asdict(self).items()}


def parity(
    before: Predictions, after: Predictions, metric: Metric, *, precision: str, seed: int, lost: float = LOST
) -> Parity:
    """Compare the answers of an exported model with those of the trained one.

    Two bounds: with 95 % confidence (one-sided, paired bootstrap of `metric`, 2,000 resamples) no more than `lost` is
    lost; and for float formats no decision changes but where two answers were equally likely within rounding.

    Args:
        before, after: both tables over the same rows.
        metric: what decides; in its own units.
        precision: of the artifact; float32 and float16 are float formats.
        seed: of the bootstrap.
        lost: the bound.
    """
    first, second = aligned(after, before)
    # The lower end of the middle 90 % is the bound that holds with 95 % confidence.
    found = paired_difference(metric, first, second, resamples=2000, seed=seed, level=2 * CONFIDENCE - 1)
    sign = 1 if metric.greater_is_better else -1
    low = found.low if metric.greater_is_better else -found.high
    tie = TIES.get(precision, 0.0)
    changed, distances = _changes(after, before, tie)
    flips = [_flip(after, before, int(i)) for i in np.flatnonzero(changed)]
    ties = sum(f.margin is not None and f.margin <= tie for f in flips)
    why = ""
    if precision in TIES and len(flips) > ties:
        why = f"{len(flips) - ties} decisions changed, which no rounding explains"
    elif not math.isfinite(low) or low < -lost:
        why = f"with 95 % confidence no more than {-low:.4f} of {metric.label} is lost; the bound is {lost}"
    return Parity(
        len(after),
        metric.label,
        metric.value(second),
        metric.value(first),
        sign * found.value,
        low,
        len(flips),
        ties,
        flips[:SHOWN],
        float(distances.max(initial=0.0)),
        float(distances.mean()) if len(distances) else 0.0,
        not why,
        why,
    )


def _changes(after: Predictions, before: Predictions, tie: float) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """[N] whether the decision changed, and [N] the largest difference of a row's probabilities."""
    if any(isinstance(answer, float) for answer in before.answer):  # numbers are never equal: they are near
        a, b = (np.array(p.answer, np.float64) for p in (after, before))
        distances = np.abs(a - b) / max(float(b.std()), 1e-12)
        return distances > max(tie, 0.05), distances
    changed = np.array([not _same(x, y) for x, y in zip(after.answer, before.answer, strict=True)], np.bool_)
    if before.probabilities.shape[1] == 0:
        return changed, np.zeros(0)
    return changed, np.abs(after.probabilities - before.probabilities).max(axis=1)


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, list) and isinstance(other, list):
        return one == other or (None not in one and sorted(map(str, one)) == sorted(map(str, other)))
    return bool(one == other)


def _flip(after: Predictions, before: Predictions, row: int) -> Flip:
    return Flip(
        int(before.table["row"][row].as_py()),
        before.truth[row],
        before.answer[row],
        after.answer[row],
        _margin(before, after, row),
    )


def _margin(before: Predictions, after: Predictions, row: int) -> float | None:
    """How much likelier the trained model found its answer than the other one."""
    if before.probabilities.shape[1] == 0:
        return None
    own, names = before.probabilities[row], list(before.names)
    if isinstance(before.answer[row], list):
        changed = set(before.answer[row]) ^ set(after.answer[row])
        return max(float(abs(own[names.index(name)] - 0.5)) for name in changed)
    return float(own[names.index(before.answer[row])] - own[names.index(after.answer[row])])
