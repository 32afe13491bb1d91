"""What validation has shown so far: the best checkpoint and when to stop are pure functions of it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from burnish.schedules import Score


@dataclass(frozen=True)
class Validation:
    """One validation: after which optimizer step, at which progress, and every score of it.

    `value` is the deciding metric as it is reported; `good` is the same with its sign turned so that more is better.
    """

    step: int
    progress: float
    metric: str
    value: float
    good: float
    scores: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Best:
    """The explicit record of the best checkpoint."""

    step: int
    metric: str
    value: float
    hash: str


def best(history: Sequence[Validation]) -> Validation | None:
    """The validation with the highest finite score, the earliest among equals; a score that is not a number never is."""
    finite = [v for v in history if math.isfinite(v.good)]
    return max(finite, key=lambda v: (v.good, -v.step)) if finite else None


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


def as_scores(history: Sequence[Validation]) -> list[Score]:
    """The history as schedules see it."""
    return [Score(v.progress, v.good) for v in history]


def to_json(history: Sequence[Validation]) -> list[dict[str, Any]]:
    """Plain values, for the checkpoint."""
    return [asdict(v) for v in history]


def from_json(values: Sequence[dict[str, Any]]) -> list[Validation]:
    """Back from the checkpoint."""
    return [Validation(**v) for v in values]
