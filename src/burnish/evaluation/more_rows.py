"""Whether more training rows would help, from scores with fewer."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import mean, stdev


@dataclass(frozen=True)
class Point:
    """A score on validation after training on a part of the rows.

    Attributes:
        share: of the training rows.
        rows: how many that are.
        seed: of the run.
        metric: name of the score.
        value: of it.
        greater_is_better: whether more is better.
        noise: standard error of the score over the validation rows; 0 where it is not known.
    """

    share: float
    rows: int
    seed: int
    metric: str
    value: float
    greater_is_better: bool
    noise: float


@dataclass(frozen=True)
class Verdict:
    """What the curve says.

    Attributes:
        words: in sentences.
        gain: of the last step of the curve; more is better.
        error: its standard error.
        helps: whether more rows are shown to help; None where that is not known.
        next_gain: what doubling the rows once more would bring if the curve goes on flattening as it does; None: not known.
    """

    words: str
    gain: float
    error: float
    helps: bool
    next_gain: float | None


def verdict(points: Sequence[Point]) -> Verdict:
    """Compare the largest share with the one before it, and with the step before that.

    The error is that of the difference of two scores over the same validation rows, taken as if they were independent, so
    that it is rather too large; with several seeds it is at least their spread.
    """
    shares = sorted({p.share for p in points})
    of = {share: [p for p in points if p.share == share] for share in shares}
    last, before = of[shares[-1]], of[shares[-2]]
    gain, error = _gain(last, before)
    rows, metric = (round(mean(p.rows for p in one)) for one in (before, last)), last[0].metric
    fewer, all_rows = rows
    said = f"From {fewer:,} to {all_rows:,} training rows {metric} went from {_mean(before):.4f} to {_mean(last):.4f}"
    helps = gain > 2 * error and gain > 0
    following = None
    if len(shares) > 2 and shares[-1] / shares[-2] == shares[-2] / shares[-3]:
        earlier, _ = _gain(before, of[shares[-3]])
        following = gain * min(1.0, gain / earlier) if gain > 0 and earlier > 0 else max(0.0, gain) / 2
    if helps:
        more = "" if following is None else f"; {2 * all_rows:,} rows may bring about {following:+.3f}"
        words = f"{said}, a gain of {gain:.3f} +/- {2 * error:.3f}: more rows help{more}."
    elif gain < -2 * error:
        words = (
            f"{said}, a loss of {-gain:.3f} +/- {2 * error:.3f}: look for wrong labels among the rows that were added."
        )
    else:
        words = (
            f"{said}, a change of {gain:+.3f} +/- {2 * error:.3f}: it is not shown that more rows help. More validation rows "
            "or seeds would tell smaller gains."
        )
    return Verdict(words, gain, error, helps, following)


def _mean(points: Sequence[Point]) -> float:
    return mean(p.value for p in points)


def _gain(last: Sequence[Point], before: Sequence[Point]) -> tuple[float, float]:
    """By how much the score is better, and the standard error of that."""
    sign = 1 if last[0].greater_is_better else -1
    paired = {p.seed: p.value for p in before}
    gains = [sign * (p.value - paired[p.seed]) for p in last if p.seed in paired]
    rows = math.hypot(mean(p.noise for p in last), mean(p.noise for p in before)) / math.sqrt(len(gains))
    seeds = stdev(gains) / math.sqrt(len(gains)) if len(gains) > 1 else 0.0
    return mean(gains), max(rows, seeds)
