"""Extracted match."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import ClassVar

import numpy as np
from pydantic import Field, field_validator

from burnish.core.predictions import Predictions
from burnish.counting.replies import replies
from burnish.counting.resampling import Values
from burnish.metrics import ShareOfRows

USUAL = r"####[ \t]*([^#\n]+)"
_NUMBER = re.compile(r"([+-]?)[$€£¥]?\s?([+-]?)(\d{1,3}(?:,\d{3})+|\d+)?(\.\d+)?\.?")


class ExtractedMatch(ShareOfRows):
    """Share of answers whose final answer is the true one, such as the number behind the last `####` in GSM8K.

    Numbers are compared as numbers: 1,000 and $1000.0 are the same. Other answers are compared as text; capital letters,
    white space and a full stop do not count. Replies from whose truth nothing can be extracted are left out; by
    the usual pattern, those whose last line has no `####`.
    Source: Cobbe et al. 2021 (arXiv 2110.14168).
    """

    targets: ClassVar[tuple[str, ...]] = ("response",)
    pattern: str = Field(
        USUAL, description="Regular expression of a final answer: its first group, or all of it; the last match counts."
    )
    name: str = Field("", description="What the figure of another pattern is called: extracted_match_NAME.")

    @field_validator("pattern")
    @classmethod
    def _is_regular(cls, pattern: str) -> str:
        try:
            re.compile(pattern)
        except re.error as error:
            raise ValueError(f"not a regular expression: {error}") from None
        return pattern

    @property
    def label(self) -> str:
        """With a name where the pattern is not the usual one, because it changes the figure."""
        return self.kind() if self.pattern == USUAL else f"{self.kind()}_{self.name or 'pattern'}"

    def rows(self, known: Predictions) -> tuple[Values, Values]:
        """Judged are the rows from whose truth an answer can be extracted."""
        pattern, both = re.compile(self.pattern), replies(known)
        pairs = [
            (extracted(pattern, self._end(t.content)), extracted(pattern, a.content))
            for t, a in zip(both.truth, both.answer, strict=True)
        ]
        wanted = [truth is not None for truth, _ in pairs]
        right = [truth is not None and truth == answer for truth, answer in pairs]
        return np.array(right, np.float64), np.array(wanted, np.float64)

    def _end(self, truth: str) -> str:
        """Where the final answer of a truth may stand: by the usual pattern its last line, because #### heads sections as well."""
        return truth.strip().rpartition("\n")[2] if self.pattern == USUAL else truth


def extracted(pattern: re.Pattern[str], text: str) -> Decimal | str | None:
    """The last answer in a text, as a number where it is one; None where there is none."""
    last = None
    for match in pattern.finditer(text):
        last = next((group for group in match.groups() if group is not None), match[0])
    return _comparable(last) if last is not None and last.strip() else None


def _comparable(answer: str) -> Decimal | str:
    """A number, or a text without outer and double white space, in small letters."""
    number = _NUMBER.fullmatch(answer.strip())
    if number is None or not (number[3] or number[4]) or (number[1] and number[2]):
        return " ".join(answer.split()).casefold().removesuffix(".")
    return Decimal(f"{number[1]}{number[2]}{(number[3] or '0').replace(',', '')}{number[4] or ''}")
