"""Overlap of characters."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from burnish.core.predictions import Predictions
from burnish.counting.replies import replies
from burnish.counting.resampling import Counts, Values, remembered
from burnish.metrics import CountedMetric


class Chrf(CountedMetric):
    """Overlap of the answers' character n-grams with the true replies' (chrF, Popović 2015), as sacrebleu counts it; 1 is best.

    N-grams are summed over all replies, and recall counts twice as much as precision; sacrebleu prints 100 times the
    figure. Tool calls are left out: `tool_call_match` judges them.
    """

    targets: ClassVar[tuple[str, ...]] = ("response",)
    word_order: int = Field(0, ge=0, le=2, description="Longest n-gram of words beside the characters; 2 is chrF++.")

    @property
    def label(self) -> str:
        """With a plus for each order of words."""
        return self.kind() + "+" * self.word_order

    def applies(self, known: Predictions) -> bool:
        """Whether any truth has text."""
        return bool(self._statistics(known).any())

    def counted(self, known: Predictions, counts: Counts) -> Values:
        """From the n-grams of each order in predictions, in labels and in both; nan where no label has text."""
        score = self._library()._compute_score_from_stats
        sums = counts @ self._statistics(known)
        return np.array([score(row).score / 100 if row.any() else np.nan for row in sums])

    def _statistics(self, known: Predictions) -> Values:
        """[N, 3 x orders] counts of each row."""
        return remembered(known, self.model_dump_json(), self._counted_rows)

    def _counted_rows(self, known: Predictions) -> Values:
        both = replies(known)
        answers, truths = ([reply.content for reply in side] for side in (both.answer, both.truth))
        return np.array(self._library()._extract_corpus_statistics(answers, [truths]), np.float64)

    def _library(self) -> Any:
        from sacrebleu.metrics.chrf import CHRF

        return CHRF(word_order=self.word_order)
