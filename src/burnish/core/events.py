"""What happens in a run, as plain values that any tracker can write down."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any, Literal

Name = Literal[
    "run_started",  # recipe summary: task, model, rows per split, total_steps, epochs, batch_size
    "note",  # text: something burnish decided or found, in words
    "warning",  # text
    "phase",  # text, done, total: progress of a step before training (reading, encoding, auditing ...)
    "sanity",  # examples: encoded rows decoded back
    "step",  # number, total_steps, epoch, loss, learning_rate, gradient_norm, rows, tokens, seconds, padding_ratio, groups
    "validation",  # number, epoch, scores {metric: value}, loss, best (bool), seconds
    "rollback",  # number (of the step it goes on from), spiked_at, loss, usual, rollbacks, most, rate_factor
    "layers",  # number, layers {name: {update, mean, deviation, largest, dead, units, seen, still}}
    "diagnosis",  # number, code, text, remedy
    "checkpoint",  # number, path, best (bool)
    "test",  # scores {metric: {value, low, high}}
    "run_finished",  # path, seconds, stopped (why)
    "run_failed",  # text
]


@dataclass(frozen=True)
class Event:
    """One thing that happened: a name from the list above, its values, and when (seconds since 1970)."""

    name: Name
    values: dict[str, Any] = field(default_factory=dict)
    time: float = field(default_factory=time.time)
