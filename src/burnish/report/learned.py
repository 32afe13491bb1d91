"""The events of a run that tell how it learned, sorted."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from burnish.report.progress import values_of


@dataclass(frozen=True)
class Record:
    """The events of a run, sorted: its first words, its steps, the steps that were looked at, and how it went back."""

    began: Mapping[str, Any]
    steps: Sequence[Mapping[str, Any]]
    looks: Sequence[Mapping[str, Any]]
    rollbacks: Sequence[Mapping[str, Any]]

    @property
    def losses(self) -> NDArray[np.float64]:
        """Of each step."""
        return np.array([s["loss"] for s in self.steps], np.float64)

    def series(self, figure: str) -> dict[str, list[tuple[int, float]]]:
        """By layer, step and value of a figure wherever it was seen."""
        found: dict[str, list[tuple[int, float]]] = {}
        for look in self.looks:
            for layer, row in look["layers"].items():
                value = row.get(figure)
                if isinstance(value, (int, float)) and math.isfinite(value):
                    found.setdefault(layer, []).append((int(look["number"]), float(value)))
        return found

    def gradients(self) -> dict[str, list[tuple[int, float]]]:
        """By layer, step and gradient norm."""
        found: dict[str, list[tuple[int, float]]] = {}
        for step in self.steps:
            for layer, norm in (step.get("groups") or {}).items():
                if isinstance(norm, (int, float)) and math.isfinite(norm):
                    found.setdefault(layer, []).append((int(step["number"]), float(norm)))
        return found


def record(events: Sequence[Mapping[str, Any]]) -> Record:
    """Events sorted by what they tell; steps without a finite loss are left out."""
    flat = [values_of(event) for event in events]
    began: Mapping[str, Any] = next((e for e in reversed(flat) if e.get("name") == "run_started"), {})
    steps = [
        e
        for e in flat
        if e.get("name") == "step" and isinstance(e.get("loss"), (int, float)) and math.isfinite(e["loss"])
    ]
    looks = [e for e in flat if e.get("name") == "layers"]
    return Record(began, steps, looks, [e for e in flat if e.get("name") == "rollback"])
