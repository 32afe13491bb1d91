"""Word error rate."""

from __future__ import annotations

from typing import ClassVar

from burnish.metrics._word_errors import ErrorRate


class Wer(ErrorRate):
    """Word error rate: substituted, deleted and inserted words by the words that were said, after normalisation; 0 is best."""

    columns: ClassVar[tuple[str, ...]] = ("word_substitutions", "word_deletions", "word_insertions", "words")
