"""Mean length."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from burnish.core.predictions import Predictions
from burnish.counting.replies import replies
from burnish.counting.reply_words import spaced_words
from burnish.counting.resampling import Values
from burnish.metrics import RowMean

Of = Literal["answers", "truths", "tokens"]


class MeanLength(RowMean):
    """How long answers are: their mean number of words; of scripts without spaces each character is a word.

    Compare it with that of the true replies, in the same unit. Tool calls are left out of words, and are tokens.
    """

    targets: ClassVar[tuple[str, ...]] = ("response",)
    greater_is_better: ClassVar[bool | None] = None
    variants: ClassVar[tuple[Mapping[str, Any], ...]] = tuple({"of": of} for of in ("answers", "truths", "tokens"))
    of: Of = Field(
        "answers", description="answers (predictions), truths (labels): words; tokens: those that the model wrote."
    )

    @property
    def label(self) -> str:
        """With what is counted, where it is not the words of answers."""
        return {"answers": self.kind(), "truths": f"{self.kind()}_of_truths", "tokens": f"{self.kind()}_in_tokens"}[
            self.of
        ]

    def rows(self, known: Predictions) -> tuple[Values, Values]:
        """The length of each reply."""
        if self.of == "tokens":
            return known.numbers("written"), np.ones(len(known))
        both = replies(known)
        counted = both.answer if self.of == "answers" else both.truth
        return np.array([len(spaced_words(reply.content)) for reply in counted], np.float64), np.ones(len(known))
