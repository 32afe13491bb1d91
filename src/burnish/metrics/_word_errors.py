"""What error rates of transcripts share: errors of the whole corpus, divided once by what the references hold."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from burnish.core.predictions import Predictions
from burnish.counting.resampling import Counts, Values
from burnish.metrics import CountedMetric

TRANSCRIPTS = ("transcript", "ctc_transcript")
"""Kinds of target whose answers are transcripts."""


class ErrorRate(CountedMetric):
    """Errors of all rows by the words (or characters) of all references; can be more than 1.

    An empty reference adds its insertions and nothing to divide by. Without any word in the references there is no rate:
    reports leave it out and say so, and a resample without any gives not a number.
    """

    targets: ClassVar[tuple[str, ...]] = TRANSCRIPTS
    greater_is_better: ClassVar[bool | None] = False
    columns: ClassVar[tuple[str, ...]]
    """Those that are summed above, and last the one below."""

    def applies(self, known: Predictions) -> bool:
        """Whether any reference has a word."""
        return bool(known.numbers(self.columns[-1]).any())

    def counted(self, known: Predictions, counts: Counts) -> Values:
        """The sums under each resample."""
        *errors, below = (counts @ known.numbers(name) for name in self.columns)
        return np.where(below > 0, sum(errors) / below, np.nan)
