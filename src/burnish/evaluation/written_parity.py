"""Whether another computation of a model writes what the trained one writes: token for token, and by the score."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from burnish.core.predictions import Predictions
from burnish.evaluation.compare import aligned, paired_difference
from burnish.evaluation.parity import CONFIDENCE, LOST, changed_words
from burnish.evaluation.scores import finite
from burnish.metrics import Metric
from burnish.targets import Target

TIES = {"float32": 1e-3, "float16": 0.05, "bfloat16": 0.3}
"""How near two logits must be for either token to be right: so far these number types round over a deep network."""
SHOWN = 20
COARSE = ("stop_rate", "valid_json")
"""Scores that many a worse model reaches as well."""

Written = Mapping[int, Sequence[int]]
Gap = Callable[[int, Sequence[int], int], float]


@dataclass(frozen=True)
class Changed:
    """A prompt that is answered otherwise: file row from 1, both answers, and how far apart the logits of the first other
    token were in the trained network."""

    row: int
    before: str
    after: str
    gap: float


@dataclass(frozen=True)
class WrittenParity:
    """What held-out prompts say of an exported model.

    Attributes:
        rows: prompts that were answered.
        same: answers that are the same token for token.
        agreement: share of the tokens of the trained model's answers that stand before the first other one.
        ties: answers that part at a token of which the trained network was not sure within rounding.
        metric, before, after, difference, low: the score, its values, its change, and the bound that the change does not pass
            with 95 % confidence (one-sided): the lower one, of errors the upper one with the other sign.
        stop_rate, lengths: of trained and exported model: share of answers that ended by themselves; mean tokens.
        changed_words, words: of transcripts, word edits between both answers, and words of the trained model's; else None.
        listed: the first of those that changed.
        passed, why: whether it is within the bound, and why not.
    """

    rows: int
    same: int
    agreement: float
    ties: int
    metric: str
    before: float
    after: float
    difference: float
    low: float
    stop_rate: tuple[float, float]
    lengths: tuple[float, float]
    listed: list[Changed]
    passed: bool
    why: str
    changed_words: int | None = None
    words: int | None = None

    def as_values(self) -> dict[str, Any]:
        """As it is written to JSON."""
        return {k: finite(v) if isinstance(v, float) else v for k, v in asdict(self).items()}


def deciding_metric(metrics: Sequence[Metric], target: Target, before: Predictions) -> Metric:
    """The score by which exports are judged: the first of the headline that is of answers, and that the model has above 0.

    Of transcripts it is what decides of the target: errors, of which a good model may have none.
    """
    known = before.known
    decides = next((m for m in metrics if m.kind() == target.decides), None)
    if decides is not None and decides.greater_is_better is False and "nats" not in decides.columns:
        return decides
    of_answers = [m for m in metrics if not {"nats"} & set(m.columns) and m.greater_is_better and m.applies(known)]
    named = [m for kind in target.headline for m in of_answers if m.kind() == kind and m.kind() not in COARSE]
    return next((m for m in named if m.value(known) > 0), named[-1] if named else of_answers[0])


def written_parity(
    before: tuple[Predictions, Written],
    after: tuple[Predictions, Written],
    metric: Metric,
    gap: Gap,
    *,
    precision: str,
    seed: int,
    lost: float = LOST,
) -> WrittenParity:
    """Compare what two models wrote to the same prompts.

    Args:
        before, after: tables over the same rows, and the token ids of each row by its position.
        metric: what decides.
        gap: of a row, the tokens before and another token: how much greater the trained network's greatest logit is.
        precision: of the artifact; float formats must agree but for ties.
        seed: of the bootstrap.
        lost: of the metric, what may be lost.
    """
    rows = sorted(before[1])
    shares, same, ties, listed = [], 0, 0, []
    tie = TIES.get(precision, 0.0)
    for row in rows:
        then, now = list(before[1][row]), list(after[1][row])
        common = next((n for n, (a, b) in enumerate(zip(then, now, strict=False)) if a != b), min(len(then), len(now)))
        shares.append(common / len(then) if then else float(not now))
        if then == now:
            same += 1
            continue
        apart = gap(row, then[:common], now[common] if common < len(now) else -1)
        ties += apart <= tie
        said = [str(table[0].answer[row]) for table in (before, after)]
        listed.append(Changed(int(before[0].table["row"][row].as_py()) + 1, said[0], said[1], apart))
    first, second = aligned(after[0], before[0])
    difference, low = _change(metric, first, second, seed)
    why = ""
    if precision in TIES and same + ties < len(rows):
        why = f"{len(rows) - same - ties} of {len(rows)} answers differ by more than rounding explains"
    elif low < -lost:
        way = "rise" if metric.greater_is_better is False else "drop"
        why = f"{metric.label} may {way} by {-low:.4f} (one-sided 95 % bound); the limit is {lost:g}"
    return WrittenParity(
        len(rows),
        same,
        float(np.mean(shares)) if shares else 1.0,
        ties,
        metric.label,
        metric.value(second),
        metric.value(first),
        difference,
        low,
        (_mean(before[0], "stopped"), _mean(after[0], "stopped")),
        (_mean(before[0], "written"), _mean(after[0], "written")),
        listed[:SHOWN],
        not why,
        why,
        *changed_words(before[0], after[0]),
    )


def _change(metric: Metric, after: Predictions, before: Predictions, seed: int) -> tuple[float, float]:
    """How the score changed, and the bound that its loss does not pass; minus infinity where there is none."""
    change = paired_difference(metric, after, before, resamples=2000, seed=seed, level=2 * CONFIDENCE - 1)
    low = -change.high if metric.greater_is_better is False else change.low
    return change.value, low if math.isfinite(low) else -math.inf


def _mean(predictions: Predictions, column: str) -> float:
    values = predictions.numbers(column)
    return float(np.nanmean(values)) if np.isfinite(values).any() else math.nan
