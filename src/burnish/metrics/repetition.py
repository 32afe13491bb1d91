"""Repetition."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from pydantic import Field

from burnish.core.predictions import Predictions
from burnish.counting.replies import replies
from burnish.counting.reply_words import spaced_words
from burnish.counting.resampling import Counts, Values, remembered
from burnish.metrics import CountedMetric


class Repetition(CountedMetric):
    """Share of the answers' runs of four words that stood in the same answer before: models that loop have a high one.

    It is seq-rep-4 of Welleck et al. 2020 (arXiv 1908.04319), summed over all answers before it is divided, so that short
    answers weigh little. Of scripts without spaces each character is a word. Compare it with that of good replies, which is
    seldom 0.
    """

    targets: ClassVar[tuple[str, ...]] = ("response", "transcript", "ctc_transcript")
    greater_is_better: ClassVar[bool | None] = False
    order: int = Field(4, ge=1, description="How many words make a run.")

    @property
    def label(self) -> str:
        """With the order where it is not the usual one, because it changes the figure."""
        return self.kind() if self.order == 4 else f"{self.kind()}_{self.order}"

    def counted(self, known: Predictions, counts: Counts) -> Values:
        """Repeats over all runs; nan where no answer is long enough."""
        runs = counts @ remembered(known, self.model_dump_json(), self._runs)
        return np.asarray(1 - runs[:, 1] / runs[:, 0])

    def _runs(self, known: Predictions) -> Values:
        """[N, 2] runs of each answer, and different ones among them."""
        found = np.zeros((len(known), 2))
        for row, reply in enumerate(replies(known).answer):
            words = spaced_words(reply.content)
            runs = list(zip(*(words[i:] for i in range(self.order)), strict=False))
            found[row] = len(runs), len(set(runs))
        return found
