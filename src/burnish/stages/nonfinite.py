"""What is said about a step whose loss or gradient is not finite, and about a network that answers so."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from burnish.core.errors import NonFinite
from burnish.data.table import Part
from burnish.training import history
from burnish.training.loop import Step

SHOWN = 10  # rows that are named; the others are counted


def not_finite(step: Step, part: Part) -> tuple[str, str]:
    """What happened in a step, and the files and rows behind it."""
    places = ", ".join(part.table.place(row) for row in step.culprits[:SHOWN])
    more = f" and {len(step.culprits) - SHOWN} more" if len(step.culprits) > SHOWN else ""
    numbers = f"loss {step.loss.mean:g}, gradient norm {step.gradient_norm:g}"
    return f"step {step.number}: the loss or gradient is not finite ({numbers})", f"{places}{more}"


def advice(checkpoints: Path) -> str:
    """What to do about it, and what is safe on disk."""
    return f"lower learning_rate, look at these examples, or set nonfinite: skip or rollback; {safe(checkpoints)}"


def safe(checkpoints: Path) -> str:
    """Which weights are on disk: weights that are not finite never are."""
    saved = max((p.name for p in checkpoints.glob("step-*")), default=None)
    return f"the last checkpoint, {saved}, is finite" if saved else "no checkpoint had been saved yet"


def answers_not_finite(strange: Sequence[int], part: Part, split: str) -> str:
    """Which rows of a split the network answers with NaN or infinity; empty where there are none."""
    if not strange:
        return ""
    rows = sorted(strange)
    places = ", ".join(part.table.place(row) for row in rows[:SHOWN])
    more = f" and {len(rows) - SHOWN} more" if len(rows) > SHOWN else ""
    return f"the network gives NaN or infinity for {len(rows):,} of {len(part):,} {split} rows ({places}{more})"


def no_answers(what: str, checkpoints: Path) -> NonFinite:
    """The error for a run whose network gives no numbers."""
    return NonFinite(
        what,
        expected="numbers: such predictions mean nothing, and no score of them is given",
        fix=f"start a new run with a lower learning_rate (or precision: float32); {safe(checkpoints)}",
        place=str(checkpoints.parent),
    )


def require_numbers(done: Sequence[history.Validation], checkpoints: Path) -> None:
    """That some validation had a score: else no weights are worth a bundle.

    Raises:
        NonFinite: the network answered NaN or infinity at every validation.
    """
    if done and history.best(done) is None and not math.isfinite(done[-1].scores.get("loss", math.nan)):
        raise no_answers("the network gives NaN or infinity for validation examples: no step has a score", checkpoints)
