"""Perplexity."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from burnish.counting.resampling import Values
from burnish.metrics import SumRatio


class Perplexity(SumRatio):
    """How many equally likely tokens the model wavers between at each token of the true replies or texts.

    The exponential of nats a token, summed over all rows and divided once. It compares models of one tokenizer only.
    """

    targets: ClassVar[tuple[str, ...]] = ("response", "tune", "midi")
    columns: ClassVar[tuple[str, ...]] = ("nats", "tokens")
    greater_is_better: ClassVar[bool | None] = False

    def finished(self, ratio: Values) -> Values:
        """Its exponential; infinite where a float is too small for it."""
        with np.errstate(over="ignore"):
            return np.exp(ratio)
