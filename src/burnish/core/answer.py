"""What a model says of one example."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from burnish.core.batch import Array
from burnish.core.filed import FileAnswer
from burnish.core.generated import Reason


@dataclass(frozen=True)
class Answer:
    """What the model says of one example.

    Attributes:
        answer: a label, a list of labels, a number, a list of tags, a text, or a file (`FileAnswer`).
        probabilities: label name to probability; empty for numbers and tags.
        abstained: whether it is less sure than answers of this bundle must be to be relied on; None where no answer is
            marked so.
        score: log of the probability of what was written; None for answers that are not written.
        ended: why it ended: `stop`, or `length` where it was cut off.
        tokens: the words that a list of tags is of, one for each; None where the answer is no such list.
        words: of a transcript of one window, with times, where these were asked for.
        region: what holds the truth as often as the bundle's `conformal` asks for: `prediction_set`, a list of labels, the most
            probable first; or `lower` and `upper`. Empty where the bundle has no such thing.
    """

    answer: Any
    probabilities: dict[str, float]
    abstained: bool | None = None
    score: float | None = None
    ended: Reason | None = None
    tokens: tuple[str, ...] | None = None
    words: tuple[Any, ...] = ()
    region: dict[str, Any] = field(default_factory=dict)

    @property
    def confidence(self) -> float | None:
        """The probability of the answer itself, where it is a single label or a text that was written."""
        if isinstance(self.answer, FileAnswer):
            return None
        if self.score is not None:
            return math.exp(min(self.score, 0.0))  # in this order: what is not a number stays so
        return self.probabilities.get(self.answer) if isinstance(self.answer, str) else None

    @property
    def tagged(self) -> list[dict[str, str]] | None:
        """Each token with its tag: `token`, `tag`; None where the answer is no list of tags."""
        if self.tokens is None:
            return None
        return [{"token": token, "tag": tag} for token, tag in zip(self.tokens, self.answer, strict=True)]


def sure_enough(confidence: float | Array, abstain_below: float) -> Array:
    """Whether answers of this confidence are given, as bool of the same shape: from `abstain_below` on; none where that is 1."""
    return np.asarray(confidence) >= abstain_below if abstain_below < 1 else np.zeros_like(confidence, bool)
