"""Share of replies with the right tool calls."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from burnish.core.predictions import Predictions
from burnish.counting.replies import replies
from burnish.counting.resampling import Counts, Values, remembered
from burnish.metrics import ShareOfRows


class ToolCallMatch(ShareOfRows):
    """Share of answers that call the same tools with the same arguments as the true reply, in any order.

    Arguments are compared as JSON values. Where the truth calls nothing, an answer that calls nothing is right.
    It is not defined where no truth calls a tool.
    """

    targets: ClassVar[tuple[str, ...]] = ("response",)

    def applies(self, known: Predictions) -> bool:
        """Whether any truth calls a tool."""
        return bool(_calls(known).any())

    def rows(self, known: Predictions) -> tuple[Values, Values]:
        """Every row is judged."""
        both = replies(known)
        right = [truth.call_set == answer.call_set for truth, answer in zip(both.truth, both.answer, strict=True)]
        return np.array(right, np.float64), np.ones(len(known))

    def counted(self, known: Predictions, counts: Counts) -> Values:
        """As of every share; nan where no drawn truth calls a tool."""
        drawn = counts @ remembered(known, "truth_calls", _calls)
        return np.where(drawn > 0, super().counted(known, counts), np.nan)


def _calls(known: Predictions) -> Values:
    """[N] 1 for truths that call a tool."""
    return np.array([bool(truth.calls) for truth in replies(known).truth], np.float64)
