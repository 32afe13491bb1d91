"""Overlap of words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from burnish.core.predictions import Predictions
from burnish.counting.replies import replies
from burnish.counting.reply_words import bare_words
from burnish.counting.resampling import Values, remembered
from burnish.metrics import RowMean

Variant = Literal["rouge1", "rouge2", "rougeL"]


class Rouge(RowMean):
    """Overlap of the answers' words with the true replies' (ROUGE F1, Lin 2004): mean over replies; 1 is best.

    Words of English text are those of ROUGE-1.5.5 without stemming; of scripts without spaces each character is a word.
    Replies whose truth has no n-gram of the order are left out, and so are tool calls.
    """

    targets: ClassVar[tuple[str, ...]] = ("response",)
    variants: ClassVar[tuple[Mapping[str, Any], ...]] = tuple({"variant": v} for v in ("rouge1", "rouge2", "rougeL"))
    variant: Variant = Field(
        "rougeL", description="rouge1: words; rouge2: pairs of words; rougeL: longest common subsequence of words."
    )

    @property
    def label(self) -> str:
        """The variant."""
        return self.variant

    def rows(self, known: Predictions) -> tuple[Values, Values]:
        """F1 of each reply."""
        order = {"rouge1": 1, "rouge2": 2, "rougeL": 1}[self.variant]
        values, wanted = np.zeros((2, len(known)))
        for row, (truth, answer) in enumerate(remembered(known, "bare_words", _bare_words)):
            wanted[row] = len(truth) >= order
            total = max(0, len(truth) - order + 1) + max(0, len(answer) - order + 1)
            values[row] = 2 * self._common(truth, answer, order) / total if wanted[row] else 0.0
        return values, wanted

    def _common(self, truth: Sequence[str], answer: Sequence[str], order: int) -> int:
        """How many n-grams both have, or how long their longest common subsequence is."""
        from rapidfuzz.distance import LCSseq

        if self.variant == "rougeL":
            return int(LCSseq.similarity(truth, answer))
        both = [Counter(zip(*(words[i:] for i in range(order)), strict=False)) for words in (truth, answer)]
        return (both[0] & both[1]).total()


def _bare_words(known: Predictions) -> list[tuple[list[str], list[str]]]:
    both = replies(known)
    return [(bare_words(t.content), bare_words(a.content)) for t, a in zip(both.truth, both.answer, strict=True)]
