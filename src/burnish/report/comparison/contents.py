"""What the page of a comparison is made from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from burnish.core.predictions import Predictions
from burnish.evaluation.versus import Versus
from burnish.metrics import Metric


@dataclass(frozen=True)
class Comparison:
    """Several runs beside the first.

    Attributes:
        first: name of the run that the others are compared with.
        predictions: its table, and by name those of the others.
        compared: what was found of each other run.
        metrics: by label, those of which differences are given.
        recipes: settings of each run by its name, flat: `adapter.kind` to a value.
        identity: hash of the test rows.
        shown: row number to the text of an example; None: it is not known, or may not be shown.
        place: row number to file and row.
        rows: most rows that changed on the page; 0: none.
        notes: what a reader must know, such as why texts are missing.
        resamples, seed: of bootstrap and randomisation.
    """

    first: str
    predictions: Mapping[str, Predictions]
    compared: Sequence[Versus]
    metrics: Mapping[str, Metric]
    recipes: Mapping[str, Mapping[str, Any]]
    identity: str
    shown: Callable[[int], str] | None = None
    place: Callable[[int], str] | None = None
    rows: int = 500
    notes: Sequence[str] = field(default_factory=list)
    resamples: int = 1000
    seed: int = 0

    def where(self, row: int) -> str:
        """File and row, or the row alone."""
        return self.place(row) if self.place is not None else f"row {row + 1}"
