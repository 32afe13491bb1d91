"""Words that are missing."""

from __future__ import annotations

from typing import ClassVar

from burnish.metrics._word_errors import ErrorRate


class DeletionRate(ErrorRate):
    """Words that are missing from the transcripts, by the words that were said, after normalisation; a part of wer."""

    columns: ClassVar[tuple[str, ...]] = ("word_deletions", "words")
