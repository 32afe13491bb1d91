"""Words that nobody said."""

from __future__ import annotations

from typing import ClassVar

from burnish.metrics._word_errors import ErrorRate


class InsertionRate(ErrorRate):
    """Words that nobody said, by the words that were said, after normalisation; a part of wer."""

    columns: ClassVar[tuple[str, ...]] = ("word_insertions", "words")
