"""Exact match."""

from __future__ import annotations

import string
import unicodedata
from typing import ClassVar

import numpy as np
from pydantic import Field

from burnish.core.predictions import Predictions
from burnish.counting.replies import Reply, replies
from burnish.counting.resampling import Values
from burnish.metrics import ShareOfRows


class ExactMatch(ShareOfRows):
    """Share of answers that are the true reply, white space at the ends aside; tool calls must be the same as well."""

    targets: ClassVar[tuple[str, ...]] = ("response",)
    ignore_case: bool = Field(False, description="Whether small letters equal capital ones.")
    ignore_punctuation: bool = Field(
        False, description="Whether punctuation is left out, and any white space equals one space."
    )

    @property
    def label(self) -> str:
        """With what is ignored, because it changes the figure."""
        ignored = [word for word in ("case", "punctuation") if getattr(self, f"ignore_{word}")]
        return self.kind() + (f"_ignoring_{'_and_'.join(ignored)}" if ignored else "")

    def rows(self, known: Predictions) -> tuple[Values, Values]:
        """Every row is judged."""
        both = replies(known)
        right = [self._seen(t) == self._seen(a) for t, a in zip(both.truth, both.answer, strict=True)]
        return np.array(right, np.float64), np.ones(len(known))

    def _seen(self, reply: Reply) -> tuple[str, tuple[str, ...]]:
        text = reply.content.casefold() if self.ignore_case else reply.content
        if self.ignore_punctuation:
            text = " ".join("".join(" " if _is_punctuation(c) else c for c in text).split())
        return text.strip(), reply.calls


def _is_punctuation(character: str) -> bool:
    return character in string.punctuation or unicodedata.category(character).startswith("P")
