"""What events.jsonl says of a training, read once for the pictures, the report and the page."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

AUDITED = re.compile(r" \[[a-z_]+\]$")
"""Findings of the audit end with their code; they have a section of their own."""


@dataclass(frozen=True)
class Progress:
    """Events on one level.

    Attributes:
        steps: those of optimizer steps with a loss that is a number.
        checks: validations that say at which step.
        warnings: what was warned of on the way but for what the audit found, each once.
    """

    steps: list[dict[str, Any]]
    checks: list[dict[str, Any]]
    warnings: list[str]

    def scored(self, metric: str = "") -> tuple[str, list[tuple[int, float]]]:
        """The name of a validation score and its (step, value); without a name the first one that is no loss."""
        scored = [e for e in self.checks if isinstance(e.get("scores"), Mapping)]
        names = [metric] if metric and metric != "loss" else [n for e in scored for n in e["scores"] if n != "loss"]
        for name in dict.fromkeys(names):
            points = [(e["number"], e["scores"][name]) for e in scored if is_number(e["scores"].get(name))]
            if points:
                return name, points
        return "", []

    @property
    def losses(self) -> list[tuple[int, float]]:
        """(step, loss) of the validations."""
        return [(e["number"], e["loss"]) for e in self.checks if is_number(e.get("loss"))]

    @property
    def rates(self) -> list[tuple[int, float]]:
        """(step, learning rate)."""
        return [(e["number"], e["learning_rate"]) for e in self.steps if is_number(e.get("learning_rate"))]

    @property
    def rows(self) -> list[float]:
        """How many rows each step had."""
        return [float(e.get("rows") or 1) for e in self.steps]


def progress(events: Sequence[Mapping[str, Any]]) -> Progress:
    """The lines of events.jsonl."""
    flat = [values_of(event) for event in events]
    said = dict.fromkeys(str(e["text"]) for e in flat if e.get("name") == "warning" and e.get("text"))
    return Progress(
        [e for e in flat if e.get("name") == "step" and is_number(e.get("loss"))],
        [e for e in flat if e.get("name") == "validation" and is_number(e.get("number"))],
        [text for text in said if not AUDITED.search(text)],
    )


def values_of(event: Mapping[str, Any]) -> dict[str, Any]:
    """An event's name and values on one level, as in events.jsonl, also where they lie under `values`."""
    inner = event.get("values")
    return {**event, **inner} if isinstance(inner, Mapping) else dict(event)


def is_number(value: Any) -> bool:
    """Whether it is a number, and finite."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
