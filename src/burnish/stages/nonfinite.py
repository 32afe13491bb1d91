"""What is said about a step whose loss or gradient is not finite."""

from __future__ import annotations

from pathlib import Path

from burnish.data.table import Part
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
    saved = max((p.name for p in checkpoints.glob("step-*")), default=None)
    safe = f"the last checkpoint, {saved}, is finite" if saved else "no checkpoint had been saved yet"
    return f"lower learning_rate, look at these rows, or set nonfinite: skip or rollback; {safe}"
