"""Loss of one level of codebooks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import Field

from burnish.core.predictions import Predictions
from burnish.counting.resampling import Counts, Values
from burnish.metrics import CountedMetric

LEVELS = 4  # of MusicGen


class CodebookLoss(CountedMetric):
    """Nats a code of one level of codebooks, summed over all frames and divided once; of stereo over both channels."""

    targets: ClassVar[tuple[str, ...]] = ("music",)
    greater_is_better: ClassVar[bool | None] = False
    variants: ClassVar[tuple[Mapping[str, Any], ...]] = tuple({"level": level} for level in range(1, LEVELS + 1))
    level: int = Field(1, ge=1, description="Which level, from 1: the first says most of a sound.")

    @property
    def label(self) -> str:
        """With its number."""
        return f"codebook_loss_{self.level}"

    def applies(self, known: Predictions) -> bool:
        """Whether the checkpoint has so many."""
        return f"nats_{self.level}" in known.table.column_names

    def counted(self, known: Predictions, counts: Counts) -> Values:
        """Both sums under each resample."""
        nats, codes = (counts @ known.numbers(f"{name}_{self.level}") for name in ("nats", "codes"))
        return nats / codes
