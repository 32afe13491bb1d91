"""What validation has shown so far: the best checkpoint and when to stop are pure functions of it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from burnish.schedules import ValidationScore


@dataclass(frozen=True)
class Validation:
    """One validation: after which optimizer step, at which progress, and every score of it.

    `value` is the deciding metric as it is reported; `good` is the same with its sign turned so that more is better; `noise`
    is how far below the highest score another one is still its equal, in the metric's own units.
    """

    step: int
    progress: float
    metric: str
    value: float
    good: float
    scores: dict[str, float] = field(default_factory=dict)
    noise: float = 0.0


@dataclass(frozen=True)
class Best:
    """The explicit record of the best checkpoint."""

    step: int
    metric: str
    value: float
    hash: str


def best(history: Sequence[Validation]) -> Validation | None:
    """The last validation that the one with the highest finite score is not ahead of by more than its noise.

    On few rows the highest score is mostly luck, and the rate falls towards the end, so the last of equals is taken (after
    the rule of one standard error: Breiman et al. 1984, Classification and Regression Trees, section 3.4.3). Without noise
    it is the highest score, the earliest among those exactly as high. A score that is not a number never is the best.

    A score added later only raises what is needed, so the best is the one before or the new one: no other is missed.
    """
    finite = [v for v in history if math.isfinite(v.good)]
    if not finite:
        return None
    highest = max(finite, key=lambda v: (v.good, -v.step))
    return (
        max((v for v in finite if v.good >= highest.good - highest.noise), key=lambda v: v.step)
        if highest.noise
        else highest
    )


def noise_of_share(value: float, rows: int) -> float:
    """Standard error of a score between 0 and 1 over this many rows, as of a share of rows that are right.

    Two rows are added, one right and one wrong, so that all right on few rows is not taken for certain. Of a mean over
    classes or over groups of rows it is the least that the error can be.
    """
    if not math.isfinite(value) or rows < 1:
        return 0.0
    share = (min(1.0, max(0.0, value)) * rows + 1) / (rows + 2)
    return math.sqrt(share * (1 - share) / rows)


def exhausted(history: Sequence[Validation], patience: int, minimum_change: float) -> bool:
    """Whether the last `patience` validations brought no improvement of at least `minimum_change` over the best before."""
    reached, waited = -math.inf, 0
    for validation in history:
        # Not a number is no improvement: a run that diverged is stopped, too.
        if math.isfinite(validation.good) and validation.good > reached + minimum_change:
            reached, waited = validation.good, 0
        else:
            waited += 1
    return waited >= patience


def at_length(history: Sequence[Validation], total_steps: int) -> list[Validation]:
    """The same validations as parts of a run of this many steps."""
    return [replace(v, progress=v.step / total_steps) for v in history]


def as_scores(history: Sequence[Validation]) -> list[ValidationScore]:
    """The history as schedules see it."""
    return [ValidationScore(v.progress, v.good) for v in history]


def to_json(history: Sequence[Validation]) -> list[dict[str, Any]]:
    """Plain values, for the checkpoint."""
    return [asdict(v) for v in history]


def from_json(values: Sequence[dict[str, Any]]) -> list[Validation]:
    """Back from the checkpoint."""
    return [Validation(**v) for v in values]
