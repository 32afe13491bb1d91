"""The gate: whether an exported model answers held-out rows as the trained one does."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from burnish.core.predictions import Predictions
from burnish.evaluation.compare import aligned, paired_difference
from burnish.evaluation.scores import finite
from burnish.media.transcript.edits import distance
from burnish.metrics import Metric
from burnish.targets import (
    Confident,
    Decoded,
    Target,
    Transcribed,
    abstains,
    linear_of,
    may_abstain,
    same,
    target_of,
)

LOST = 0.005  # of the deciding metric: half a point
TIES = {"float32": 1e-4, "float16": 2e-3}
"""How near two answers must be in probability for a flip between them to be a tie: float32 and float16 round so far."""
SHOWN = 50  # flips that are listed
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Flip:
    """A row that is answered otherwise.

    Attributes:
        row: its number in the split's table, counted from 1.
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
        changed_words, words: of transcripts, word edits between both answers, and words of the trained model's; else None.
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
    changed_words: int | None = None
    words: int | None = None

    def as_values(self) -> dict[str, Any]:
        """As it is written to JSON; what is not a number becomes None."""
        return {k: finite(v) if isinstance(v, float) else v for k, v in asdict(self).items()}


def parity(
    before: Predictions,
    after: Predictions,
    metric: Metric,
    *,
    target: Target,
    precision: str,
    seed: int,
    lost: float = LOST,
    margin: Callable[[int], float] | None = None,
) -> Parity:
    """Compare the answers of an exported model with those of the trained one.

    Two bounds: with 95 % confidence (one-sided, paired bootstrap of `metric`, 2,000 resamples) no more than `lost` is
    lost; and for float formats no decision changes but where two answers were equally likely within rounding.

    Args:
        before, after: both tables over the same rows.
        metric: what decides; in its own units.
        target: with the thresholds that its answers are decided by.
        precision: of the artifact; float32 and float16 are float formats.
        seed: of the bootstrap.
        lost: the bound.
        margin: of a row by its position, how near both answers were in probability, where the tables do not tell.
    """
    first, second = aligned(after, before)
    # The lower end of the middle 90 % is the bound that holds with 95 % confidence.
    difference = paired_difference(metric, first, second, resamples=2000, seed=seed, level=2 * CONFIDENCE - 1)
    sign = 1 if metric.greater_is_better else -1
    low = difference.low if metric.greater_is_better else -difference.high
    tie = TIES.get(precision, 0.0)
    changed, distances = _changes(after, before, target, tie)
    flips = [_flip(after, before, target, int(i), margin) for i in np.flatnonzero(changed)]
    ties = sum(f.margin is not None and f.margin <= tie for f in flips)
    why = ""
    if precision in TIES and len(flips) > ties:
        why = f"{len(flips) - ties} predictions changed, more than rounding explains"
    elif not math.isfinite(low) or low < -lost:
        way = "drop" if metric.greater_is_better else "rise"
        why = f"{metric.label} may {way} by {-low:.4f} (one-sided 95 % bound); the limit is {lost:g}"
    return Parity(
        len(after),
        metric.label,
        metric.value(second),
        metric.value(first),
        sign * difference.value,
        low,
        len(flips),
        ties,
        flips[:SHOWN],
        float(distances.max(initial=0.0)),
        float(distances.mean()) if len(distances) else 0.0,
        not why,
        why,
        *changed_words(before, after),
    )


def _changes(
    after: Predictions, before: Predictions, target: Target, tie: float
) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """[N] whether the decision changed, and [N] the largest difference of a row's probabilities."""
    if linear_of(target) == "numbers":
        a, b = (np.array(p.answer, np.float64) for p in (after, before))
        distances = np.abs(a - b) / max(float(b.std()), 1e-12)
        return distances > max(tie, 0.05), distances
    changed = np.array([not same(target, x, y) for x, y in zip(after.answer, before.answer, strict=True)], np.bool_)
    if before.probabilities.shape[1] == 0:
        return changed, np.zeros(0)
    if may_abstain(target):  # whether an answer is given is a decision as well
        both = zip(_decoded(after), _decoded(before), strict=True)
        changed |= np.array([abstains(target, x) != abstains(target, y) for x, y in both], np.bool_)
    return changed, np.abs(after.probabilities - before.probabilities).max(axis=1)


def _decoded(table: Predictions) -> Iterator[Decoded]:
    for answer, probabilities in zip(table.answer, table.probabilities, strict=True):
        yield Decoded(answer, probabilities.astype(np.float32))


def _flip(
    after: Predictions, before: Predictions, target: Target, row: int, told: Callable[[int], float] | None
) -> Flip:
    place = np.array([row])
    first, second = (next(_decoded(p.take(place))) for p in (before, after))
    then, now = (f"{d.answer} (abstained)" if abstains(target, d) else d.answer for d in (first, second))
    number = int(before.table["row"][row].as_py()) + 1
    if told is not None:
        return Flip(number, before.truth[row], then, now, told(row))
    margin = target.margin(first, second) if isinstance(target, Confident) else None
    return Flip(number, before.truth[row], then, now, margin)


def changed_words(before: Predictions, after: Predictions) -> tuple[int | None, int | None]:
    """Word edits between two tables of transcripts, and the words of the first; None of other answers.

    Texts are compared as they are judged: normalised.
    """
    target = target_of(before)
    if not isinstance(target, Transcribed):
        return None, None
    pairs = [(target.words(one), target.words(other)) for one, other in zip(before.answer, after.answer, strict=True)]
    return sum(distance(one, other) for one, other in pairs), sum(len(one) for one, _ in pairs)
