"""Bits per byte."""

from __future__ import annotations

import math
from typing import ClassVar

from burnish.counting.resampling import Values
from burnish.metrics import SumRatio


class BitsPerByte(SumRatio):
    """What the model lacks to be sure of the true replies or texts, in bits for each of their bytes (UTF-8).

    Summed over all rows and divided once. Unlike perplexity it compares models with different tokenizers.
    """

    targets: ClassVar[tuple[str, ...]] = ("response", "tune")
    columns: ClassVar[tuple[str, ...]] = ("nats", "bytes")
    greater_is_better: ClassVar[bool | None] = False

    def finished(self, ratio: Values) -> Values:
        """Nats to bits."""
        return ratio / math.log(2)
