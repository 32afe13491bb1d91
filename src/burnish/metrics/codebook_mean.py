"""Mean loss over codebooks."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from burnish.core.predictions import Predictions
from burnish.counting.resampling import Counts, Values
from burnish.metrics import CountedMetric


class CodebookMean(CountedMetric):
    """The mean over levels of codebooks of their nats a code: the loss that MusicGen's own training reports.

    Later codebooks have a few codes less than the first, so it differs a little from the loss over all codes.
    """

    targets: ClassVar[tuple[str, ...]] = ("music",)
    greater_is_better: ClassVar[bool | None] = False

    def counted(self, known: Predictions, counts: Counts) -> Values:
        """Both sums of each level under each resample, divided, then their mean."""
        levels = [name.removeprefix("nats_") for name in known.table.column_names if name.startswith("nats_")]
        each = [(counts @ known.numbers(f"nats_{n}")) / (counts @ known.numbers(f"codes_{n}")) for n in levels]
        return np.mean(each, axis=0) if each else np.full(len(counts), np.nan)
