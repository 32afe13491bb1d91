"""Word error rate of texts as they are."""

from __future__ import annotations

from typing import ClassVar

from burnish.metrics._word_errors import ErrorRate


class RawWer(ErrorRate):
    """Word error rate of the texts as they are, casing and punctuation included; 0 is best."""

    columns: ClassVar[tuple[str, ...]] = ("raw_word_errors", "raw_words")
