"""Share of replies with the right tool calls."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from burnish.core.predictions import Predictions
from burnish.counting.replies import replies
from burnish.counting.resampling import Counts, Values, remembered
from burnish.metrics import ShareOfRows

Of = Literal["calls", "all"]


class ToolCallMatch(ShareOfRows):
    """Share of answers that call the same tools with the same arguments as the true reply, in any order.

    Arguments are compared as JSON values. Of all replies, one that calls nothing is right where the truth calls nothing:
    so calls that nobody wanted count as well. Neither is defined where no truth calls a tool.
    """

    targets: ClassVar[tuple[str, ...]] = ("response",)
    variants: ClassVar[tuple[Mapping[str, Any], ...]] = ({"of": "calls"}, {"of": "all"})
    of: Of = Field("calls", description="calls: of replies whose label calls a tool; all: of all replies.")

    @property
    def label(self) -> str:
        """With the replies that are judged, where they are all."""
        return self.kind() if self.of == "calls" else f"{self.kind()}_of_all"

    def applies(self, known: Predictions) -> bool:
        """Whether any truth calls a tool."""
        return bool(_calls(known).any())

    def rows(self, known: Predictions) -> tuple[Values, Values]:
        """Judged are the rows whose truth calls a tool, or all."""
        both = replies(known)
        judged = _calls(known) if self.of == "calls" else np.ones(len(known))
        right = [truth.call_set == answer.call_set for truth, answer in zip(both.truth, both.answer, strict=True)]
        return judged * right, judged

    def counted(self, known: Predictions, counts: Counts) -> Values:
        """As of every share; nan where no drawn truth calls a tool."""
        return np.where(counts @ _calls(known) > 0, super().counted(known, counts), np.nan)


def _calls(known: Predictions) -> Values:
    """[N] 1 for labels that call a tool."""
    return remembered(known, "truth_calls", lambda k: np.array([bool(t.calls) for t in replies(k).truth], np.float64))
