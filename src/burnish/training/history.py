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
    """Of the validations whose score is within its noise of the highest, the one with the lowest validation loss.

    On few rows the highest score is mostly luck (the rule of one standard error: Breiman et al. 1984, Classification and
    Regression Trees, section 3.4.3), and the loss, which sees every probability, tells what is overfitted. Where a loss is
    missing, the later one is taken. Without noise it is the highest score; of those exactly as high, such as word error rates
    of a small split, the one with the lowest loss, else the earliest. A score that is not a number never is the best.

    They are gone through in their order, so that the best is always the one before or the new one: checkpoints that are
    neither are deleted.
    """
    chosen: Validation | None = None
    highest = -math.inf
    for new in (v for v in history if math.isfinite(v.good)):
        needed = max(highest, new.good) - new.noise
        highest = max(highest, new.good)
        if chosen is None or chosen.good < needed:
            chosen = new if chosen is None or new.good > chosen.good else chosen
        elif new.good >= needed and _better(new, chosen):
            chosen = new
    return chosen


def leading(history: Sequence[Validation], most: int) -> list[Validation]:
    """Those with the highest scores, the highest first; of equals the one with the lower loss, then the earlier one."""
    finite = [v for v in history if math.isfinite(v.good)]
    return sorted(finite, key=lambda v: (-v.good, v.scores.get("loss", math.inf), v.step))[:most]


def needed(history: Sequence[Validation], step: int, averaged: int) -> set[int]:
    """Steps whose weights a run that goes on from one step needs: the best up to it, and those that may be averaged."""
    before = [v for v in history if v.step <= step]
    first = best(before)
    others = leading(before, averaged) if averaged > 1 else []
    return {v.step for v in others} | ({first.step} if first else set())


def _better(new: Validation, chosen: Validation) -> bool:
    """Whether the new one of two equals is taken."""
    losses = new.scores.get("loss", math.nan), chosen.scores.get("loss", math.nan)
    if not new.noise and new.good != chosen.good:
        return new.good > chosen.good
    if not all(map(math.isfinite, losses)):
        return new.noise > 0
    return losses[0] < losses[1]


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
